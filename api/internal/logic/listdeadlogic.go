// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// ListDeadLogic does the work of one request.
type ListDeadLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewListDeadLogic returns the logic of one request.
func NewListDeadLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ListDeadLogic {
	return &ListDeadLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ListDead returns a page of the dead letters of a queue.
func (l *ListDeadLogic) ListDead(req *types.DeadRequest) (resp *types.Tasks, err error) {
	if err := request.QueueName(req.Queue); err != nil {
		return nil, err
	}
	if err := request.Fingerprint(req.Fingerprint); err != nil {
		return nil, err
	}
	return listTasks(l.ctx, l.svcCtx, zeroq.TaskQuery{
		Queue: req.Queue, State: zeroq.Dead, Type: req.Type, Fingerprint: req.Fingerprint, Cursor: req.Cursor,
	}, req.Limit)
}
