// Package verdict decides what becomes of a task: before its handler starts, and by what the handler
// answered. It is nothing but rules, without a clock or a broker of its own, so that whatever runs
// tasks decides alike.
package verdict

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Rules are what verdicts go by beside the task itself.
type Rules struct {
	// Worker is the id of the worker, for the attempts of tasks.
	Worker string
	// Mode is what the queue promises.
	Mode broker.Mode
	// Retry is the policy of the task's type, see [Policy].
	Retry zeroq.RetryPolicy
}

// Policy returns the retry policy that holds: that of the type, else the first of the others that is
// set.
func Policy(route zeroq.Route, others ...zeroq.RetryPolicy) zeroq.RetryPolicy {
	if route.Retry != nil {
		return *route.Retry
	}
	for _, policy := range others {
		if policy != (zeroq.RetryPolicy{}) {
			return policy
		}
	}
	return zeroq.DefaultRetryPolicy
}

// Run is one run of a handler.
type Run struct {
	Delivery *broker.Delivery
	// StartedAt and FinishedAt are by the broker's clock, Took by this machine's.
	StartedAt, FinishedAt time.Time
	Took                  time.Duration
	// Cause is why the handler's context ended, as context.Cause tells; nil if it did not end.
	Cause error
}

// Before decides what needs no handler; ok is false for a delivery that may start. known says
// whether the task's type has a handler.
func (r Rules) Before(d *broker.Delivery, known bool, now time.Time) (o broker.Outcome, err error, ok bool) {
	o = broker.Outcome{Delivery: d, FinishedAt: now}
	if errors.Is(d.Err, zeroq.ErrDuplicate) { // nobody is there to be told, and nothing is wrong with it
		o.State, o.Failure = zeroq.Cancelled, r.failure(o, d.Err, 0)
		return o, d.Err, true
	}
	if d.Err != nil {
		return r.dead(o, d.Err, 0), d.Err, true
	}
	t := d.Task
	if t.Type == broker.UnreadableType {
		err := unreadable(t)
		return r.dead(o, err, 0), err, true
	}
	if !t.ExpiresAt.IsZero() && t.Attempt == 1 && now.After(t.ExpiresAt) {
		o.State = zeroq.Expired
		return o, nil, true
	}
	if !t.Deadline.IsZero() && !now.Before(t.Deadline) {
		return r.dead(o, zeroq.ErrDeadline, 0), zeroq.ErrDeadline, true
	}
	if !known {
		return r.unknown(o), errUnknownType, true
	}
	return o, nil, false
}

// After decides what a handler's answer makes of its task.
func (r Rules) After(run Run, result json.RawMessage, err error) broker.Outcome {
	o := run.outcome()
	if err == nil {
		o.State, o.Result = zeroq.Succeeded, result
		return o
	}
	err = readable(err)
	switch {
	case errors.Is(run.Cause, zeroq.ErrCancelled):
		o.State = zeroq.Cancelled
		return o
	case errors.Is(run.Cause, zeroq.ErrLeaseLost), errors.Is(run.Cause, zeroq.ErrShutdown):
		return r.HandBack(run)
	}
	err = explain(run.Cause, err)
	if delay, snoozed := zeroq.SnoozeDelay(err); snoozed && !zeroq.IsPermanent(err) && !errors.Is(run.Cause, zeroq.ErrDeadline) {
		return r.snooze(o, delay, err, run.Took)
	}
	return r.failed(o, err, run)
}

// failed decides what becomes of a task whose attempt has failed.
func (r Rules) failed(o broker.Outcome, err error, run Run) broker.Outcome {
	t := o.Delivery.Task
	if zeroq.IsPermanent(err) || errors.Is(run.Cause, zeroq.ErrDeadline) ||
		t.Attempt >= t.MaxAttempts || r.Mode == broker.AtMostOnce {
		return r.dead(o, err, run.Took)
	}
	delay, chosen := zeroq.RetryDelay(err)
	if !chosen {
		delay = r.Retry.Delay(t.Attempt)
	}
	runAt := o.FinishedAt.Add(delay)
	if late(t, runAt) {
		return r.dead(o, fmt.Errorf("%w; the next attempt would be after the task's deadline", err), run.Took)
	}
	o.Failure = r.failure(o, err, run.Took)
	o.State, o.NextAttempt, o.RunAt = zeroq.Retry, t.Attempt+1, runAt
	return o
}

// snooze lets a task run again under the same number, as if it had not started. One that must not
// start twice is a dead letter instead.
func (r Rules) snooze(o broker.Outcome, delay time.Duration, err error, took time.Duration) broker.Outcome {
	t, runAt := o.Delivery.Task, o.FinishedAt.Add(delay)
	switch {
	case r.Mode == broker.AtMostOnce:
		return r.dead(o, fmt.Errorf("%w, and must not start twice", err), took)
	case late(t, runAt):
		return r.dead(o, fmt.Errorf("%w: %w", zeroq.ErrDeadline, err), took)
	}
	o.State, o.NextAttempt, o.RunAt = zeroq.Retry, t.Attempt, runAt
	return o
}

// HandBack gives a task to other workers. One that must not start twice is a dead letter instead.
func (r Rules) HandBack(run Run) broker.Outcome {
	o := run.outcome()
	if r.Mode == broker.AtMostOnce {
		return r.dead(o, fmt.Errorf("stopped while it ran, and must not start twice: %w", run.Cause), run.Took)
	}
	o.State = zeroq.Ready
	return o
}

// Timeout returns how long an attempt that starts now may take, and the cause of its context's end
// after that. deadline may be zero.
func Timeout(timeout time.Duration, deadline, now time.Time) (time.Duration, error) {
	if left := deadline.Sub(now); !deadline.IsZero() && left < timeout {
		return left, zeroq.ErrDeadline
	}
	return timeout, outOfTime(timeout)
}

// outOfTime is the zeroq.ErrTimeout of an attempt that had so long.
type outOfTime time.Duration

func (d outOfTime) Error() string {
	return fmt.Sprintf("%v after %v", zeroq.ErrTimeout, time.Duration(d))
}

// Unwrap returns zeroq.ErrTimeout.
func (d outOfTime) Unwrap() error { return zeroq.ErrTimeout }

func (run Run) outcome() broker.Outcome {
	return broker.Outcome{Delivery: run.Delivery, StartedAt: run.StartedAt, FinishedAt: run.FinishedAt}
}

// late reports that at is not before the task's deadline.
func late(t *zeroq.Task, at time.Time) bool { return !t.Deadline.IsZero() && !at.Before(t.Deadline) }
