// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// RunScheduleLogic does the work of one request.
type RunScheduleLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewRunScheduleLogic returns the logic of one request.
func NewRunScheduleLogic(ctx context.Context, svcCtx *svc.ServiceContext) *RunScheduleLogic {
	return &RunScheduleLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// RunSchedule enqueues the task of a schedule now.
func (l *RunScheduleLogic) RunSchedule(req *types.ScheduleRequest) (resp *types.Accepted, err error) {
	if err := request.ScheduleName(req.Name); err != nil {
		return nil, err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	schedule, err := l.svcCtx.Timetable.Schedule(ctx, req.Name)
	if err != nil {
		return nil, err
	}
	id, err := l.svcCtx.Timetable.RunSchedule(ctx, req.Name)
	if err != nil {
		return nil, err
	}
	return &types.Accepted{
		Id:    id,
		Queue: view.Schedule(schedule).Task.Queue,
		State: string(zeroq.Ready),
	}, nil
}
