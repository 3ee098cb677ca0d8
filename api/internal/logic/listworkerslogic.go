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

// ListWorkersLogic does the work of one request.
type ListWorkersLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewListWorkersLogic returns the logic of one request.
func NewListWorkersLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ListWorkersLogic {
	return &ListWorkersLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ListWorkers returns a page of the live workers.
func (l *ListWorkersLogic) ListWorkers(req *types.PageRequest) (resp *types.Workers, err error) {
	wanted, err := page.Parse("workers", req)
	if err != nil {
		return nil, err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	infos, err := l.svcCtx.Inspector.Workers(ctx)
	if err != nil {
		return nil, err
	}
	infos, next := page.Cut(wanted, infos, func(info zeroq.WorkerInfo) string { return info.ID })
	return view.Workers(infos, next), nil
}
