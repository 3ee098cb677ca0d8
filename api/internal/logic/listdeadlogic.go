// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// ListDeadLogic does the work of one request.
type ListDeadLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewListDeadLogic returns the logic of one request.
func NewListDeadLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ListDeadLogic {
	return &ListDeadLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ListDead returns a page of the dead letters of a queue.
func (l *ListDeadLogic) ListDead(req *types.DeadRequest) (resp *types.Tasks, err error) {
	// todo: add your logic here and delete this line

	return
}
