// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

package logic

import (
	"cmp"
	"context"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/idempotency"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// EnqueueTaskLogic does the work of one request.
type EnqueueTaskLogic struct {
	ctx    context.Context
	svcCtx *svc.ServiceContext
}

// NewEnqueueTaskLogic returns the logic of one request.
func NewEnqueueTaskLogic(ctx context.Context, svcCtx *svc.ServiceContext) *EnqueueTaskLogic {
	return &EnqueueTaskLogic{
		ctx:    ctx,
		svcCtx: svcCtx,
	}
}

// EnqueueTask puts one task, as JSON, on its queue.
func (l *EnqueueTaskLogic) EnqueueTask(body []byte) (resp *types.Accepted, err error) {
	now := time.Now()
	task, err := request.Task(body, now)
	if err != nil {
		return nil, err
	}
	if err := l.svcCtx.Admits(task); err != nil {
		return nil, err
	}
	named := idempotency.Name(l.ctx, task, 0)
	err = l.svcCtx.EnqueueOne(l.ctx, task)
	if named {
		err = idempotency.Accepted(task, err)
	}
	if err != nil {
		return nil, problem.OfEnqueue(err, task.ID)
	}
	return &types.Accepted{
		Id:    task.ID,
		Queue: cmp.Or(task.Queue, zeroq.DefaultQueue),
		State: string(stateOf(task, now)),
	}, nil
}

// stateOf is where the broker put the task. It goes by the broker's own clock, as the broker did,
// which may be another than now, when the request came in.
func stateOf(task *zeroq.Task, now time.Time) zeroq.State {
	if !task.EnqueuedAt.IsZero() {
		now = task.EnqueuedAt
	}
	if task.Delay > 0 || task.RunAt.After(now) {
		return zeroq.Scheduled
	}
	return zeroq.Ready
}
