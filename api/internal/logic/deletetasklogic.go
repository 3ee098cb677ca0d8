// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"

	"github.com/zeromicro/go-zero/core/logx"
)

// DeleteTaskLogic does the work of one request.
type DeleteTaskLogic struct {
	logx.Logger
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewDeleteTaskLogic returns the logic of one request.
func NewDeleteTaskLogic(ctx context.Context, svcCtx *svc.ServiceContext) *DeleteTaskLogic {
	return &DeleteTaskLogic{
		Logger: logx.WithContext(ctx),
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// DeleteTask forgets a task that is not running.
func (l *DeleteTaskLogic) DeleteTask(req *types.TaskVerbRequest) error {
	// todo: add your logic here and delete this line

	return nil
}
