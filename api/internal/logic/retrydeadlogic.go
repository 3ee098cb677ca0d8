// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// RetryDeadLogic does the work of one request.
type RetryDeadLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewRetryDeadLogic returns the logic of one request.
func NewRetryDeadLogic(ctx context.Context, svcCtx *svc.ServiceContext) *RetryDeadLogic {
	return &RetryDeadLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// RetryDead begins to run dead letters of a queue again. A dry run only
// counts them.
func (l *RetryDeadLogic) RetryDead(req *types.QueueRequest, body []byte) (resp *types.Operation, dry *types.Matched, err error) {
	return treatDead(l.ctx, l.svcCtx, req.Queue, zeroq.VerbRetry, body)
}
