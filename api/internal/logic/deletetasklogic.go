// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// DeleteTaskLogic does the work of one request.
type DeleteTaskLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewDeleteTaskLogic returns the logic of one request.
func NewDeleteTaskLogic(ctx context.Context, svcCtx *svc.ServiceContext) *DeleteTaskLogic {
	return &DeleteTaskLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// DeleteTask forgets a task that is not running.
func (l *DeleteTaskLogic) DeleteTask(req *types.TaskVerbRequest) error {
	if err := checkTask(req.Id, req.Queue); err != nil {
		return err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	return l.svcCtx.Controller.Delete(ctx, req.Id, req.Queue)
}
