// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// RetryTaskLogic does the work of one request.
type RetryTaskLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewRetryTaskLogic returns the logic of one request.
func NewRetryTaskLogic(ctx context.Context, svcCtx *svc.ServiceContext) *RetryTaskLogic {
	return &RetryTaskLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// RetryTask runs a dead, cancelled or expired task again.
func (l *RetryTaskLogic) RetryTask(req *types.TaskVerbRequest) (resp *types.TaskState, err error) {
	if err := checkTask(req.Id, req.Queue); err != nil {
		return nil, err
	}
	ctx, cancel := l.svcCtx.BrokerContext(l.ctx)
	defer cancel()
	if err := l.svcCtx.Controller.Retry(ctx, req.Id, req.Queue); err != nil {
		return nil, err
	}
	return view.TaskState(req.Id, zeroq.Ready), nil
}
