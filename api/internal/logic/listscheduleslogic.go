// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/page"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// ListSchedulesLogic does the work of one request.
type ListSchedulesLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewListSchedulesLogic returns the logic of one request.
func NewListSchedulesLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ListSchedulesLogic {
	return &ListSchedulesLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ListSchedules returns a page of all schedules.
func (l *ListSchedulesLogic) ListSchedules(req *types.PageRequest) (resp *types.Schedules, err error) {
	wanted, err := page.Parse("schedules", req)
	if err != nil {
		return nil, err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	schedules, err := l.svcCtx.Timetable.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	schedules, next := page.Cut(wanted, schedules, func(s zeroq.Schedule) string { return s.Name })
	return view.Schedules(schedules, next), nil
}
