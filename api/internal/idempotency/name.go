package idempotency

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

type beginningKey struct{}

// beginning is one time that a request is begun.
type beginning struct {
	base string
	// partial is set when nobody knows of a part of the request whether it was done.
	partial atomic.Bool
}

func withBeginning(ctx context.Context, b *beginning) context.Context {
	return context.WithValue(ctx, beginningKey{}, b)
}

// Refused notes the status that a part of a request was refused with. If that leaves open whether the
// part was done, the answer is not kept: under the same key it can be sent again and is done once.
func Refused(ctx context.Context, status int) {
	b, _ := ctx.Value(beginningKey{}).(*beginning)
	if b != nil && (status == problem.StatusCancelled || status >= http.StatusInternalServerError) {
		b.partial.Store(true)
	}
}

// Name gives a task that has no id, the one of this index in its request, the id that it has however
// often the request is begun, and reports whether it did so.
func Name(ctx context.Context, task *zeroq.Task, index int) bool {
	b, _ := ctx.Value(beginningKey{}).(*beginning)
	if b == nil || task.ID != "" {
		return false
	}
	task.ID = b.base + "." + strconv.Itoa(index)
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
