// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/page"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// ListQueuesLogic does the work of one request.
type ListQueuesLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewListQueuesLogic returns the logic of one request.
func NewListQueuesLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ListQueuesLogic {
	return &ListQueuesLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ListQueues returns a page of all queues.
func (l *ListQueuesLogic) ListQueues(req *types.PageRequest) (resp *types.Queues, err error) {
	wanted, err := page.Parse("queues", req)
	if err != nil {
		return nil, err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	infos, err := l.svcCtx.Inspector.Queues(ctx)
	if err != nil {
		return nil, err
	}
	infos, next := page.Cut(wanted, infos, func(info zeroq.QueueInfo) string { return info.Queue })
	return view.Queues(infos, next), nil
}
