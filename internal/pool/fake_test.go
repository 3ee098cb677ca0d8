package pool

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// fake is a broker in memory, whose clock is the test's. A hook stands before every call: it may
// wait, or answer in the broker's place with an error.
type fake struct {
	mu       sync.Mutex
	queues   map[string]*fakeQueue
	lost     map[string]bool // leases that others took the tasks of
	started  map[string]bool // tasks that have started elsewhere
	outcomes []broker.Outcome
	refused  []broker.Outcome
	calls    []string // operations, as they began; "waited" is the end of a wait
	batches  []int    // sizes of what was settled at once
	hook     func(ctx context.Context, op string) error
	leases   int
	members  []*fakeMember
	limit    int // tasks of a queue that may be at hand; 0: any number
	reports  []map[string]json.RawMessage

	exchanges bool // its members are Exchangers
}

type fakeQueue struct {
	ready  []*zeroq.Task
	bell   chan struct{} // closed and replaced when ready grows
	paused bool
	limit  int // of its own
}

func newFake() *fake {
	return &fake{queues: make(map[string]*fakeQueue), lost: make(map[string]bool), started: make(map[string]bool)}
}

// before sets the hook.
func (f *fake) before(hook func(ctx context.Context, op string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

func (f *fake) begin(ctx context.Context, op string) error {
	f.note(op)
	f.mu.Lock()
	hook := f.hook
	f.mu.Unlock()
	if hook == nil {
		return ctx.Err()
	}
	return hook(ctx, op)
}

func (f *fake) note(op string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, op)
}

// last is where an operation stands last among the calls; -1 if it never was.
func (f *fake) last(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, call := range slices.Backward(f.calls) {
		if call == op {
			return i
		}
	}
	return -1
}

func (f *fake) count(op string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, call := range f.calls {
		if call == op {
			n++
		}
	}
	return n
}

// queue needs f.mu.
func (f *fake) queue(name string) *fakeQueue {
	if f.queues[name] == nil {
		f.queues[name] = &fakeQueue{bell: make(chan struct{})}
	}
	return f.queues[name]
}

func (f *fake) push(tasks ...*zeroq.Task) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, task := range tasks {
		task.SetDefaults()
		if task.EnqueuedAt.IsZero() {
			task.EnqueuedAt = time.Now()
		}
		if task.ID == "" {
			task.ID = fmt.Sprintf("t%d", len(f.calls))
		}
		f.queue(task.Queue).add(task, false)
	}
}

func (q *fakeQueue) add(task *zeroq.Task, front bool) {
	if front {
		q.ready = slices.Insert(q.ready, 0, task)
	} else {
		q.ready = append(q.ready, task)
	}
	close(q.bell)
	q.bell = make(chan struct{})
}

func (f *fake) pause(queue string, paused bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue(queue).paused = paused
}

// waiting is how many tasks are ready.
func (f *fake) waiting(queue string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.queue(queue).ready)
}

// settled returns the outcomes that were recorded.
func (f *fake) settled() []broker.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.outcomes)
}

// callOff tells every member that a task is called off.
func (f *fake) callOff(id string) {
	f.mu.Lock()
	members := slices.Clone(f.members)
	f.mu.Unlock()
	for _, m := range members {
		m.join.Stop(id)
	}
}

// steal takes every lease that is held to others.
func (f *fake) steal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range f.leases {
		f.lost[leaseName(n+1)] = true
	}
}

func leaseName(n int) string { return fmt.Sprintf("lease-%d", n) }

func (f *fake) Join(ctx context.Context, join broker.Join) (broker.Member, error) {
	if err := f.begin(ctx, "join"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m := &fakeMember{fake: f, join: join}
	f.members = append(f.members, m)
	if f.exchanges {
		return fakeExchanger{m}, nil
	}
	return m, nil
}

func (f *fake) Enqueue(context.Context, []*zeroq.Task) []error { panic("not used") }
func (f *fake) Ping(context.Context) error                     { return nil }
func (f *fake) Close() error                                   { return nil }

type fakeMember struct {
	fake  *fake
	join  broker.Join
	lease string // of fake.mu
	held  int    // of fake.mu
}

func (m *fakeMember) Now() time.Time { return time.Now() }

func (m *fakeMember) Fetch(ctx context.Context, n, ahead int) ([]*broker.Delivery, error) {
	if err := m.fake.begin(ctx, "fetch"); err != nil {
		return nil, err
	}
	m.fake.mu.Lock()
	defer m.fake.mu.Unlock()
	if m.lease == "" {
		m.fake.leases++
		m.lease = leaseName(m.fake.leases)
	}
	if m.fake.lost[m.lease] {
		m.lease = ""
		return nil, zeroq.ErrLeaseLost
	}
	q := m.fake.queue(m.join.Queue)
	if q.paused {
		return nil, &broker.ClosedError{Cause: broker.ErrPaused, Wait: time.Second}
	}
	asked, limit := n, max(m.fake.limit, q.limit)
	if limit == 0 {
		n += ahead
	} else {
		if n = min(n, limit-m.held); n < 1 {
			wait := 100 * time.Millisecond
			if asked == 0 {
				wait = 0
			}
			return nil, &broker.ClosedError{Cause: broker.ErrLimited, Wait: wait}
		}
	}
	var deliveries []*broker.Delivery
	for len(q.ready) > 0 && len(deliveries) < n {
		d := &broker.Delivery{Task: q.ready[0], Raw: []byte(q.ready[0].Data), Receipt: q.ready[0].ID, Lease: m.lease}
		if d.Task.Type == "unreadable" {
			d.Task, d.Err = nil, errUnreadable
		}
		deliveries, q.ready = append(deliveries, d), q.ready[1:]
		m.held++
	}
	return deliveries, nil
}

func (m *fakeMember) Wait(ctx context.Context) (bool, error) {
	defer m.fake.note("waited")
	if err := m.fake.begin(ctx, "wait"); err != nil {
		return false, err
	}
	m.fake.mu.Lock()
	q := m.fake.queue(m.join.Queue)
	found, bell := len(q.ready) > 0, q.bell
	m.fake.mu.Unlock()
	if found {
		return true, nil
	}
	select {
	case <-bell:
		return true, nil
	case <-time.After(2 * time.Second):
	case <-ctx.Done():
	}
	return false, nil
}

func (m *fakeMember) Wake(context.Context) {}

func (m *fakeMember) Yield(ctx context.Context) error { return m.fake.begin(ctx, "yield") }

func (m *fakeMember) Commit(ctx context.Context, deliveries []*broker.Delivery) ([]*broker.Delivery, error) {
	if err := m.fake.begin(ctx, "commit"); err != nil {
		return nil, err
	}
	m.fake.mu.Lock()
	defer m.fake.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(deliveries), func(d *broker.Delivery) bool { return m.fake.started[d.Task.ID] }), nil
}

func (m *fakeMember) Report(ctx context.Context, lease string, progress map[string]json.RawMessage) error {
	if err := m.fake.begin(ctx, "report"); err != nil {
		return err
	}
	m.fake.mu.Lock()
	defer m.fake.mu.Unlock()
	m.fake.reports = append(m.fake.reports, progress)
	return nil
}

func (m *fakeMember) Settle(ctx context.Context, outcomes []broker.Outcome) error {
	if err := m.fake.begin(ctx, "settle"); err != nil {
		return err
	}
	m.fake.mu.Lock()
	defer m.fake.mu.Unlock()
	if m.fake.lost[outcomes[0].Delivery.Lease] {
		m.fake.refused = append(m.fake.refused, outcomes...)
		return zeroq.ErrLeaseLost
	}
	m.fake.batches = append(m.fake.batches, len(outcomes))
	m.held -= len(outcomes)
	for _, o := range outcomes {
		if o.Delivery.Lease != outcomes[0].Delivery.Lease {
			panic("outcomes of two leases in one call")
		}
		m.fake.outcomes = append(m.fake.outcomes, o)
		m.goOn(o)
	}
	return nil
}

// goOn puts a task that is to run again where it comes from, as its message would have it.
func (m *fakeMember) goOn(o broker.Outcome) {
	if o.State == zeroq.Ready {
		m.fake.queue(m.join.Queue).add(o.Delivery.Task, true)
	}
	if o.State != zeroq.Retry {
		return
	}
	again := *o.Delivery.Task
	again.Attempt, again.RunAt = o.NextAttempt, o.RunAt
	if o.Failure != nil {
		again.Errors = append(slices.Clone(again.Errors), *o.Failure)
		again.Errors = again.Errors[max(0, len(again.Errors)-zeroq.MaxErrors):]
	}
	time.AfterFunc(time.Until(o.RunAt), func() {
		m.fake.mu.Lock()
		defer m.fake.mu.Unlock()
		m.fake.queue(m.join.Queue).add(&again, false)
	})
}

func (m *fakeMember) Beat(ctx context.Context) error {
	if err := m.fake.begin(ctx, "beat"); err != nil {
		return err
	}
	m.fake.mu.Lock()
	defer m.fake.mu.Unlock()
	if m.lease != "" && m.fake.lost[m.lease] {
		m.lease = ""
		return zeroq.ErrLeaseLost
	}
	return nil
}

func (m *fakeMember) Abandon() {
	m.fake.note("abandon")
	m.fake.mu.Lock()
	defer m.fake.mu.Unlock()
	m.lease = ""
}

func (m *fakeMember) Leave(ctx context.Context) error { return m.fake.begin(ctx, "leave") }
