package pool

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
)

func TestCallOff_EndsTheHandlersContextAndNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		causes := map[string]error{}
		r.handle("x", func(ctx context.Context, task *zeroq.Task) error {
			select {
			case <-ctx.Done():
				causes[task.ID] = context.Cause(ctx)
				return ctx.Err()
			case <-time.After(10 * time.Second):
				return nil
			}
		})
		r.push(task("x", zeroq.ID("one")), task("x", zeroq.ID("two")))
		r.start()
		r.callOff("one")
		pass(time.Second)
		if done := r.settled(); len(done) != 1 || done[0].State != zeroq.Cancelled || done[0].Delivery.Task.ID != "one" {
			t.Fatalf("outcomes %+v", done)
		}
		if !errors.Is(causes["one"], zeroq.ErrCancelled) {
			t.Errorf("the cause is %v", causes["one"])
		}
		pass(10 * time.Second)
		if done := r.settled(); len(done) != 2 || done[1].State != zeroq.Succeeded {
			t.Errorf("outcomes %+v", done)
		}
	})
}

func TestCallOff_HandlerThatSucceedsAllTheSameHasSucceeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", func(ctx context.Context, _ *zeroq.Task) error {
			<-ctx.Done()
			return nil
		})
		r.push(task("x", zeroq.ID("one")))
		r.start()
		r.callOff("one")
		if o := r.outcome(); o.State != zeroq.Succeeded {
			t.Errorf("it is %s", o.State)
		}
	})
}

func TestCallOff_WhatWaitsForItsBatchNeverStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		got := r.gather("x", zeroq.Batch{Size: 4, Wait: 3 * time.Second})
		r.push(task("x", zeroq.ID("one")), task("x", zeroq.ID("two")))
		r.start()
		r.callOff("one")
		pass(time.Second)
		if done := r.settled(); len(done) != 1 || done[0].State != zeroq.Cancelled || r.pool.Free() != 9 {
			t.Fatalf("outcomes %+v; %d slots are free", done, r.pool.Free())
		}
		r.callOff("two") // the batch is empty now, and must not start
		pass(10 * time.Second)
		if all := drainOf(got); len(all) != 0 || r.pool.Free() != 10 {
			t.Errorf("batches %v; %d slots are free", all, r.pool.Free())
		}
	})
}

func TestCallOff_BatchThatRunsIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		var ended error
		r.mux.HandleBatch("x", zeroq.Batch{Size: 2}, zeroq.BatchHandlerFunc(func(ctx context.Context, tasks []*zeroq.Task) []error {
			select {
			case <-ctx.Done():
				ended = context.Cause(ctx)
			case <-time.After(5 * time.Second):
			}
			return nil
		}))
		r.push(task("x", zeroq.ID("one")), task("x", zeroq.ID("two")))
		r.start()
		r.callOff("one")
		pass(10 * time.Second)
		if ended != nil || count(r.settled(), zeroq.Succeeded) != 2 {
			t.Errorf("the batch ended with %v; outcomes %+v", ended, r.settled())
		}
	})
}

func TestPool_QueueAtItsLimitGoesOnAsSoonAsItMay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.limit = 2
		r.handle("x", func(context.Context, *zeroq.Task) error {
			<-time.After(10 * time.Millisecond)
			return nil
		})
		began := time.Now()
		for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
			r.push(task("x", zeroq.ID(id)))
		}
		r.start()
		pass(40 * time.Millisecond)
		if n := len(r.settled()); n != 6 {
			t.Errorf("%d of 6 tasks have run %v after the start: a limit of 2 and 10 ms a task need 30 ms", n, time.Since(began))
		}
	})
}

func TestPool_QueueAtItsLimitHoldsNoSlotsOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) {
			c.Concurrency = 2
			c.Queues = append(c.Queues, Queue{Name: "free", Weight: 1})
		})
		r.limit = 1
		r.handle("slow", untilDone)
		r.handle("fast", func(context.Context, *zeroq.Task) error { return nil })
		r.push(task("slow", zeroq.ID("s1")), task("slow", zeroq.ID("s2")), task("slow", zeroq.ID("s3")))
		for _, id := range []string{"a", "b", "c"} {
			r.push(task("fast", zeroq.ID(id), zeroq.Queue("free")))
		}
		r.start()
		pass(5 * time.Second)
		if n := len(r.settled()); n != 3 {
			t.Errorf("%d of the 3 fast tasks have run", n)
		}
		r.stop()
	})
}

func TestProgress_IsReportedFourTimesASecondAndKeptWithTheOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", func(ctx context.Context, task *zeroq.Task) error {
			task.ID = "a handler may do what it likes with its task"
			for i := range 100 {
				if err := zeroq.SetProgress(ctx, i); err != nil {
					return err
				}
				<-time.After(10 * time.Millisecond)
			}
			return nil
		})
		r.push(task("x", zeroq.ID("one")))
		r.start()
		if o := r.outcome(); string(o.Progress) != "99" || o.State != zeroq.Succeeded {
			t.Errorf("outcome %+v with progress %s", o, o.Progress)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		var seen []string
		for _, report := range r.reports {
			seen = append(seen, string(report["one"]))
		}
		if len(seen) < 4 || len(seen) > 5 || !slices.IsSortedFunc(seen, func(a, b string) int { return len(a) - len(b) }) {
			t.Errorf("reported %v in a second", seen)
		}
	})
}

func TestProgress_OfNoTaskIsAnError(t *testing.T) {
	t.Parallel()
	if err := zeroq.SetProgress(t.Context(), 1); err == nil {
		t.Error("it was taken")
	}
}
