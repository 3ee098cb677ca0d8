// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// GetQueueLogic does the work of one request.
type GetQueueLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewGetQueueLogic returns the logic of one request.
func NewGetQueueLogic(ctx context.Context, svcCtx *svc.ServiceContext) *GetQueueLogic {
	return &GetQueueLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// GetQueue returns one queue.
func (l *GetQueueLogic) GetQueue(req *types.QueueRequest) (resp *types.Queue, err error) {
	if err := request.QueueName(req.Queue); err != nil {
		return nil, err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	info, err := l.svcCtx.Inspector.Queue(ctx, req.Queue)
	if err != nil {
		return nil, err
	}
	return view.Queue(info), nil
}
