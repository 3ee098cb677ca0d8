package zeroqtest

import (
	"context"
	"encoding/json"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/admission"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/taskid"
)

// Outcome is what became of a task by one run of its handler.
type Outcome struct {
	// State is what the task is now: Succeeded, Retry, Dead, Cancelled, Expired, or Ready when it was
	// handed back.
	State zeroq.State
	// Result is what the handler set, if it succeeded; nil if it set none.
	Result json.RawMessage
	// Progress is what it reported last; nil if it reported none.
	Progress json.RawMessage
	// Err is what the handler answered; a [zeroq.PanicError] if it panicked.
	Err error
	// Error is the text that the task keeps of it; empty if nothing failed.
	Error string
	// NextAttempt, NextRunAt and Delay are the number of the next attempt, its time, and how long it
	// is until then. They are zero unless State is Retry.
	NextAttempt int
	NextRunAt   time.Time
	Delay       time.Duration
}

// Run runs a handler on a task, once, as a worker does: with the task and its timeout in the context,
// and a panic made an error. The test fails if no queue would take the task. [zeroq.Task.Attempt] may
// be set to see a later attempt.
//
// The timeout is real time: a handler that waits for it is best tested in a bubble of testing/synctest,
// or with [Interrupted].
func Run(t TB, handler zeroq.Handler, task *zeroq.Task, options ...Option) Outcome {
	t.Helper()
	s := newSettings(options)
	accepted, err := s.accept(task)
	if err != nil {
		t.Fatalf("zeroqtest: no queue takes the task: %v", err)
	}
	return s.run(t.Context(), handler, accepted)
}

// accept returns a copy of the task as a worker gets it.
func (s *settings) accept(task *zeroq.Task) (accepted *zeroq.Task, err error) {
	now := s.clock.now()
	gate := admission.Gate{Put: func(_ context.Context, tasks []*zeroq.Task) []error {
		for _, t := range tasks {
			if t.ID == "" {
				t.ID = taskid.New(t.Queue, 0, 1)
			}
			stamp(t, now)
			t.Delay = 0 // it has become a time
			accepted = t
		}
		return make([]error, len(tasks))
	}}
	err = gate.Enqueue(context.Background(), now, copyOf(task))
	return accepted, err
}

func (s *settings) run(ctx context.Context, handler zeroq.Handler, task *zeroq.Task) Outcome {
	began, d := s.clock.now(), &broker.Delivery{Task: task}
	rules := s.rules(task.Queue, zeroq.Route{})
	if o, err, settled := rules.Before(d, true, began); settled {
		return outcome(o, err)
	}
	run := newAttempt(ctx, s, began, task)
	defer run.end()
	result, err := zeroq.Run(run.ctx, handler, copyOf(task))
	o := rules.After(run.facts(d, s.clock.now()), result, err)
	o.Progress = run.progress.get()
	return outcome(o, err)
}

func outcome(o broker.Outcome, err error) Outcome {
	out := Outcome{
		State: o.State, Result: o.Result, Progress: o.Progress, Err: err,
		NextAttempt: o.NextAttempt, NextRunAt: o.RunAt,
	}
	if o.Failure != nil {
		out.Error = o.Failure.Message
	}
	if !o.RunAt.IsZero() {
		out.Delay = o.RunAt.Sub(o.FinishedAt)
	}
	return out
}
