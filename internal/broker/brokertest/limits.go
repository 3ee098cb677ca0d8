package brokertest

import (
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func (r *rig) limit(limits zeroq.Limits) {
	r.t.Helper()
	r.must(r.Broker.Configure(r.ctx, "q", limits))
}

// present is how many tasks are in each state.
func (r *rig) present() map[zeroq.State]int64 {
	r.t.Helper()
	info, err := r.Broker.Queue(r.ctx, "q")
	r.must(err)
	return info.Counts
}

// limited checks that the queue is at its limit, and returns how long to wait.
func (r *rig) limited(m broker.Member) time.Duration {
	r.t.Helper()
	var closed *broker.ClosedError
	r.quietly(func() bool {
		deliveries, err := m.Fetch(r.ctx, 10, 0)
		ok := errors.As(err, &closed) && errors.Is(err, broker.ErrLimited)
		if !ok && (!r.carried() || err != nil || len(deliveries) > 0) {
			r.t.Fatalf("fetched %d, %v; want that the queue is at its limit", len(deliveries), err)
		}
		return ok
	})
	if closed == nil {
		return 0 // others have all there is, so nobody asked
	}
	return closed.Wait
}

func limitConcurrency(_ *testing.T, r *rig) {
	r.together()
	r.limit(zeroq.Limits{Concurrency: 3})
	for range 8 {
		r.enqueue(task())
	}
	one, two := r.join("one"), r.join("two")
	first := r.fetch(one, 2)
	r.fetchUpTo(two, 10, 1)
	r.limited(one)
	r.limited(two)
	r.must(one.Settle(r.ctx, []broker.Outcome{r.succeed(one, first[0])}))
	third := r.fetchUpTo(two, 10, 1)
	r.limited(two)
	back := r.succeed(two, third[0])
	back.State = zeroq.Ready
	r.must(two.Settle(r.ctx, oneOutcome(back)))
	r.fetchUpTo(one, 10, 1)
	r.limited(two)
}

// fetchUpTo asks for n and gets want.
func (r *rig) fetchUpTo(m broker.Member, n, want int) []*broker.Delivery {
	r.t.Helper()
	var deliveries []*broker.Delivery
	r.until("deliveries come", func() bool {
		got, err := m.Fetch(r.ctx, n-len(deliveries), 0)
		if !r.carried() || !errors.Is(err, broker.ErrLimited) { // one that was taken meanwhile may be the last
			r.must(err)
		}
		deliveries = append(deliveries, got...)
		return len(deliveries) >= want || !r.carried()
	})
	if len(deliveries) != want {
		r.t.Fatalf("asked for %d, got %d, want %d", n, len(deliveries), want)
	}
	return deliveries
}

// limitSurvivesDeath: what dead workers held counts until it is given back, and no longer.
func limitSurvivesDeath(_ *testing.T, r *rig) {
	r.together()
	r.limit(zeroq.Limits{Concurrency: 2})
	for range 4 {
		r.enqueue(task())
	}
	dead, early := r.join("dead"), r.join("early")
	r.fetch(dead, 2)
	r.limited(early)
	r.kill(dead)
	r.kill(early)
	r.reap(2)
	live := r.join("live")
	got := r.fetchUpTo(live, 10, 2)
	r.limited(live)
	r.must(live.Settle(r.ctx, []broker.Outcome{r.succeed(live, got[0]), r.succeed(live, got[1])}))
	r.fetchUpTo(live, 10, 2)
	r.must(r.Broker.Recount(r.ctx, "q"))
	r.limited(live)
}

func limitRate(t *testing.T, r *rig) {
	r.limit(zeroq.Limits{Rate: 0.001, Burst: 3})
	for range 10 {
		r.enqueue(task())
	}
	m := r.join("w")
	r.fetchUpTo(m, 2, 2)
	r.fetchUpTo(m, 10, 1)
	if r.carried() {
		r.until("there is more that may not start", func() bool { return r.limited(m) > 0 })
	}
	if wait := r.limited(m); wait < 900*time.Second || wait > 1000*time.Second {
		t.Errorf("to wait %v for the next of 0.001 a second", wait)
	}
	if n := r.present()[zeroq.Leased]; n != 3 {
		t.Errorf("%d are leased", n)
	}
	r.limit(zeroq.Limits{Rate: 1000, Burst: 1})
	for range 5 {
		r.until("a token is there", func() bool {
			deliveries, err := m.Fetch(r.ctx, 10, 0)
			if err != nil && !errors.Is(err, broker.ErrLimited) {
				r.must(err)
			}
			if len(deliveries) > 1 {
				t.Fatalf("%d tokens at once", len(deliveries))
			}
			return len(deliveries) == 1
		})
	}
	r.limit(zeroq.Limits{})
	r.fetchUpTo(m, 10, 2)
}

// highest is the highest priority that a task of the queue can have.
func (r *rig) highest() zeroq.Priority {
	if r.carried() {
		return zeroq.Normal
	}
	return zeroq.High
}

func limitLength(t *testing.T, r *rig) {
	r.enqueue(task())
	r.limit(zeroq.Limits{MaxLength: 5})
	r.enqueue(task(zeroq.Delay(time.Hour)), task(zeroq.Prioritized(r.highest())))
	many := []*zeroq.Task{task(), task(), task(), task()}
	accepted := 0
	for i, err := range r.Broker.Enqueue(r.ctx, many) {
		if err == nil {
			accepted++
		} else if !errors.Is(err, zeroq.ErrQueueFull) || many[i].ID != "" {
			t.Errorf("task %d: %v", i, err)
		}
	}
	if accepted != 2 {
		t.Errorf("%d were accepted where there was room for 2", accepted)
	}
	for name, one := range map[string]*zeroq.Task{
		"plain": task(), "chosen": task(zeroq.ID("mine")), "later": task(zeroq.Delay(time.Hour)), "unique": task(zeroq.UniqueKey("k", zeroq.UntilFinished)),
	} {
		if err := r.try(one); !errors.Is(err, zeroq.ErrQueueFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.Push("q", `{"type":"echo"}`) // nobody is there to refuse it
	m := r.join("w")
	got := r.fetch(m, 5)
	retry := r.failed(m, got[0], zeroq.Retry)
	retry.NextAttempt, retry.RunAt = 2, m.Now().Add(time.Hour)
	r.must(m.Settle(r.ctx, oneOutcome(retry)))
	r.enqueue(task(), task(), task()) // beside one that is scheduled and one to be retried
	if err := r.try(task()); !errors.Is(err, zeroq.ErrQueueFull) {
		t.Errorf("beside tasks that wait for their time: %v", err)
	}
	r.limit(zeroq.Limits{})
	r.enqueue(task())
}
