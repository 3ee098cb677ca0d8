// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// PutScheduleLogic does the work of one request.
type PutScheduleLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewPutScheduleLogic returns the logic of one request.
func NewPutScheduleLogic(ctx context.Context, svcCtx *svc.ServiceContext) *PutScheduleLogic {
	return &PutScheduleLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// PutSchedule makes or replaces a schedule. created
// tells which.
func (l *PutScheduleLogic) PutSchedule(req *types.ScheduleRequest, body []byte) (resp *types.Schedule, created bool, err error) {
	if err := request.ScheduleName(req.Name); err != nil {
		return nil, false, err
	}
	schedule, err := request.Schedule(body, time.Now())
	if err != nil {
		return nil, false, err
	}
	schedule.Name = req.Name
	if err := l.svcCtx.Admits(schedule.Task); err != nil {
		return nil, false, problem.InField("task.queue", err)
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	created, err = l.svcCtx.Timetable.PutSchedule(ctx, schedule)
	if err != nil {
		return nil, false, err
	}
	resp, err = readSchedule(ctx, l.svcCtx, req.Name)
	return resp, created, err
}
