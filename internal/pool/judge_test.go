package pool

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// nilError is an error whose nil pointer cannot be read, as every Go program returns one some day.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// judgement is what a handler's answer makes of its task.
type judgement struct {
	name    string
	options []zeroq.Option
	attempt int
	mode    broker.Mode
	handler zeroq.HandlerFunc

	state   zeroq.State
	next    int           // number of the next attempt
	delay   time.Duration // from the end of this one
	message string        // part of the failure's text; "" is no failure
}

func answers(err error) zeroq.HandlerFunc {
	return func(context.Context, *zeroq.Task) error { return err }
}

var judgements = []judgement{
	{name: "nil", handler: answers(nil), state: zeroq.Succeeded},
	{name: "an error", handler: answers(errHandler), state: zeroq.Retry, next: 2, delay: time.Second, message: "handler failed"},
	{name: "an error of the third attempt", attempt: 3, handler: answers(errHandler),
		state: zeroq.Retry, next: 4, delay: 4 * time.Second, message: "handler failed"},
	{name: "a permanent error", handler: answers(fmt.Errorf("no: %w", zeroq.Permanent(errHandler))), state: zeroq.Dead, message: "no: handler failed"},
	{name: "an error with its own delay", handler: answers(zeroq.RetryAfter(time.Hour, errHandler)),
		state: zeroq.Retry, next: 2, delay: time.Hour, message: "handler failed"},
	{name: "an error without any delay", handler: answers(zeroq.RetryAfter(0, errHandler)), state: zeroq.Retry, next: 2, message: "handler failed"},
	{name: "a panic", handler: func(context.Context, *zeroq.Task) error { panic("boom") },
		state: zeroq.Retry, next: 2, delay: time.Second, message: "panic: boom"},
	{name: "an error that cannot be read", handler: answers((*nilError)(nil)),
		state: zeroq.Retry, next: 2, delay: time.Second, message: "nil pointer"},
	{name: "the end of its goroutine", handler: func(context.Context, *zeroq.Task) error { runtime.Goexit(); return nil },
		state: zeroq.Retry, next: 2, delay: time.Second, message: "runtime.Goexit"},
	{name: "the last attempt", attempt: 5, options: []zeroq.Option{zeroq.MaxAttempts(5)}, handler: answers(errHandler),
		state: zeroq.Dead, message: "handler failed"},
	{name: "an attempt beyond the last", attempt: 9, options: []zeroq.Option{zeroq.MaxAttempts(5)}, handler: answers(zeroq.RetryAfter(0, errHandler)),
		state: zeroq.Dead, message: "handler failed"},
	{name: "an error in an at-most-once queue", mode: broker.AtMostOnce, handler: answers(errHandler), state: zeroq.Dead, message: "handler failed"},
	{name: "a timeout", options: []zeroq.Option{zeroq.Timeout(3 * time.Second)}, handler: untilDone,
		state: zeroq.Retry, next: 2, delay: time.Second, message: "attempt timed out after 3s: context deadline exceeded"},
	{name: "a timeout that the handler met with success", options: []zeroq.Option{zeroq.Timeout(time.Second)},
		handler: func(ctx context.Context, _ *zeroq.Task) error { <-ctx.Done(); return nil }, state: zeroq.Succeeded},
	{name: "a permanent error after the timeout", options: []zeroq.Option{zeroq.Timeout(time.Second)},
		handler: func(ctx context.Context, _ *zeroq.Task) error { <-ctx.Done(); return zeroq.Permanent(errHandler) },
		state:   zeroq.Dead, message: "attempt timed out after 1s: handler failed"},
}

func TestJudge_WhatAHandlerAnswersDecidesWhatBecomesOfItsTask(t *testing.T) {
	t.Parallel()
	for _, v := range judgements {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, v.test)
		})
	}
}

func (v judgement) test(t *testing.T) {
	r := prepare(t, func(c *Conf) {
		if v.mode != "" {
			c.Queues[0].Mode = v.mode
		}
	})
	r.handle("x", v.handler)
	r.start()
	one := task("x", v.options...)
	one.Attempt = v.attempt
	r.push(one)
	o := r.outcome()
	if o.State != v.state || o.NextAttempt != v.next {
		t.Errorf("it is %s, next attempt %d; want %s, %d", o.State, o.NextAttempt, v.state, v.next)
	}
	if v.state == zeroq.Retry && o.RunAt.Sub(o.FinishedAt) != v.delay {
		t.Errorf("it waits %v, want %v", o.RunAt.Sub(o.FinishedAt), v.delay)
	}
	if o.StartedAt.IsZero() || o.FinishedAt.Before(o.StartedAt) {
		t.Errorf("it ran from %v to %v", o.StartedAt, o.FinishedAt)
	}
	if (o.Failure == nil) != (v.message == "") {
		t.Fatalf("failure %v, want %q", o.Failure, v.message)
	}
	if f := o.Failure; f != nil && (!strings.Contains(f.Message, v.message) || f.Worker != "w" || f.Attempt != one.Attempt || f.At != o.FinishedAt) {
		t.Errorf("failure %+v, want %q of attempt %d by w", f, v.message, one.Attempt)
	}
	if free := r.pool.Free(); free != 10 || len(r.pool.Running()) != 0 {
		t.Errorf("%d slots are free, %d tasks run", free, len(r.pool.Running()))
	}
}

func TestJudge_DeadlineEndsTheTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", untilDone)
		r.start()
		r.push(task("x", zeroq.Deadline(time.Now().Add(3*time.Second)), zeroq.Timeout(time.Minute)))
		o := r.outcome()
		if o.State != zeroq.Dead || !strings.Contains(o.Failure.Message, zeroq.ErrDeadline.Error()) || o.Failure.Duration != 3*time.Second {
			t.Errorf("it is %s: %+v", o.State, o.Failure)
		}
	})
}

func TestJudge_NoAttemptIsPlannedBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]zeroq.State{
		900 * time.Millisecond: zeroq.Dead, time.Second: zeroq.Dead, 1100 * time.Millisecond: zeroq.Retry,
	} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t)
			r.handle("x", answers(errHandler))
			r.start()
			r.push(task("x", zeroq.Deadline(time.Now().Add(left))))
			o := r.outcome()
			if o.State != want {
				t.Errorf("with %v left it is %s, want %s", left, o.State, want)
			}
			if want == zeroq.Dead && !strings.Contains(o.Failure.Message, "handler failed; the next attempt would be after") {
				t.Errorf("failure %q", o.Failure.Message)
			}
		})
	}
}

func TestJudge_WhyAContextEndedIsItsCause(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		option func() zeroq.Option
		cause  error
	}{
		"timeout":  {func() zeroq.Option { return zeroq.Timeout(time.Second) }, zeroq.ErrTimeout},
		"deadline": {func() zeroq.Option { return zeroq.Deadline(time.Now().Add(time.Second)) }, zeroq.ErrDeadline},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t)
			var cause error
			r.handle("x", func(ctx context.Context, _ *zeroq.Task) error {
				<-ctx.Done()
				cause = context.Cause(ctx)
				return nil
			})
			r.start()
			r.push(task("x", want.option()))
			r.outcome()
			if !errors.Is(cause, want.cause) {
				t.Errorf("%s: cause %v", name, cause)
			}
		})
	}
}

func TestJudge_ResultOfAFailedAttemptIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", func(ctx context.Context, task *zeroq.Task) error {
			if err := zeroq.SetResult(ctx, task.Attempt); err != nil {
				return err
			}
			if task.Attempt == 1 {
				return errHandler
			}
			return nil
		})
		r.start()
		r.push(task("x"))
		pass(2 * time.Second)
		all := r.settled()
		if len(all) != 2 || all[0].Result != nil || string(all[1].Result) != "2" {
			t.Errorf("outcomes %+v", all)
		}
	})
}

func TestPrejudge_WhatCannotStartIsSettledWithoutASlot(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Now() }
	for name, want := range map[string]struct {
		task    func() *zeroq.Task
		state   zeroq.State
		message string
	}{
		"unreadable": {func() *zeroq.Task { return task("unreadable") }, zeroq.Dead, "not a message"},
		"expired":    {func() *zeroq.Task { return task("x", zeroq.ExpiresAt(now().Add(-1))) }, zeroq.Expired, ""},
		"deadline":   {func() *zeroq.Task { return task("x", zeroq.Deadline(now())) }, zeroq.Dead, "deadline passed"},
		"unknown":    {func() *zeroq.Task { return task("y") }, zeroq.Retry, "no handler for this type"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t, func(c *Conf) { c.Concurrency = 1 })
			r.handle("x", func(context.Context, *zeroq.Task) error { t.Error(name, "started"); return nil })
			r.start()
			r.push(want.task())
			o := r.outcome()
			text := ""
			if o.Failure != nil {
				text = o.Failure.Message
			}
			if o.State != want.state || !strings.Contains(text, want.message) || (text == "") != (want.message == "") || !o.StartedAt.IsZero() {
				t.Errorf("%s: %s, %q, started %v", name, o.State, text, o.StartedAt)
			}
			if r.pool.Free() != 1 {
				t.Errorf("%s: %d slots are free", name, r.pool.Free())
			}
		})
	}
}

func TestPrejudge_OnlyTheFirstStartCanExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", answers(nil))
		r.start()
		again := task("x", zeroq.ExpiresAt(time.Now().Add(-time.Hour)))
		again.Attempt = 2
		r.push(again)
		if o := r.outcome(); o.State != zeroq.Succeeded {
			t.Errorf("it is %s", o.State)
		}
	})
}

func TestUnknown_WaitsLongerAndLongerAndIsDeadADayAfterItWasMet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.start()
		old := task("y")
		old.EnqueuedAt = time.Now().Add(-72 * time.Hour) // it waited for any worker at all
		r.push(old)
		met := time.Now()
		pass(25 * time.Hour)
		all := r.settled()
		for i, o := range all[:len(all)-1] {
			age := o.FinishedAt.Sub(met)
			if want := min(max(age/2, 5*time.Second), 5*time.Minute); o.State != zeroq.Retry || o.RunAt.Sub(o.FinishedAt) != want {
				t.Fatalf("time %d, after %v: %s, waits %v, want %v", i+1, age, o.State, o.RunAt.Sub(o.FinishedAt), want)
			}
			if o.NextAttempt != 1 || !o.StartedAt.IsZero() {
				t.Fatalf("an attempt was used: %+v", o)
			}
			if (o.Failure != nil) != (i == 0) {
				t.Fatalf("time %d adds the error %v to the task", i+1, o.Failure)
			}
		}
		last := all[len(all)-1]
		if age := last.FinishedAt.Sub(met); last.State != zeroq.Dead || age < 24*time.Hour || age > 24*time.Hour+6*time.Minute {
			t.Errorf("it is %s after %v", last.State, age)
		}
	})
}

func TestUnknown_RunsOnceAVersionKnowsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, atMostOnce) // it has not started, so it may wait even there
		r.start()
		r.push(task("y"))
		pass(time.Second)
		r.stop()
		next := prepare(t)
		next.fake, next.pool.broker = r.fake, r.fake
		next.handle("y", answers(nil))
		next.start()
		pass(5 * time.Second)
		all := r.settled()
		if last := all[len(all)-1]; last.State != zeroq.Succeeded || last.Delivery.Task.Attempt != 1 {
			t.Errorf("it is %s at attempt %d", last.State, last.Delivery.Task.Attempt)
		}
	})
}
