// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// ListDeadGroupsLogic does the work of one request.
type ListDeadGroupsLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewListDeadGroupsLogic returns the logic of one request.
func NewListDeadGroupsLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ListDeadGroupsLogic {
	return &ListDeadGroupsLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ListDeadGroups returns the dead letters of a queue by their errors.
func (l *ListDeadGroupsLogic) ListDeadGroups(req *types.QueueRequest) (resp *types.DeadGroups, err error) {
	// todo: add your logic here and delete this line

	return
}
