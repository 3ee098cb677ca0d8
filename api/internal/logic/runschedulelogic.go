// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// RunScheduleLogic does the work of one request.
type RunScheduleLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewRunScheduleLogic returns the logic of one request.
func NewRunScheduleLogic(ctx context.Context, svcCtx *svc.ServiceContext) *RunScheduleLogic {
	return &RunScheduleLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// RunSchedule enqueues the task of a schedule now.
func (l *RunScheduleLogic) RunSchedule(req *types.ScheduleRequest) (resp *types.Accepted, err error) {
	// todo: add your logic here and delete this line

	return
}
