// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// PutScheduleLogic does the work of one request.
type PutScheduleLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewPutScheduleLogic returns the logic of one request.
func NewPutScheduleLogic(ctx context.Context, svcCtx *svc.ServiceContext) *PutScheduleLogic {
	return &PutScheduleLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// PutSchedule makes or replaces a schedule.
func (l *PutScheduleLogic) PutSchedule(req *types.ScheduleRequest) (resp *types.Schedule, err error) {
	// todo: add your logic here and delete this line

	return
}
