// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// DeleteScheduleLogic does the work of one request.
type DeleteScheduleLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewDeleteScheduleLogic returns the logic of one request.
func NewDeleteScheduleLogic(ctx context.Context, svcCtx *svc.ServiceContext) *DeleteScheduleLogic {
	return &DeleteScheduleLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// DeleteSchedule deletes a schedule.
func (l *DeleteScheduleLogic) DeleteSchedule(req *types.ScheduleRequest) error {
	if err := request.ScheduleName(req.Name); err != nil {
		return err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	return l.svcCtx.Timetable.DeleteSchedule(ctx, req.Name)
}
