// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// ResumeScheduleLogic does the work of one request.
type ResumeScheduleLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewResumeScheduleLogic returns the logic of one request.
func NewResumeScheduleLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ResumeScheduleLogic {
	return &ResumeScheduleLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ResumeSchedule lets a schedule go on.
func (l *ResumeScheduleLogic) ResumeSchedule(req *types.ScheduleRequest) (resp *types.Schedule, err error) {
	return changeSchedule(l.ctx, l.svcCtx, req.Name, l.svcCtx.Timetable.ResumeSchedule)
}
