// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

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

// ListWorkers returns the live workers.
func (l *ListWorkersLogic) ListWorkers() (resp *types.Workers, err error) {
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	infos, err := l.svcCtx.Inspector.Workers(ctx)
	if err != nil {
		return nil, err
	}
	return view.Workers(infos), nil
}
