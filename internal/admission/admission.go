// Package admission is the way of tasks from a producer to whatever keeps them: what may not go in is
// refused, and the rest goes in together.
package admission

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Gate lets tasks in.
type Gate struct {
	// Queues, if not empty, are the only queues that tasks may go to.
	Queues []string
	// Checked says that [Check] has been done with all tasks, which were never enqueued before.
	Checked bool
	// Put is as Enqueue of a broker: it gets tasks that are valid and have their defaults.
	Put func(ctx context.Context, tasks []*zeroq.Task) []error
}

// Enqueue is that of [zeroq.Enqueuer]. The caller's tasks change only where they are accepted: they
// get the ID, Queue and EnqueuedAt that they have now.
func (g Gate) Enqueue(ctx context.Context, now time.Time, tasks ...*zeroq.Task) error {
	errs := make([]error, len(tasks))
	copies := make([]zeroq.Task, 0, len(tasks))
	valid := make([]*zeroq.Task, 0, len(tasks))
	indexes := make([]int, 0, len(tasks))
	for i, task := range tasks {
		if errs[i] = g.admit(task, now); errs[i] == nil {
			copies, indexes = append(copies, *task), append(indexes, i)
			sent := &copies[len(copies)-1]
			sent.SetDefaults()
			valid = append(valid, sent)
		}
	}
	for n, err := range g.Put(ctx, valid) {
		i := indexes[n]
		if errs[i] = err; err == nil {
			tasks[i].ID, tasks[i].Queue, tasks[i].EnqueuedAt = valid[n].ID, valid[n].Queue, valid[n].EnqueuedAt
		}
	}
	return join(errs)
}

func (g Gate) admit(task *zeroq.Task, now time.Time) error {
	if !g.Checked {
		if err := check(task, now); err != nil {
			return err
		}
	}
	if len(g.Queues) == 0 {
		return nil
	}
	queue := cmp.Or(task.Queue, zeroq.DefaultQueue)
	if !slices.Contains(g.Queues, queue) {
		return fmt.Errorf("%w: %s", zeroq.ErrUnknownQueue, queue)
	}
	return nil
}

func check(task *zeroq.Task, now time.Time) error {
	if !task.EnqueuedAt.IsZero() && task.ID != "" && !zeroq.ValidID(task.ID) {
		return zeroq.ErrDuplicateID // its id was assigned, so it has been here before
	}
	return Check(task, now)
}

// Check reports, as a [zeroq.FieldError], what is wrong with the task itself.
func Check(task *zeroq.Task, now time.Time) error {
	if len(task.Data) <= zeroq.MaxDataBytes && wire.IsData(task.Data) {
		return CheckRest(task, now)
	}
	if err := task.Validate(now); err != nil {
		return err
	}
	return wire.CheckData(task.Data)
}

// CheckRest is [Check] of a task whose data is known to be in order, unless it is too long.
func CheckRest(task *zeroq.Task, now time.Time) error {
	if len(task.Data) > zeroq.MaxDataBytes {
		return task.Validate(now)
	}
	rest := *task
	rest.Data = nil
	return rest.Validate(now)
}

// join makes one error of those of a call; nil when there is none.
func join(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return &zeroq.BatchError{Errors: errs}
	}
	return nil
}
