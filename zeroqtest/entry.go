package zeroqtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/fingerprint"
)

// entry is a task in a queue, and what is known of it.
type entry struct {
	sent *zeroq.Task // as it was enqueued
	task *zeroq.Task // as its next attempt gets it

	state    zeroq.State
	place    int // among the ready tasks, by when they became ready
	attempt  int // the last that started
	result   json.RawMessage
	progress json.RawMessage
	started  time.Time
	finished time.Time
	stray    bool // met by a worker that knows no handler for it

	run       *attempt // at hand; nil while there is none
	cancelled bool     // called off while it runs
}

// due is when a waiting task becomes ready; ok is false for one that waits for nothing.
func (e *entry) due() (at time.Time, ok bool) {
	return e.task.RunAt, e.state == zeroq.Scheduled || e.state == zeroq.Retry
}

// waits reports whether the task is yet to run.
func (e *entry) waits() bool {
	return e.state == zeroq.Ready || e.state == zeroq.Scheduled || e.state == zeroq.Retry
}

// before reports whether the task starts before the other, while both are ready.
func (e *entry) before(other *entry) bool {
	return cmp.Or(
		slices.Index(zeroq.Priorities, e.task.Priority)-slices.Index(zeroq.Priorities, other.task.Priority),
		e.place-other.place,
	) < 0
}

// forgotten reports whether a real queue may have forgotten the task, so that its id is free.
func (e *entry) forgotten(now time.Time) bool {
	return e.state.Finished() && e.state != zeroq.Dead && !now.Before(e.finished.Add(e.task.Retention))
}

// record takes in what became of a delivery.
func (e *entry) record(o broker.Outcome) {
	e.state, e.task.RunAt = o.State, o.RunAt
	if !o.StartedAt.IsZero() {
		e.task.ExpiresAt = time.Time{} // it bounds the first start
	}
	if o.Failure != nil {
		errs := append(e.task.Errors, *o.Failure)
		e.task.Errors = errs[max(0, len(errs)-zeroq.MaxErrors):]
	}
	switch {
	case o.State == zeroq.Retry:
		e.task.Attempt = o.NextAttempt
	case o.State.Finished():
		e.finished, e.result = o.FinishedAt, o.Result
	}
}

// info is what a lookup tells of the task.
func (e *entry) info() *zeroq.TaskInfo {
	t := e.task
	info := &zeroq.TaskInfo{
		ID: t.ID, Type: t.Type, Queue: t.Queue, State: e.state, Attempt: e.attempt, MaxAttempts: t.MaxAttempts,
		Data: bytes.Clone(t.Data), Result: bytes.Clone(e.result), Progress: bytes.Clone(e.progress),
		CancelRequested: e.cancelled && e.state == zeroq.Leased, Priority: t.Priority, Group: t.Group, Errors: slices.Clone(t.Errors),
		EnqueuedAt: t.EnqueuedAt, StartedAt: e.started, FinishedAt: e.finished,
	}
	if at, waits := e.due(); waits {
		info.NextRunAt = at
	}
	if n := len(t.Errors); n > 0 && e.state != zeroq.Succeeded {
		info.Error = t.Errors[n-1].Message
	}
	if e.state == zeroq.Dead {
		info.Fingerprint = fingerprint.Of(info.Error)
	}
	if e.attempt > 0 {
		info.Worker = workerID
	}
	return info
}
