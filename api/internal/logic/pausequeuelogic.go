// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// PauseQueueLogic does the work of one request.
type PauseQueueLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewPauseQueueLogic returns the logic of one request.
func NewPauseQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *PauseQueueLogic {
	return &PauseQueueLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// PauseQueue keeps workers from taking tasks of the queue.
func (l *PauseQueueLogic) PauseQueue(req *types.QueueRequest) (resp *types.Queue, err error) {
	return changeQueue(l.ctx, l.svcCtx, req.Queue, l.svcCtx.Controller.Pause)
}
