// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// GetScheduleLogic does the work of one request.
type GetScheduleLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewGetScheduleLogic returns the logic of one request.
func NewGetScheduleLogic(ctx context.Context, svcCtx *svc.ServiceContext) *GetScheduleLogic {
	return &GetScheduleLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// GetSchedule returns a schedule.
func (l *GetScheduleLogic) GetSchedule(req *types.ScheduleRequest) (resp *types.Schedule, err error) {
	if err := request.ScheduleName(req.Name); err != nil {
		return nil, err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	return readSchedule(ctx, l.svcCtx, req.Name)
}
