// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// ResumeQueueLogic does the work of one request.
type ResumeQueueLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewResumeQueueLogic returns the logic of one request.
func NewResumeQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ResumeQueueLogic {
	return &ResumeQueueLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ResumeQueue ends a pause, or a drain.
func (l *ResumeQueueLogic) ResumeQueue(req *types.QueueRequest) (resp *types.Queue, err error) {
	return changeQueue(l.ctx, l.svcCtx, req.Queue, l.svcCtx.Controller.Resume)
}
