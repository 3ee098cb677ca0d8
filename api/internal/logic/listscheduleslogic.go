// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// ListSchedulesLogic does the work of one request.
type ListSchedulesLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewListSchedulesLogic returns the logic of one request.
func NewListSchedulesLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ListSchedulesLogic {
	return &ListSchedulesLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ListSchedules returns a page of all schedules.
func (l *ListSchedulesLogic) ListSchedules(req *types.PageRequest) (resp *types.Schedules, err error) {
	// todo: add your logic here and delete this line

	return
}
