// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// PauseScheduleLogic does the work of one request.
type PauseScheduleLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewPauseScheduleLogic returns the logic of one request.
func NewPauseScheduleLogic(ctx context.Context, svcCtx *svc.ServiceContext) *PauseScheduleLogic {
	return &PauseScheduleLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// PauseSchedule stops a schedule.
func (l *PauseScheduleLogic) PauseSchedule(req *types.ScheduleRequest) (resp *types.Schedule, err error) {
	return changeSchedule(l.ctx, l.svcCtx, req.Name, l.svcCtx.Timetable.PauseSchedule)
}
