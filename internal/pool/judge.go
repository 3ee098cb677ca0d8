package pool

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// A type that no handler is registered for may belong to a version that is being deployed: its
// task waits, for half as long as it has waited so far, and is a dead letter a day after it was met
// first.
const (
	minUnknownDelay = 5 * time.Second
	maxUnknownDelay = 5 * time.Minute
	maxUnknownAge   = 24 * time.Hour
)

// errUnknownType is why a task has no handler.
var errUnknownType = errors.New("no handler for this type")

// prejudge decides what needs no handler; ok is false for a delivery that may start.
func (p *Pool) prejudge(l *lane, d *broker.Delivery) (o broker.Outcome, err error, ok bool) {
	now := l.member.Now()
	o = broker.Outcome{Delivery: d, FinishedAt: now}
	if d.Err != nil {
		return p.dead(o, d.Err), d.Err, true
	}
	t := d.Task
	if !t.ExpiresAt.IsZero() && t.Attempt == 1 && now.After(t.ExpiresAt) {
		o.State = zeroq.Expired
		return o, nil, true
	}
	if !t.Deadline.IsZero() && !now.Before(t.Deadline) {
		return p.dead(o, zeroq.ErrDeadline), zeroq.ErrDeadline, true
	}
	if _, known := p.mux.Route(t.Type); !known {
		return p.unknown(o, now), errUnknownType, true
	}
	return o, nil, false
}

func (p *Pool) unknown(o broker.Outcome, now time.Time) broker.Outcome {
	t := o.Delivery.Task
	age := time.Duration(0)
	// The errors that the task carries say when it was met first: its other times change with
	// every retry, or count the time that it waited for any worker at all.
	met := slices.IndexFunc(t.Errors, func(e zeroq.AttemptError) bool {
		return e.Attempt == t.Attempt && e.Message == errUnknownType.Error()
	})
	if met >= 0 {
		age = now.Sub(t.Errors[met].At)
	} else {
		o.Failure = p.failure(o, errUnknownType, 0)
	}
	if age > maxUnknownAge {
		return p.dead(o, errUnknownType)
	}
	o.State, o.NextAttempt = zeroq.Retry, t.Attempt
	o.RunAt = now.Add(min(max(age/2, minUnknownDelay), maxUnknownDelay))
	return o
}

// judge decides what a handler's answer makes of its task.
func (p *Pool) judge(one *run, result []byte, err error) broker.Outcome {
	t, now := one.delivery.Task, one.lane.member.Now()
	o := broker.Outcome{Delivery: one.delivery, StartedAt: one.started, FinishedAt: now}
	if err == nil {
		o.State, o.Result = zeroq.Succeeded, result
		return o
	}
	err = readable(err)
	cause := context.Cause(one.ctx)
	if gone := errors.Is(cause, zeroq.ErrLeaseLost) || errors.Is(cause, zeroq.ErrShutdown); gone {
		return p.handBack(one, o, cause)
	}
	err = explain(cause, err)
	o.Failure = p.failure(o, err, time.Since(one.began))
	switch {
	case zeroq.IsPermanent(err), errors.Is(cause, zeroq.ErrDeadline),
		t.Attempt >= t.MaxAttempts, one.lane.queue.Mode == broker.AtMostOnce:
		o.State = zeroq.Dead
		return o
	}
	delay, chosen := zeroq.RetryDelay(err)
	if !chosen {
		delay = p.conf.Retry.Delay(t.Attempt)
	}
	o.State, o.NextAttempt, o.RunAt = zeroq.Retry, t.Attempt+1, now.Add(delay)
	if !t.Deadline.IsZero() && !o.RunAt.Before(t.Deadline) {
		o.State = zeroq.Dead
		o.Failure.Message = cut(fmt.Sprintf("%v; the next attempt would be after the task's deadline", err))
	}
	return o
}

// handBack gives a task to other workers. One that must not start twice is a dead letter instead.
func (p *Pool) handBack(one *run, o broker.Outcome, cause error) broker.Outcome {
	if one.lane.queue.Mode == broker.AtMostOnce {
		o.State = zeroq.Dead
		o.Failure = p.failure(o, fmt.Errorf("stopped while it ran, and must not start twice: %w", cause), time.Since(one.began))
		return o
	}
	o.State = zeroq.Ready
	return o
}

// readable returns err, or the panic of reading it, as that of a nil pointer which was returned as
// an error.
func readable(err error) (result error) {
	defer func() {
		if value := recover(); value != nil {
			result = &zeroq.PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	_ = err.Error()
	_ = zeroq.IsPermanent(err)
	_, _ = zeroq.RetryDelay(err)
	return err
}

// explain puts why the context ended before the handler's error, which is often no more than
// "context deadline exceeded".
func explain(cause, err error) error {
	if errors.Is(err, cause) {
		return err // the handler says so itself
	}
	if errors.Is(cause, zeroq.ErrTimeout) || errors.Is(cause, zeroq.ErrDeadline) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

func (p *Pool) dead(o broker.Outcome, err error) broker.Outcome {
	o.State = zeroq.Dead
	o.Failure = p.failure(o, err, 0)
	return o
}

func (p *Pool) failure(o broker.Outcome, err error, took time.Duration) *zeroq.AttemptError {
	failure := &zeroq.AttemptError{At: o.FinishedAt, Worker: p.conf.Worker, Duration: took, Message: cut(err.Error())}
	if t := o.Delivery.Task; t != nil {
		failure.Attempt = t.Attempt
	}
	return failure
}

// cut bounds an error's text, which may be anything, to valid UTF-8 of a length that can be kept.
func cut(text string) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) > zeroq.MaxErrorBytes {
		text = strings.ToValidUTF8(text[:zeroq.MaxErrorBytes-len("…")], "") + "…"
	}
	return text
}
