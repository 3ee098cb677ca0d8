package pool

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/metrics"
)

// causes registers a handler that runs until its context ends, and sends why it did.
func (r *rig) causes(typ string) <-chan error {
	causes := make(chan error, 100)
	r.handle(typ, func(ctx context.Context, _ *zeroq.Task) error {
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return ctx.Err()
	})
	return causes
}

func TestHeart_BeatsFourTimesInALease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.start()
		pass(60 * time.Second)
		if n := r.count("beat"); n != 20 {
			t.Errorf("%d beats in five leases", n)
		}
	})
}

func TestHeart_LostLeaseEndsItsHandlersAndRefusesTheirOutcomes(t *testing.T) {
	t.Parallel()
	for _, mode := range []broker.Mode{broker.AtLeastOnce, broker.AtMostOnce} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t, func(c *Conf) { c.Queues[0].Mode = mode })
			causes := r.causes("x")
			r.handle("after", answers(nil))
			r.start()
			r.push(tasks("x", 3)...)
			pass(time.Second)
			r.steal()
			pass(2 * time.Second) // the beat comes three seconds after the start
			for range 3 {
				if cause := <-causes; !errors.Is(cause, zeroq.ErrLeaseLost) {
					t.Errorf("cause %v", cause)
				}
			}
			if n := r.pool.lanes[0].acker.refused.Load(); n != 3 || len(r.settled()) != 0 {
				t.Errorf("%d outcomes refused, %d recorded", n, len(r.settled()))
			}
			r.push(task("after"))
			pass(2 * time.Second)
			if n := count(r.settled(), zeroq.Succeeded); n != 1 {
				t.Error("no task runs under a new lease")
			}
		})
	}
}

func TestHeart_NoGoodBeatForALeaseGivesTheTasksUp(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"refuses", "hangs"} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t)
			causes := r.causes("x")
			r.start()
			r.push(task("x"))
			pass(4 * time.Second) // one beat was good
			r.before(func(ctx context.Context, op string) error {
				if how == "hangs" {
					<-ctx.Done()
				}
				return errAway
			})
			began := time.Now()
			if cause := <-causes; !errors.Is(cause, zeroq.ErrLeaseLost) {
				t.Errorf("cause %v", cause)
			}
			// The last good beat was a second ago then; one more that fails may be under way.
			if took := time.Since(began); took < 10*time.Second || took > 15*time.Second {
				t.Errorf("the broker %s: given up after %v", how, took)
			}
			if r.count("abandon") != 1 {
				t.Errorf("abandoned %d times", r.count("abandon"))
			}
			r.before(nil)
			pass(callTimeout + 2*backoff.Max)
			// Nobody took the tasks, so the outcome counts.
			if all := r.settled(); len(all) == 0 || all[0].State != zeroq.Ready {
				t.Errorf("outcomes %+v", all)
			}
		})
	}
}

func TestHeart_ShortOutageDisturbsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", func(ctx context.Context, _ *zeroq.Task) error {
			select {
			case <-time.After(30 * time.Second):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		r.start()
		r.push(task("x"))
		pass(4 * time.Second)
		r.before(func(context.Context, string) error { return errAway })
		pass(8 * time.Second)
		r.before(nil)
		pass(30 * time.Second)
		if all := r.settled(); len(all) != 1 || all[0].State != zeroq.Succeeded || r.count("abandon") != 0 {
			t.Errorf("outcomes %+v", all)
		}
	})
}

func TestLease_LossNoticedByAFetchEndsTheHandlers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) { c.Lease = time.Hour })
		causes := r.causes("x")
		r.start()
		r.push(task("x"))
		synctest.Wait()
		r.steal()
		pass(3 * time.Second) // the wait ends, and a fetch follows
		if cause := <-causes; !errors.Is(cause, zeroq.ErrLeaseLost) {
			t.Errorf("cause %v", cause)
		}
	})
}

// The answer of a fetch may come after the heartbeat has learned that the lease is over.
func TestLease_TasksOfALeaseLostWhileTheyCameDoNotStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		member, err := f.Join(t.Context(), broker.Join{Queue: "default"})
		if err != nil {
			t.Fatal(err)
		}
		r := prepare(t)
		r.handle("x", func(context.Context, *zeroq.Task) error { t.Error("it started"); return nil })
		l := &lane{queue: r.pool.conf.Queues[0]}
		r.pool.equip(l, member)
		f.push(task("x"))
		mark := l.mark()
		deliveries, err := member.Fetch(t.Context(), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		l.lost(l.mark(), nil)
		r.pool.keep(l, deliveries, mark)
		r.pool.startWaiting(t.Context())
		synctest.Wait()
		if o := l.acker.waiting[0]; o.State != zeroq.Ready || !o.StartedAt.IsZero() || r.pool.Free() != 10 {
			t.Errorf("%+v, %d slots are free", o, r.pool.Free())
		}
	})
}

func TestLease_OneLossIsNotTakenForTwo(t *testing.T) {
	t.Parallel()
	l := &lane{stats: metrics.NewWorkers().Queue("default")}
	admit := func(lease string) context.Context {
		if !l.admit(t.Context(), lease, l.mark()) {
			t.Errorf("%s is not admitted", lease)
		}
		return l.context(lease)
	}
	first, beat := admit("first"), l.mark()
	l.lost(l.mark(), nil) // a fetch notices
	second := admit("second")
	l.lost(beat, func() { t.Error("the second lease is abandoned") }) // the beat is answered late
	if !errors.Is(context.Cause(first), zeroq.ErrLeaseLost) || second.Err() != nil {
		t.Errorf("first %v, second %v", context.Cause(first), context.Cause(second))
	}
	third := admit("third")
	if !errors.Is(context.Cause(second), zeroq.ErrLeaseLost) || third.Err() != nil {
		t.Errorf("a new lease leaves the one before it alive: %v, %v", context.Cause(second), third.Err())
	}
	if late := l.context("first"); !errors.Is(context.Cause(late), zeroq.ErrLeaseLost) || l.context("third") != third {
		t.Errorf("a task of a lost lease would start: %v", context.Cause(late))
	}
	l.end()
}

func TestGatherer_DoesNotStartWhatBelongsToOthersByThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		var started, lost atomic.Int64
		r.mux.HandleBatch("x", zeroq.Batch{Size: 10, Wait: 5 * time.Second}, zeroq.BatchHandlerFunc(
			func(context.Context, []*zeroq.Task) []error { started.Add(1); return nil }))
		r.handle("y", func(ctx context.Context, _ *zeroq.Task) error {
			<-ctx.Done()
			if errors.Is(context.Cause(ctx), zeroq.ErrLeaseLost) {
				lost.Add(1)
			}
			return ctx.Err()
		})
		r.start()
		r.push(tasks("x", 3)...)
		pass(time.Second)
		r.steal()
		pass(3 * time.Second) // a beat learns it
		r.push(task("y"))     // begins a new lease
		pass(2 * time.Second) // the batch's time is over
		if started.Load() != 0 || r.pool.Free() != 9 {
			t.Errorf("%d batches started, %d slots are free", started.Load(), r.pool.Free())
		}
		r.steal()
		pass(4 * time.Second)
		if lost.Load() != 1 {
			t.Error("a handler of the new lease did not learn of its loss")
		}
	})
}
