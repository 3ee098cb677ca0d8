// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// DrainQueueLogic does the work of one request.
type DrainQueueLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewDrainQueueLogic returns the logic of one request.
func NewDrainQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *DrainQueueLogic {
	return &DrainQueueLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// DrainQueue keeps new tasks off the queue until it is empty.
func (l *DrainQueueLogic) DrainQueue(req *types.QueueRequest) (resp *types.Queue, err error) {
	return changeQueue(l.ctx, l.svcCtx, req.Queue, l.svcCtx.Controller.Drain)
}
