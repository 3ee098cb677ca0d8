// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// CancelTaskLogic does the work of one request.
type CancelTaskLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewCancelTaskLogic returns the logic of one request.
func NewCancelTaskLogic(ctx context.Context, svcCtx *svc.ServiceContext) *CancelTaskLogic {
	return &CancelTaskLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// CancelTask calls a task off.
func (l *CancelTaskLogic) CancelTask(req *types.TaskVerbRequest) (resp *types.TaskState, err error) {
	if err := checkTask(req.Id, req.Queue); err != nil {
		return nil, err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	state, err := l.svcCtx.Controller.Cancel(ctx, req.Id, req.Queue)
	if err != nil {
		return nil, err
	}
	return view.TaskState(req.Id, state), nil
}
