package verdict

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

var (
	start    = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	policy   = zeroq.RetryPolicy{Base: time.Second, Max: time.Hour}
	errFails = errors.New("handler failed")
)

// delivery is a task in a worker's hands, with its defaults.
func delivery(options ...zeroq.Option) *broker.Delivery {
	task := zeroq.NewTask("x", nil, options...)
	task.SetDefaults()
	return &broker.Delivery{Task: task}
}

func attempt(n int) zeroq.Option { return func(t *zeroq.Task) { t.Attempt = n } }

// answer is one row: what a handler answered, and what becomes of the task.
type answer struct {
	name    string
	options []zeroq.Option
	mode    broker.Mode
	cause   error
	err     error

	state   zeroq.State
	next    int
	delay   time.Duration
	message string // the failure's text; "" is no failure
}

var answers = []answer{
	{name: "nil", state: zeroq.Succeeded},
	{name: "nil after the timeout", cause: zeroq.ErrTimeout, state: zeroq.Succeeded},
	{name: "an error", err: errFails, state: zeroq.Retry, next: 2, delay: time.Second, message: "handler failed"},
	{name: "an error of the third attempt", options: []zeroq.Option{attempt(3)}, err: errFails,
		state: zeroq.Retry, next: 4, delay: 4 * time.Second, message: "handler failed"},
	{name: "an error with its own delay", err: zeroq.RetryAfter(time.Hour, errFails),
		state: zeroq.Retry, next: 2, delay: time.Hour, message: "handler failed"},
	{name: "a permanent error", err: zeroq.Permanent(errFails), state: zeroq.Dead, message: "handler failed"},
	{name: "the last attempt", options: []zeroq.Option{attempt(10)}, err: errFails, state: zeroq.Dead, message: "handler failed"},
	{name: "an error that must not run twice", mode: broker.AtMostOnce, err: errFails, state: zeroq.Dead, message: "handler failed"},
	{name: "an error that would run after the deadline", options: []zeroq.Option{zeroq.Deadline(start.Add(time.Second))}, err: errFails,
		state: zeroq.Dead, message: "handler failed; the next attempt would be after the task's deadline"},
	{name: "a timeout", cause: zeroq.ErrTimeout, err: context.DeadlineExceeded,
		state: zeroq.Retry, next: 2, delay: time.Second, message: "attempt timed out: context deadline exceeded"},
	{name: "the deadline", cause: zeroq.ErrDeadline, err: context.DeadlineExceeded,
		state: zeroq.Dead, message: "task deadline passed: context deadline exceeded"},

	{name: "a snooze", err: zeroq.Snooze(time.Minute), state: zeroq.Retry, next: 1, delay: time.Minute},
	{name: "a wrapped snooze", err: fmt.Errorf("busy: %w", zeroq.Snooze(time.Minute)), state: zeroq.Retry, next: 1, delay: time.Minute},
	{name: "a snooze of the last attempt", options: []zeroq.Option{attempt(10)}, err: zeroq.Snooze(0), state: zeroq.Retry, next: 10},
	{name: "a snooze that is asked to run again sooner", err: zeroq.RetryAfter(0, zeroq.Snooze(time.Minute)),
		state: zeroq.Retry, next: 1, delay: time.Minute},
	{name: "a snooze before the deadline", options: []zeroq.Option{zeroq.Deadline(start.Add(time.Minute + 1))}, err: zeroq.Snooze(time.Minute),
		state: zeroq.Retry, next: 1, delay: time.Minute},
	{name: "a snooze past the deadline", options: []zeroq.Option{zeroq.Deadline(start.Add(time.Minute))}, err: zeroq.Snooze(time.Minute),
		state: zeroq.Dead, message: "task deadline passed: snoozed for 1m0s"},
	{name: "a snooze once the deadline has passed", cause: zeroq.ErrDeadline, err: zeroq.Snooze(0),
		state: zeroq.Dead, message: "task deadline passed: snoozed for 0s"},
	{name: "a snooze after the timeout", cause: zeroq.ErrTimeout, err: zeroq.Snooze(time.Minute), state: zeroq.Retry, next: 1, delay: time.Minute},
	{name: "a permanent snooze", err: zeroq.Permanent(zeroq.Snooze(time.Minute)), state: zeroq.Dead, message: "snoozed for 1m0s"},
	{name: "a snooze of what must not start twice", mode: broker.AtMostOnce, err: zeroq.Snooze(time.Minute),
		state: zeroq.Dead, message: "snoozed for 1m0s, and must not start twice"},

	{name: "cancelled, and nil", cause: zeroq.ErrCancelled, state: zeroq.Succeeded},
	{name: "cancelled, and an error", cause: zeroq.ErrCancelled, err: context.Canceled, state: zeroq.Cancelled},
	{name: "cancelled, and a snooze", cause: zeroq.ErrCancelled, err: zeroq.Snooze(0), state: zeroq.Cancelled},
	{name: "cancelled, and a permanent error", cause: zeroq.ErrCancelled, err: zeroq.Permanent(errFails), state: zeroq.Cancelled},
	{name: "cancelled in the last attempt", options: []zeroq.Option{attempt(10)}, cause: zeroq.ErrCancelled, err: errFails, state: zeroq.Cancelled},
	{name: "cancelled where nothing starts twice", mode: broker.AtMostOnce, cause: zeroq.ErrCancelled, err: errFails, state: zeroq.Cancelled},

	{name: "shut down, and nil", cause: zeroq.ErrShutdown, state: zeroq.Succeeded},
	{name: "shut down, and an error", cause: zeroq.ErrShutdown, err: errFails, state: zeroq.Ready},
	{name: "shut down, and a snooze", cause: zeroq.ErrShutdown, err: zeroq.Snooze(time.Minute), state: zeroq.Ready},
	{name: "the lease lost", cause: zeroq.ErrLeaseLost, err: errFails, state: zeroq.Ready},
	{name: "shut down where nothing starts twice", mode: broker.AtMostOnce, cause: zeroq.ErrShutdown, err: errFails,
		state: zeroq.Dead, message: "stopped while it ran, and must not start twice: worker is shutting down"},
}

func TestAfter_WhatAHandlerAnswersDecidesWhatBecomesOfItsTask(t *testing.T) {
	t.Parallel()
	for _, a := range answers {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			d := delivery(a.options...)
			run := Run{Delivery: d, StartedAt: start.Add(-time.Second), FinishedAt: start, Took: time.Second, Cause: a.cause}
			o := Rules{Worker: "w", Mode: a.mode, Retry: policy}.After(run, json.RawMessage("1"), a.err)
			if o.State != a.state || o.NextAttempt != a.next {
				t.Errorf("it is %s, next attempt %d; want %s, %d", o.State, o.NextAttempt, a.state, a.next)
			}
			if a.state == zeroq.Retry && o.RunAt.Sub(start) != a.delay || a.state != zeroq.Retry && !o.RunAt.IsZero() {
				t.Errorf("it runs at %v, want %v later", o.RunAt, a.delay)
			}
			if (o.Result != nil) != (a.state == zeroq.Succeeded) {
				t.Errorf("its result is %s", o.Result)
			}
			if o.StartedAt != run.StartedAt || o.FinishedAt != start || o.Delivery != d {
				t.Errorf("the run is not that of the outcome: %+v", o)
			}
			a.checkFailure(t, o)
		})
	}
}

func (a answer) checkFailure(t *testing.T, o broker.Outcome) {
	t.Helper()
	if a.message == "" {
		if o.Failure != nil {
			t.Errorf("a failure is recorded: %+v", o.Failure)
		}
		return
	}
	want := zeroq.AttemptError{
		Attempt: o.Delivery.Task.Attempt, At: start, Worker: "w", Duration: time.Second, Message: a.message,
	}
	if o.Failure == nil || *o.Failure != want {
		t.Errorf("failure %+v, want %+v", o.Failure, want)
	}
}

func TestBefore_OnlyTheFirstStartCanExpire(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]zeroq.State{1: zeroq.Expired, 2: ""} {
		d := delivery(attempt(n), zeroq.ExpiresAt(start.Add(-1)))
		if o, _, settled := (Rules{}).Before(d, true, start); o.State != want || settled != (want != "") {
			t.Errorf("attempt %d: %q", n, o.State)
		}
	}
}

func TestBefore_AnUnreadableMessageIsADeadLetter(t *testing.T) {
	t.Parallel()
	o, err, settled := Rules{Worker: "w"}.Before(&broker.Delivery{Err: errFails}, false, start)
	if !settled || !errors.Is(err, errFails) || o.State != zeroq.Dead || o.Failure.Message != "handler failed" || o.Failure.Attempt != 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestBefore_AForeignMessageThatIsNoTaskIsADeadLetter(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"data is not valid JSON": "data is not valid JSON", "": zeroq.ErrUnreadable.Error()} {
		d := delivery(zeroq.Header(broker.ReasonHeader, reason), zeroq.ExpiresAt(start.Add(-1)))
		d.Task.Type = broker.UnreadableType
		for _, known := range []bool{true, false} { // a handler of all types does not get it either
			o, err, settled := Rules{Worker: "w"}.Before(d, known, start)
			if !settled || err == nil || o.State != zeroq.Dead || o.Failure.Message != want {
				t.Errorf("%q: %+v, %v", reason, o, err)
			}
		}
	}
}

func TestPolicy_OfTheTypeThenTheQueueThenTheWorker(t *testing.T) {
	t.Parallel()
	of := func(base time.Duration) zeroq.RetryPolicy { return zeroq.RetryPolicy{Base: base, Max: base} }
	none, typ := zeroq.RetryPolicy{}, of(1)
	for _, tt := range []struct {
		route               zeroq.Route
		queue, worker, want zeroq.RetryPolicy
	}{
		{zeroq.Route{Retry: &typ}, of(2), of(3), of(1)},
		{zeroq.Route{}, of(2), of(3), of(2)},
		{zeroq.Route{}, none, of(3), of(3)},
		{zeroq.Route{}, none, none, zeroq.DefaultRetryPolicy},
	} {
		if got := Policy(tt.route, tt.queue, tt.worker); got != tt.want {
			t.Errorf("%+v: %+v", tt, got)
		}
	}
}

func TestTimeout_IsTheAttemptsOrWhatTheDeadlineLeaves(t *testing.T) {
	t.Parallel()
	for deadline, want := range map[time.Time]struct {
		after time.Duration
		cause error
	}{
		{}:                          {time.Minute, zeroq.ErrTimeout},
		start.Add(time.Hour):        {time.Minute, zeroq.ErrTimeout},
		start.Add(10 * time.Second): {10 * time.Second, zeroq.ErrDeadline},
	} {
		if after, cause := Timeout(time.Minute, deadline, start); after != want.after || !errors.Is(cause, want.cause) {
			t.Errorf("deadline %v: %v, %v", deadline, after, cause)
		}
	}
}

func TestCut_KeepsErrorsShortAndReadable(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "short", strings.Repeat("x", zeroq.MaxErrorBytes), strings.Repeat("x", zeroq.MaxErrorBytes+1),
		strings.Repeat("é", zeroq.MaxErrorBytes), "x" + strings.Repeat("é", zeroq.MaxErrorBytes),
		strings.Repeat("x\xff", zeroq.MaxErrorBytes/2), "\xff", "a\x00b",
	} {
		got := cut(text)
		if len(got) > zeroq.MaxErrorBytes || !utf8.ValidString(got) {
			t.Errorf("%.10q…: %d bytes, valid: %v", text, len(got), utf8.ValidString(got))
		}
		if utf8.ValidString(text) && len(text) <= zeroq.MaxErrorBytes && got != text {
			t.Errorf("%.10q… is changed", text)
		}
	}
}
