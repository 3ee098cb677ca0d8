// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// ResumeScheduleLogic does the work of one request.
type ResumeScheduleLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewResumeScheduleLogic returns the logic of one request.
func NewResumeScheduleLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ResumeScheduleLogic {
	return &ResumeScheduleLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ResumeSchedule lets a schedule go on.
func (l *ResumeScheduleLogic) ResumeSchedule(req *types.ScheduleRequest) (resp *types.Schedule, err error) {
	// todo: add your logic here and delete this line

	return
}
