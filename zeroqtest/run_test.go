package zeroqtest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/zeroqtest"
)

func TestRun_TellsWhatBecomesOfTheTask(t *testing.T) {
	t.Parallel()
	later := start.Add(time.Hour)
	for name, tt := range map[string]struct {
		task    *zeroq.Task
		handler zeroq.HandlerFunc
		options []zeroqtest.Option
		state   zeroq.State
		next    int
		delay   time.Duration
		error   string
	}{
		"nil":      {handler: answers(nil), state: zeroq.Succeeded},
		"an error": {handler: answers(errFails), state: zeroq.Retry, next: 2, delay: time.Second, error: "handler failed"},
		"a later attempt": {task: zeroq.NewTask("x", nil, at(3)), handler: answers(errFails),
			state: zeroq.Retry, next: 4, delay: 4 * time.Second, error: "handler failed"},
		"its policy": {handler: answers(errFails), options: []zeroqtest.Option{zeroqtest.Retry(zeroq.RetryPolicy{Base: time.Minute, Max: time.Hour, Jitter: 1})},
			state: zeroq.Retry, next: 2, delay: time.Minute, error: "handler failed"},
		"the last attempt": {task: zeroq.NewTask("x", nil, zeroq.MaxAttempts(1)), handler: answers(errFails), state: zeroq.Dead, error: "handler failed"},
		"permanent":        {handler: answers(zeroq.Permanent(errFails)), state: zeroq.Dead, error: "handler failed"},
		"at most once":     {handler: answers(errFails), options: []zeroqtest.Option{zeroqtest.AtMostOnce()}, state: zeroq.Dead, error: "handler failed"},
		"a snooze":         {handler: answers(zeroq.Snooze(time.Minute)), state: zeroq.Retry, next: 1, delay: time.Minute},
		"a snooze too long": {task: zeroq.NewTask("x", nil, zeroq.Deadline(later)), handler: answers(zeroq.Snooze(time.Hour)),
			state: zeroq.Dead, error: "task deadline passed: snoozed for 1h0m0s"},
		"cancelled": {handler: answers(context.Canceled), options: []zeroqtest.Option{zeroqtest.Interrupted(zeroq.ErrCancelled)}, state: zeroq.Cancelled},
		"shut down": {handler: answers(errFails), options: []zeroqtest.Option{zeroqtest.Interrupted(zeroq.ErrShutdown)}, state: zeroq.Ready},
		"a panic":   {handler: func(context.Context, *zeroq.Task) error { panic("boom") }, state: zeroq.Retry, next: 2, delay: time.Second, error: "panic: boom"},
	} {
		task := tt.task
		if task == nil {
			task = zeroq.NewTask("x", nil)
		}
		got := zeroqtest.Run(t, tt.handler, task, append(tt.options, zeroqtest.At(start))...)
		if got.State != tt.state || got.NextAttempt != tt.next || got.Delay != tt.delay {
			t.Errorf("%s: %+v", name, got)
		}
		if want := start.Add(tt.delay); tt.state == zeroq.Retry && got.NextRunAt != want || tt.state != zeroq.Retry && !got.NextRunAt.IsZero() {
			t.Errorf("%s: it runs at %v, want %v", name, got.NextRunAt, want)
		}
		if tt.error == "" && got.Error != "" {
			t.Errorf("%s: the error %q is kept", name, got.Error)
		}
		contains(t, got.Error, tt.error)
	}
}

func TestRun_TheHandlerMeetsTheTaskAsAWorkerHasIt(t *testing.T) {
	t.Parallel()
	task := zeroq.NewTask("x", map[string]int{"n": 1}, zeroq.Header("tenant", "acme"), zeroq.Delay(time.Minute))
	got := zeroqtest.Run(t, zeroq.HandlerFunc(func(ctx context.Context, own *zeroq.Task) error {
		from, _ := zeroq.TaskFrom(ctx)
		if from != own || own.ID == "" || own.Queue != "default" || own.Attempt != 1 || own.MaxAttempts != 10 || own.Delay != 0 ||
			own.EnqueuedAt != start || own.RunAt != start.Add(time.Minute) || own.Headers["tenant"] != "acme" {
			t.Errorf("the handler has %+v", own)
		}
		if until, ok := ctx.Deadline(); !ok || time.Until(until) > zeroq.DefaultTimeout {
			t.Errorf("its context ends at %v", until)
		}
		own.Data[0], own.Headers["tenant"] = 'x', "other"
		return errors.Join(zeroq.SetProgress(ctx, 0.5), zeroq.SetProgress(ctx, 0.9), zeroq.SetResult(ctx, "done"))
	}), task, zeroqtest.At(start))
	if string(got.Result) != `"done"` || string(got.Progress) != "0.9" || got.Err != nil {
		t.Errorf("%+v", got)
	}
	if string(task.Data) != `{"n":1}` || task.Headers["tenant"] != "acme" || task.ID != "" || !task.EnqueuedAt.IsZero() {
		t.Errorf("the test's task has become %+v", task)
	}
}

func TestRun_FailsTheTestWhenNoQueueTakesTheTask(t *testing.T) {
	t.Parallel()
	text := fails(t, func(t zeroqtest.TB) { zeroqtest.Run(t, answers(nil), zeroq.NewTask("no type", nil)) })
	contains(t, text, "no queue takes the task: type must be")
}

func TestRun_TheTimeoutTakesNoTimeInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		got := zeroqtest.Run(t, zeroq.HandlerFunc(func(ctx context.Context, _ *zeroq.Task) error {
			<-ctx.Done()
			return ctx.Err()
		}), zeroq.NewTask("x", nil, zeroq.Timeout(10*time.Minute)), zeroqtest.InBubble())
		if got.State != zeroq.Retry || got.Error != "attempt timed out after 10m0s: context deadline exceeded" {
			t.Errorf("%+v", got)
		}
		if got.NextRunAt != began.Add(10*time.Minute+time.Second).UTC() {
			t.Errorf("it runs at %v", got.NextRunAt)
		}
	})
}

func TestDecode_FailsTheTestOnWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	if got := zeroqtest.Decode[[]int](t, []byte("[1,2]")); len(got) != 2 {
		t.Errorf("%v", got)
	}
	contains(t, fails(t, func(t zeroqtest.TB) { zeroqtest.Decode[int](t, []byte(`"a"`)) }), `"a" is no int`)
}
