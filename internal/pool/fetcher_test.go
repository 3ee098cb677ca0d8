package pool

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func TestPool_RunsNoMoreAtOnceThanItHasSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) { c.Concurrency = 3 })
		var now, most atomic.Int64
		r.handle("x", func(context.Context, *zeroq.Task) error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			<-time.After(time.Second)
			return nil
		})
		r.start()
		r.push(tasks("x", 10)...)
		pass(500 * time.Millisecond)
		if running := r.pool.Running(); len(running) != 3 || r.pool.Free() != 0 {
			t.Errorf("%d tasks run, %d slots are free", len(running), r.pool.Free())
		}
		pass(3500 * time.Millisecond)
		if n := count(r.settled(), zeroq.Succeeded); n != 10 || most.Load() != 3 {
			t.Errorf("after four rounds of three %d have run, at most %d at once", n, most.Load())
		}
	})
}

func TestPool_StrictLetsLaterQueuesWait(t *testing.T) {
	t.Parallel()
	for strict, want := range map[bool]string{true: "high", false: "low"} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t, func(c *Conf) {
				c.Concurrency, c.Strict = 1, strict
				c.Queues = []Queue{{Name: "high", Weight: 1}, {Name: "low", Weight: 1000}}
			})
			order := make(chan string, 100)
			r.handle("x", func(_ context.Context, task *zeroq.Task) error { order <- task.Queue; return nil })
			r.push(tasks("x", 50, zeroq.Queue("low"))...)
			r.push(tasks("x", 50, zeroq.Queue("high"))...)
			r.start()
			first := 0
			for range 50 {
				if <-order == want {
					first++
				}
			}
			if first < 40 || strict && first != 50 {
				t.Errorf("strict %v: %d of the first 50 tasks came from %s", strict, first, want)
			}
		})
	}
}

func TestPool_GoesOnThroughEveryErrorOfTheBroker(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"join", "fetch", "commit", "settle", "beat", "wait"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := prepare(t)
				r.handle("x", answers(nil))
				var away atomic.Bool
				r.before(func(ctx context.Context, called string) error {
					if called == op && away.Load() {
						return errAway
					}
					return ctx.Err()
				})
				away.Store(true)
				r.push(task("x"))
				r.start()
				pass(9 * time.Second)
				if n := r.count(op); n > 24 {
					t.Errorf("%s was called %d times in nine seconds of errors", op, n)
				}
				away.Store(false)
				r.push(task("x"))
				pass(2 * backoff.Max)
				if n := count(r.settled(), zeroq.Succeeded); n != 2 {
					t.Errorf("%d of 2 tasks have run", n)
				}
			})
		})
	}
}

func TestPool_StopsAtOnceWhereverTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"join", "fetch", "wait", "beat", "leave"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := prepare(t)
				r.before(func(ctx context.Context, called string) error {
					if called == op {
						<-ctx.Done() // it hangs
						return errAway
					}
					return ctx.Err()
				})
				r.start()
				pass(7 * time.Second)
				if took := r.stopTime(); took > callTimeout {
					t.Errorf("stopping took %v", took)
				}
			})
		})
	}
}

func TestPool_LeavesThePausedQueueAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", answers(nil))
		r.pause("default", true)
		r.push(task("x"))
		r.start()
		pass(10 * time.Second)
		if fetches, waits := r.count("fetch"), r.count("wait"); fetches > 11 || waits > 0 || len(r.settled()) > 0 {
			t.Errorf("in ten seconds: %d looks, %d waits, %d outcomes", fetches, waits, len(r.settled()))
		}
		if r.pool.LastFetch().Before(time.Now().Add(-2 * time.Second)) {
			t.Error("a pool whose queue is paused does not count as fetching")
		}
		r.pause("default", false)
		pass(closedFor)
		if len(r.settled()) != 1 {
			t.Error("the task did not run when the queue was resumed")
		}
	})
}

func TestPool_APausedQueueDoesNotHoldUpAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) { c.Queues = append(c.Queues, Queue{Name: "b"}) })
		r.handle("x", answers(nil))
		r.pause("default", true)
		r.start()
		pass(300 * time.Millisecond)
		r.push(task("x", zeroq.Queue("b")))
		synctest.Wait()
		if len(r.settled()) != 1 {
			t.Error("a task of the other queue waits")
		}
	})
}

func TestPool_HandsBackWhatItCouldNotCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, atMostOnce)
		ran := 0
		r.handle("x", func(context.Context, *zeroq.Task) error { ran++; return nil })
		failed := false
		r.before(func(_ context.Context, op string) error {
			if op == "commit" && !failed {
				failed = true
				return errAway
			}
			return nil
		})
		r.push(task("x"))
		r.start()
		pass(time.Second)
		all := r.settled()
		if len(all) != 2 || all[0].State != zeroq.Ready || all[1].State != zeroq.Succeeded || ran != 1 {
			t.Errorf("ran %d times, outcomes %+v", ran, all)
		}
	})
}

func TestPool_FullSlotsEndTheWaitsOfItsOtherQueues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) {
			c.Concurrency = 1
			c.Queues = append(c.Queues, Queue{Name: "b"})
		})
		r.handle("x", untilDone)
		r.start()
		r.push(task("x", zeroq.Timeout(time.Second)))
		synctest.Wait()
		if waits, ended := r.count("wait"), r.count("waited"); waits != ended {
			t.Errorf("%d waits of %d are under way though no slot is free", waits-ended, waits)
		}
		r.push(task("x", zeroq.Queue("b"), zeroq.Timeout(time.Second)))
		pass(500 * time.Millisecond)
		if r.waiting("b") != 1 {
			t.Error("a task was taken without a slot for it")
		}
		pass(time.Second)
		if r.waiting("b") != 0 {
			t.Error("a task waits though a slot is free")
		}
	})
}

func TestWatcher_GivesBackWhatItFoundWhenItIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.push(task("x"))
		member, err := f.Join(t.Context(), broker.Join{Queue: "default"})
		if err != nil {
			t.Fatal(err)
		}
		w := newWatcher(member)
		go w.run(make(chan struct{}, 1))
		defer close(w.arm)
		w.start(t.Context())
		synctest.Wait()
		if err := w.stop(t.Context()); err != nil || f.count("yield") != 1 {
			t.Errorf("%v, given back %d times", err, f.count("yield"))
		}
		if err := w.stop(t.Context()); err != nil || f.count("yield") != 1 {
			t.Errorf("a watcher that is not armed gives back: %v", err)
		}
	})
}

// A pool whose last slot is filled from another queue must not keep what a wait has found: it lies where
// nobody else is told of it.
func TestWatcher_GivesBackWhatNoFetchHasTaken(t *testing.T) {
	t.Parallel()
	for _, fetched := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			f.push(task("x"))
			member, err := f.Join(t.Context(), broker.Join{Queue: "default"})
			if err != nil {
				t.Fatal(err)
			}
			w := newWatcher(member)
			go w.run(make(chan struct{}, 1))
			defer close(w.arm)
			w.start(t.Context())
			synctest.Wait()
			if r, ok := w.take(); !ok || !r.found {
				t.Fatalf("the wait came to %+v, %v", r, ok)
			}
			want := 1
			if fetched {
				w.fetched()
				want = 0
			}
			if err := w.stop(t.Context()); err != nil || f.count("yield") != want {
				t.Errorf("fetched %v: %v, given back %d times", fetched, err, f.count("yield"))
			}
		})
	}
}

func TestWatcher_StopsAWaitThatHasNotBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		member, err := f.Join(t.Context(), broker.Join{Queue: "default"})
		if err != nil {
			t.Fatal(err)
		}
		connect := make(chan struct{})
		f.before(func(context.Context, string) error {
			<-connect // it has not reached the broker, so the broker has nothing to wake
			return nil
		})
		w := newWatcher(member)
		go w.run(make(chan struct{}, 1))
		defer close(w.arm)
		w.start(t.Context())
		synctest.Wait()
		time.AfterFunc(time.Millisecond, func() { close(connect) })
		began := time.Now()
		if err := w.stop(t.Context()); err != nil || time.Since(began) != time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestPool_HandlersMayChangeTheirTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		spoil := func(task *zeroq.Task) { *task = zeroq.Task{ID: "another", Type: "other", Queue: "elsewhere"} }
		r.handle("x", func(_ context.Context, task *zeroq.Task) error { spoil(task); return nil })
		r.mux.HandleBatch("y", zeroq.Batch{Size: 1}, zeroq.BatchHandlerFunc(func(_ context.Context, tasks []*zeroq.Task) []error {
			spoil(tasks[0])
			return nil
		}))
		r.start()
		for _, typ := range []string{"x", "y"} {
			r.push(task(typ, zeroq.ID("mine")))
			synctest.Wait()
		}
		for _, o := range r.settled() {
			if o.Delivery.Task.ID != "mine" {
				t.Errorf("%s is recorded as %s", "mine", o.Delivery.Task.ID)
			}
		}
	})
}

func TestPool_TellsTheObserverOfEveryOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		events := make(chan Event, 10)
		r := prepare(t, func(c *Conf) { c.Observe = func(e Event) { events <- e } })
		r.handle("x", func(context.Context, *zeroq.Task) error {
			<-time.After(3 * time.Second)
			return errHandler
		})
		r.start()
		r.push(task("x", zeroq.MaxAttempts(1)), task("unreadable"))
		if e := <-events; e.Task != nil || e.State != zeroq.Dead || e.Err != errUnreadable || e.Took != 0 || e.Queue != "default" {
			t.Errorf("%+v", e)
		}
		if e := <-events; e.Task.Type != "x" || e.State != zeroq.Dead || e.Err != errHandler || e.Took != 3*time.Second {
			t.Errorf("%+v", e)
		}
	})
}

// What has started elsewhere by the time that it is committed is left alone: it gets no handler, no outcome
// and no slot.
func TestPool_StartsOnlyWhatItCouldCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, atMostOnce)
		var ran []string
		r.handle("x", func(_ context.Context, task *zeroq.Task) error {
			ran = append(ran, task.ID)
			return nil
		})
		r.started["theirs"] = true
		r.push(task("x", zeroq.ID("theirs")), task("x", zeroq.ID("ours")))
		r.start()
		pass(time.Second)
		if all := r.settled(); len(all) != 1 || !slices.Equal(ran, []string{"ours"}) {
			t.Errorf("ran %v, outcomes %+v", ran, all)
		}
		if took := r.stopTime(); took != 0 {
			t.Errorf("it holds a slot: stopping took %v", took)
		}
	})
}
