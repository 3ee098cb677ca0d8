// Package brokertest is the conformance suite that every broker passes: what the engine relies on,
// in words of the contract in package broker.
package brokertest

import (
	"cmp"
	"context"
	"slices"
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

	// Carrier is what the ready tasks of the queue "q" travel by; zero: they are on lists of the broker's. Tasks
	// that travel take their time, and without a group they come in any order.
	Carrier broker.Powers
	// Kill has a member's process die for the carrier, whose messages go to others. nil: there is none.
	Kill func(member broker.Member)
	// Eager: the carrier hands messages to members before they fetch them. So nobody can tell who of several
	// members gets which, and a member keeps what it does not fetch from the others.
	Eager bool
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

// carried reports whether tasks travel by a carrier.
func (r *rig) carried() bool { return r.Carrier.Name != "" }

// kill has the process of a member die: what it has is found by a reaper, and, where tasks travel by a
// carrier, is given to others by that too.
func (r *rig) kill(m broker.Member) {
	if r.Kill != nil {
		r.Kill(m)
	}
}

// together skips a test of members that take tasks from each other, where that cannot be told.
func (r *rig) together() {
	if r.Eager {
		r.t.Skip("the carrier decides who gets what")
	}
}

// fetch takes exactly n tasks. Those that travelled by a carrier are put in the order of their ids, which is
// that of their enqueuing where the queue gave them.
func (r *rig) fetch(m broker.Member, n int) []*broker.Delivery {
	r.t.Helper()
	var all []*broker.Delivery
	r.until("deliveries come", func() bool {
		deliveries, err := m.Fetch(r.ctx, n-len(all), 0)
		r.must(err)
		all = append(all, deliveries...)
		return len(all) >= n
	})
	if len(all) != n {
		r.t.Fatalf("%d deliveries, want %d", len(all), n)
	}
	if r.carried() {
		slices.SortStableFunc(all, func(a, b *broker.Delivery) int { return cmp.Compare(idOf(a), idOf(b)) })
	}
	return all
}

// idOf is the id of a delivery's task; last in order for one that has none.
func idOf(d *broker.Delivery) string {
	if d.Task == nil {
		return "\xff"
	}
	return d.Task.ID
}

// some takes up to n tasks, once there are any.
func (r *rig) some(m broker.Member, n int) (deliveries []*broker.Delivery) {
	r.t.Helper()
	r.until("a delivery comes", func() bool {
		var err error
		deliveries, err = m.Fetch(r.ctx, n, 0)
		r.must(err)
		return len(deliveries) > 0 || !r.carried()
	})
	return deliveries
}

// quiet is how long nothing has to come for a test to believe that nothing travels.
const quiet = 200 * time.Millisecond

// quietly does something once, and again and again while a task may be travelling, until it says so.
func (r *rig) quietly(do func() (enough bool)) {
	end, cancel := context.WithTimeout(r.ctx, quiet)
	defer cancel()
	for !do() && r.carried() && end.Err() == nil {
		select {
		case <-end.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// none checks that there is nothing to fetch.
func (r *rig) none(m broker.Member) {
	r.t.Helper()
	r.quietly(func() bool {
		deliveries, err := m.Fetch(r.ctx, 10, 0)
		r.must(err)
		if len(deliveries) > 0 {
			r.t.Fatalf("fetched %s, want nothing", deliveries[0].Raw)
		}
		return false
	})
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
