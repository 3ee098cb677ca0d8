package zeroq

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// MaxResultBytes bounds a task's result.
const MaxResultBytes = 64 << 10

// errNoTask is returned when a context did not come from a worker.
var errNoTask = errors.New("context belongs to no task")

// run is what a context knows of the task at hand.
type run struct {
	task   *Task
	id     string // the task is the handler's, to do with what it likes
	mu     sync.Mutex
	result json.RawMessage
}

type runKey struct{}

// takeResult returns the result; a handler's stray goroutine may still be setting it.
func (r *run) takeResult() json.RawMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result
}

// TaskFrom returns the task that ctx was made for: the one at hand in a [Handler].
func TaskFrom(ctx context.Context) (*Task, bool) {
	run, ok := ctx.Value(runKey{}).(*run)
	if !ok {
		return nil, false
	}
	return run.task, true
}

// SetResult keeps value, as JSON, as the result of the task at hand. It can be looked up once the
// task has succeeded, until its retention is over. A later call replaces it. An error means that
// nothing was kept: value is no JSON or longer than [MaxResultBytes], or ctx is no handler's.
//
// A [json.RawMessage] is kept as it is, but for the space between its tokens. Nothing is escaped
// for HTML.
func SetResult(ctx context.Context, value any) error {
	run, ok := ctx.Value(runKey{}).(*run)
	if !ok {
		return errNoTask
	}
	raw, err := encode(value)
	if err != nil {
		return fmt.Errorf("result: %w", err)
	}
	if len(raw) > MaxResultBytes {
		return fmt.Errorf("result: %d bytes, the most is %d", len(raw), MaxResultBytes)
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	run.result = raw
	return nil
}

// MaxProgressBytes bounds what a task's progress is.
const MaxProgressBytes = 4 << 10

type progressKey struct{}

// SetProgress tells how far the task at hand is: any value that can be JSON, such as 0.4 or
// {"pages":12}. It can be looked up while the task runs, a quarter of a second later or so, and
// afterwards. A later call replaces it. An error means that nothing was kept: value is no JSON or
// longer than [MaxProgressBytes], or ctx is no handler's.
func SetProgress(ctx context.Context, value any) error {
	report, ok := ctx.Value(progressKey{}).(func(string, json.RawMessage))
	run, known := ctx.Value(runKey{}).(*run)
	if !ok || !known {
		return errNoTask
	}
	raw, err := encode(value)
	if err != nil {
		return fmt.Errorf("progress: %w", err)
	}
	if len(raw) > MaxProgressBytes {
		return fmt.Errorf("progress: %d bytes, the most is %d", len(raw), MaxProgressBytes)
	}
	report(run.id, raw)
	return nil
}

// WithProgress returns a context that has what [SetProgress] is told passed to report, with the id of
// the task, for whoever runs handlers. One serves any number of tasks.
func WithProgress(ctx context.Context, report func(id string, progress json.RawMessage)) context.Context {
	return context.WithValue(ctx, progressKey{}, report)
}

// encode is json.Marshal, which would write < > & as \u003c \u003e \u0026.
func encode(value any) (json.RawMessage, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
