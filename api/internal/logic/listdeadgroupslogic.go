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

// ListDeadGroupsLogic does the work of one request.
type ListDeadGroupsLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewListDeadGroupsLogic returns the logic of one request.
func NewListDeadGroupsLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ListDeadGroupsLogic {
	return &ListDeadGroupsLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ListDeadGroups returns the dead letters of a queue by their errors.
func (l *ListDeadGroupsLogic) ListDeadGroups(req *types.QueueRequest) (resp *types.DeadGroups, err error) {
	if err := request.QueueName(req.Queue); err != nil {
		return nil, err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	groups, err := l.svcCtx.Inspector.DeadGroups(ctx, req.Queue)
	if err != nil {
		return nil, err
	}
	return view.DeadGroups(groups), nil
}
