// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// DeleteDeadLogic does the work of one request.
type DeleteDeadLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewDeleteDeadLogic returns the logic of one request.
func NewDeleteDeadLogic(ctx context.Context, svcCtx *svc.ServiceContext) *DeleteDeadLogic {
	return &DeleteDeadLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// DeleteDead begins to delete dead letters of a queue.
func (l *DeleteDeadLogic) DeleteDead(req *types.QueueRequest) (resp *types.Operation, err error) {
	// todo: add your logic here and delete this line

	return
}
