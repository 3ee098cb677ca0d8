package tasks

import (
	"context"

	"github.com/zeroq-dev/zeroq"
)

// echo keeps the task's data as its result, without reading it, so numbers of any length stay what
// they are. Only the space between tokens goes.
func echo(ctx context.Context, task *zeroq.Task) error {
	if err := zeroq.SetResult(ctx, task.Data); err != nil {
		return refuse(task, err)
	}
	return nil
}
