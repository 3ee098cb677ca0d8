// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// ResumeQueueLogic does the work of one request.
type ResumeQueueLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewResumeQueueLogic returns the logic of one request.
func NewResumeQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ResumeQueueLogic {
	return &ResumeQueueLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ResumeQueue ends a pause, or a drain.
func (l *ResumeQueueLogic) ResumeQueue(req *types.QueueRequest) (resp *types.Queue, err error) {
	// todo: add your logic here and delete this line

	return
}
