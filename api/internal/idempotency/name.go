package idempotency

import (
	"context"
	"errors"
	"strconv"

	"github.com/zeroq-dev/zeroq"
)

type baseKey struct{}

func withBase(ctx context.Context, base string) context.Context {
	return context.WithValue(ctx, baseKey{}, base)
}

// Name gives a task that has no id, the one of this index in its request, the id that it has however
// often the request is begun, and reports whether it did so.
func Name(ctx context.Context, task *zeroq.Task, index int) bool {
	base, _ := ctx.Value(baseKey{}).(string)
	if base == "" || task.ID != "" {
		return false
	}
	task.ID = base + "." + strconv.Itoa(index)
	return true
}

// Accepted is the outcome of the enqueue of a task that [Name] named: one that is there already is in,
// as an earlier beginning of the request put it there.
func Accepted(task *zeroq.Task, err error) error {
	var duplicate *zeroq.DuplicateError
	if errors.Is(err, zeroq.ErrDuplicateID) || errors.As(err, &duplicate) && duplicate.TaskID == task.ID {
		return nil
	}
	return err
}
