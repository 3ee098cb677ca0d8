// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// RetryDeadLogic does the work of one request.
type RetryDeadLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewRetryDeadLogic returns the logic of one request.
func NewRetryDeadLogic(ctx context.Context, svcCtx *svc.ServiceContext) *RetryDeadLogic {
	return &RetryDeadLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// RetryDead begins to run dead letters of a queue again.
func (l *RetryDeadLogic) RetryDead(req *types.QueueRequest) (resp *types.Operation, err error) {
	// todo: add your logic here and delete this line

	return
}
