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

// ListTasksLogic does the work of one request.
type ListTasksLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewListTasksLogic returns the logic of one request.
func NewListTasksLogic(ctx context.Context, svcCtx *svc.ServiceContext) *ListTasksLogic {
	return &ListTasksLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// ListTasks returns a page of the tasks of a queue that are in one state.
func (l *ListTasksLogic) ListTasks(req *types.TasksRequest) (resp *types.Tasks, err error) {
	if err := request.QueueName(req.Queue); err != nil {
		return nil, err
	}
	state, err := request.State(req.State)
	if err != nil {
		return nil, err
	}
	return listTasks(l.ctx, l.svcCtx, zeroq.TaskQuery{
		Queue: req.Queue, State: state, Type: req.Type, Cursor: req.Cursor,
	}, req.Limit)
}
