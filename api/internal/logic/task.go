package logic

import (
	"context"
	"errors"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/page"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/api/internal/types"
	"github.com/zeroq-dev/zeroq/api/internal/view"
)

// checkTask checks how a request names a task: queue may be empty.
func checkTask(id, queue string) error {
	if err := request.TaskID(id); err != nil || queue == "" {
		return err
	}
	return request.QueueName(queue)
}

// listTasks returns a page of tasks.
func listTasks(ctx context.Context, svcCtx *svc.ServiceContext, query zeroq.TaskQuery, limit string) (*types.Tasks, error) {
	if err := request.TypeName(query.Type); err != nil {
		return nil, err
	}
	var err error
	if query.Limit, err = page.Limit(limit); err != nil {
		return nil, err
	}
	ctx, cancel := svcCtx.BrokerContext(ctx)
	defer cancel()
	tasks, err := svcCtx.Inspector.Tasks(ctx, query)
	var field *zeroq.FieldError
	if errors.As(err, &field) {
		return nil, problem.Parameter(field.Field, field.Error())
	}
	if err != nil {
		return nil, err
	}
	return view.Tasks(tasks), nil
}
