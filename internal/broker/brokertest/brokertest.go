// Package brokertest is the conformance suite that every broker passes: what the engine relies on,
// in words of the contract in package broker.
package brokertest

import (
	"context"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Broker is a broker with every power there is.
type Broker interface {
	broker.Broker
	broker.Inspector
	broker.Keeper
	broker.Registry
	broker.Controller
	broker.Operator
	broker.Timetable
	broker.Ledger
}

// Store is a broker under test, and its back door.
type Store struct {
	Broker Broker
	// Push puts a bare message on a queue's ready list as a foreign producer would.
	Push func(queue, message string)
}

// Run runs the suite. open makes a fresh, empty broker, which the test closes.
func Run(t *testing.T, open func(t testing.TB) Store) {
	for _, tests := range []suite{basics, switches, byHand, views, upkeep, answers} {
		run(t, open, tests)
	}
}

func run(t *testing.T, open func(t testing.TB) Store, tests suite) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			t.Cleanup(func() {
				if err := store.Broker.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			test(t, &rig{Store: store, t: t, ctx: t.Context()})
		})
	}
}

// rig is a broker with the shorthands of a test.
type rig struct {
	Store
	t   *testing.T
	ctx context.Context
}

const testLease = 400 * time.Millisecond

func (r *rig) join(worker string) broker.Member { return r.joinMode(worker, broker.AtLeastOnce) }

func (r *rig) joinMode(worker string, mode broker.Mode) broker.Member {
	r.t.Helper()
	m, err := r.Broker.Join(r.ctx, broker.Join{Queue: "q", Worker: worker, Mode: mode, Lease: testLease})
	r.must(err)
	r.t.Cleanup(func() { _ = m.Leave(context.WithoutCancel(r.ctx)) })
	return m
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// task returns a task of queue q as a producer hands it over.
func task(options ...zeroq.Option) *zeroq.Task {
	t := zeroq.NewTask("echo", map[string]any{"n": 1}, options...)
	if t.Queue == "" {
		t.Queue = "q"
	}
	t.SetDefaults()
	return t
}

func (r *rig) enqueue(tasks ...*zeroq.Task) {
	r.t.Helper()
	for i, err := range r.Broker.Enqueue(r.ctx, tasks) {
		if err != nil {
			r.t.Fatalf("task %d: %v", i, err)
		}
	}
}

// fetch takes exactly n tasks.
func (r *rig) fetch(m broker.Member, n int) []*broker.Delivery {
	r.t.Helper()
	var all []*broker.Delivery
	r.until("deliveries come", func() bool {
		deliveries, err := m.Fetch(r.ctx, n-len(all))
		r.must(err)
		all = append(all, deliveries...)
		return len(all) >= n
	})
	if len(all) != n {
		r.t.Fatalf("%d deliveries, want %d", len(all), n)
	}
	return all
}

// none checks that there is nothing to fetch.
func (r *rig) none(m broker.Member) {
	r.t.Helper()
	deliveries, err := m.Fetch(r.ctx, 10)
	r.must(err)
	if len(deliveries) > 0 {
		r.t.Fatalf("fetched %s, want nothing", deliveries[0].Raw)
	}
}

func (r *rig) info(id string) *zeroq.TaskInfo {
	r.t.Helper()
	info, err := r.Broker.Task(r.ctx, id, "")
	r.must(err)
	return info
}

// until polls until the condition holds.
func (r *rig) until(what string, condition func() bool) {
	r.t.Helper()
	deadline := time.After(15 * time.Second)
	for pause := time.Millisecond; !condition(); pause = min(2*pause, 20*time.Millisecond) {
		select {
		case <-deadline:
			r.t.Fatalf("still waiting: %s", what)
		case <-time.After(pause):
		}
	}
}

func (r *rig) succeed(m broker.Member, d *broker.Delivery) broker.Outcome {
	return broker.Outcome{Delivery: d, State: zeroq.Succeeded, StartedAt: m.Now(), FinishedAt: m.Now()}
}

func (r *rig) failed(m broker.Member, d *broker.Delivery, state zeroq.State) broker.Outcome {
	now := m.Now()
	return broker.Outcome{
		Delivery: d, State: state, StartedAt: now, FinishedAt: now,
		Failure: &zeroq.AttemptError{Attempt: d.Task.Attempt, At: now, Worker: "w", Duration: time.Second, Message: "boom"},
	}
}

func ids(deliveries []*broker.Delivery) []string {
	var all []string
	for _, d := range deliveries {
		all = append(all, d.Task.ID)
	}
	return all
}
