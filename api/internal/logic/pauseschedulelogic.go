// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// PauseScheduleLogic does the work of one request.
type PauseScheduleLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewPauseScheduleLogic returns the logic of one request.
func NewPauseScheduleLogic(ctx context.Context, svcCtx *svc.ServiceContext) *PauseScheduleLogic {
	return &PauseScheduleLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// PauseSchedule stops a schedule.
func (l *PauseScheduleLogic) PauseSchedule(req *types.ScheduleRequest) (resp *types.Schedule, err error) {
	// todo: add your logic here and delete this line

	return
}
