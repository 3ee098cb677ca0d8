package pool

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
)

func TestDrain_TasksWithinItsTimeFinish(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", func(ctx context.Context, _ *zeroq.Task) error {
			select {
			case <-time.After(19 * time.Second):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		r.start()
		r.push(tasks("x", 3)...)
		synctest.Wait()
		if took := r.stopTime(); took != 19*time.Second {
			t.Errorf("stopping took %v", took)
		}
		if n := count(r.settled(), zeroq.Succeeded); n != 3 {
			t.Errorf("%d of 3 tasks have finished", n)
		}
	})
}

func TestDrain_TasksBeyondItsTimeAreHandedBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		causes := r.causes("x")
		r.start()
		r.push(tasks("x", 2)...)
		pass(time.Second)
		if took := r.stopTime(); took != 20*time.Second {
			t.Errorf("stopping took %v", took)
		}
		if cause := <-causes; !errors.Is(cause, zeroq.ErrShutdown) {
			t.Errorf("cause %v", cause)
		}
		all := r.settled()
		if len(all) != 2 || count(all, zeroq.Ready) != 2 || all[0].Failure != nil || r.waiting("default") != 2 {
			t.Errorf("outcomes %+v", all)
		}
	})
}

func TestDrain_HandlersThatIgnoreTheirContextAreGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		events := make(chan Event, 10)
		r := prepare(t, func(c *Conf) { c.Observe = func(e Event) { events <- e } })
		answered := make(chan struct{})
		r.handle("x", func(context.Context, *zeroq.Task) error {
			defer close(answered)
			<-time.After(time.Hour)
			return nil
		})
		r.start()
		r.push(task("x"))
		synctest.Wait()
		if took := r.stopTime(); took != 20*time.Second+grace {
			t.Errorf("stopping took %v", took)
		}
		if e := <-events; e.State != zeroq.Ready || !errors.Is(e.Err, zeroq.ErrShutdown) || e.Took != 20*time.Second+grace {
			t.Errorf("%+v", e)
		}
		<-answered
		synctest.Wait()
		if all := r.settled(); len(all) != 1 || all[0].State != zeroq.Ready || len(events) != 0 {
			t.Errorf("a late outcome counts: %+v", all)
		}
	})
}

func TestDrain_WhatMustNotStartTwiceIsDead(t *testing.T) {
	t.Parallel()
	for _, ignores := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t, atMostOnce)
			r.handle("x", func(ctx context.Context, _ *zeroq.Task) error {
				<-ctx.Done()
				if ignores {
					<-time.After(time.Minute)
				}
				return ctx.Err()
			})
			r.start()
			r.push(task("x"))
			synctest.Wait()
			r.stop()
			if all := r.settled(); len(all) != 1 || all[0].State != zeroq.Dead || all[0].Failure == nil || r.waiting("default") != 0 {
				t.Errorf("handler ignores its context %v: %+v", ignores, all)
			}
			pass(time.Hour)
		})
	}
}

func TestDrain_GatheredTasksRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		got := r.gather("x", zeroq.Batch{Size: 5, Wait: time.Hour})
		r.start()
		r.push(tasks("x", 3)...)
		synctest.Wait()
		if took := r.stopTime(); took != 0 || len(got) != 1 || count(r.settled(), zeroq.Succeeded) != 3 {
			t.Errorf("after %v: %d batches, outcomes %+v", took, len(got), r.settled())
		}
	})
}

func TestDrain_HeartBeatsUntilEverythingIsSettled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) { c.Lease = 4 * time.Second })
		r.handle("x", func(context.Context, *zeroq.Task) error {
			<-time.After(10 * time.Second)
			return nil
		})
		r.before(func(_ context.Context, op string) error {
			if op == "settle" {
				<-time.After(3 * time.Second)
			}
			return nil
		})
		r.start()
		r.push(task("x"))
		pass(500 * time.Millisecond)
		r.stop()
		order := []string{"fetch", "waited", "handler", "settle", "beat", "leave"}
		for i, op := range order {
			if r.last(op) < 0 || i > 0 && r.last(op) <= r.last(order[i-1]) {
				t.Errorf("the last %s does not come after the last %s: %v", op, order[max(i-1, 0)], r.calls)
			}
		}
		if r.count("beat") != 13 {
			t.Errorf("%d beats in 13 seconds and a half, want one a second", r.count("beat"))
		}
	})
}

func TestStop_GivesUpOutcomesThatNobodyTakes(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]zeroq.HandlerFunc{
		"handlers are done":      answers(nil),
		"handlers wait":          untilDone,
		"handlers do not listen": func(context.Context, *zeroq.Task) error { <-time.After(time.Hour); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := prepare(t)
				r.handle("x", handler)
				r.before(func(ctx context.Context, op string) error {
					if op == "settle" {
						return errAway
					}
					return ctx.Err()
				})
				r.start()
				// Types that nobody knows fill the way to the acker, so the fetching goroutine waits for it.
				r.push(tasks("x", 5)...)
				r.push(tasks("unknown", 100)...)
				r.push(tasks("x", 5)...)
				pass(time.Minute)
				if took := r.stopTime(); took > r.pool.conf.StopTime()+grace {
					t.Errorf("stopping took %v, which should be at most %v", took, r.pool.conf.StopTime())
				}
				if r.count("leave") != 1 {
					t.Error("the pool did not leave")
				}
				pass(2 * time.Hour)
			})
		})
	}
}

func TestStop_BeforeTheBrokerWasEverThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) { c.Queues = append(c.Queues, Queue{Name: "b"}) })
		joins := 0
		r.before(func(_ context.Context, op string) error {
			if joins++; op == "join" && joins > 1 {
				return errAway
			}
			return nil
		})
		r.start()
		pass(time.Minute)
		if took := r.stopTime(); took != 0 || r.count("leave") != 1 {
			t.Errorf("stopping took %v, and %d of 1 queues were left", took, r.count("leave"))
		}
	})
}

func TestRunning_SaysWhoIsStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", func(context.Context, *zeroq.Task) error { <-time.After(time.Minute); return nil })
		r.start()
		r.push(task("x", zeroq.Timeout(10*time.Second), zeroq.ID("one")))
		pass(9 * time.Second)
		if running := r.pool.Running(); len(running) != 1 || running[0].Stuck || running[0].ID != "one" || running[0].Attempt != 1 {
			t.Errorf("within its timeout: %+v", running)
		}
		pass(3 * time.Second)
		if running := r.pool.Running(); len(running) != 1 || !running[0].Stuck {
			t.Errorf("long after its timeout: %+v", running)
		}
		if r.pool.Free() != 9 {
			t.Errorf("a stuck handler does not keep its slot: %d are free", r.pool.Free())
		}
		pass(time.Hour)
	})
}
