// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// LimitQueueLogic does the work of one request.
type LimitQueueLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewLimitQueueLogic returns the logic of one request.
func NewLimitQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *LimitQueueLogic {
	return &LimitQueueLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// LimitQueue changes what a queue may do at most.
func (l *LimitQueueLogic) LimitQueue(req *types.QueueRequest, body []byte) (resp *types.Queue, err error) {
	change, err := request.Limits(body)
	if err != nil {
		return nil, err
	}
	return changeQueue(l.ctx, l.svcCtx, req.Queue, func(ctx context.Context, queue string) error {
		return l.svcCtx.Controller.Limit(ctx, queue, change)
	})
}
