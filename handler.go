package zeroq

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"
)

// Handler does the work of tasks.
//
// What it answers decides what becomes of the task:
//
//   - nil: it succeeded.
//   - [Permanent](err): it is a dead letter now.
//   - [RetryAfter](d, err): it runs again in d.
//   - [Snooze](d): it runs again in d, and nothing has failed.
//   - any other error, or a panic: it runs again after the retry policy's delay, and is a dead
//     letter when its attempts are used up.
//
// ctx ends when the attempt's timeout is over, the task is cancelled, the worker loses its lease or must stop;
// context.Cause says which. A handler that goes on regardless keeps its slot until it returns.
// Delivery is at least once: a handler must be able to meet the same task again.
type Handler interface {
	Handle(ctx context.Context, task *Task) error
}

// HandlerFunc is a function that is a [Handler].
type HandlerFunc func(ctx context.Context, task *Task) error

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, task *Task) error { return f(ctx, task) }

// HandlerOf returns a handler that decodes the task's data into a T and passes it to f. Data that
// is no T makes the task a dead letter, since no further attempt could read it either.
// [TaskFrom] has the task itself.
func HandlerOf[T any](f func(ctx context.Context, data T) error) Handler {
	return HandlerFunc(func(ctx context.Context, task *Task) error {
		var data T
		if err := json.Unmarshal(task.Data, &data); err != nil {
			return Permanent(fmt.Errorf("data of %s: %w", task.Type, err))
		}
		return f(ctx, data)
	})
}

// BatchHandler does the work of several tasks of one type at once.
type BatchHandler interface {
	// HandleBatch answers with one outcome for each task, in order, each to be read as the answer
	// of a [Handler]; nil stands for "all succeeded".
	HandleBatch(ctx context.Context, tasks []*Task) []error
}

// BatchHandlerFunc is a function that is a [BatchHandler].
type BatchHandlerFunc func(ctx context.Context, tasks []*Task) []error

// HandleBatch calls f.
func (f BatchHandlerFunc) HandleBatch(ctx context.Context, tasks []*Task) []error {
	return f(ctx, tasks)
}

// Batch says how tasks are gathered for a [BatchHandler].
type Batch struct {
	// Size is the most tasks in one call. It must not exceed the concurrency of the pool, since
	// each gathered task holds a slot.
	Size int
	// Wait is how long the first task may wait for others. Zero: run what is there.
	Wait time.Duration
}

// Run runs a handler on one task as a worker does: with the task in the context, a place for its
// result, and a panic turned into a [PanicError].
func Run(ctx context.Context, handler Handler, task *Task) (result json.RawMessage, err error) {
	run := &run{task: task, id: task.ID}
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	err = handler.Handle(context.WithValue(ctx, runKey{}, run), task)
	return run.takeResult(), err
}

// RunBatch runs a batch handler as a worker does. The answer has one error for each task.
func RunBatch(ctx context.Context, handler BatchHandler, tasks []*Task) (errs []error) {
	defer func() {
		if value := recover(); value != nil {
			errs = repeat(&PanicError{Value: value, Stack: debug.Stack()}, len(tasks))
		}
	}()
	switch errs = handler.HandleBatch(ctx, tasks); len(errs) {
	case len(tasks):
		return errs
	case 0:
		return make([]error, len(tasks))
	default:
		err := fmt.Errorf("batch handler answered %d outcomes for %d tasks", len(errs), len(tasks))
		return repeat(err, len(tasks))
	}
}

func repeat(err error, n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
