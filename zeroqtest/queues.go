package zeroqtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/admission"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/taskid"
)

// Queues are queues in memory, with a worker for all of them and a clock. They are a [zeroq.Enqueuer],
// also for the handlers that they run, and safe for concurrent use.
//
// The clock starts at the time of the test and stands still but for [Queues.Advance] and
// [Queues.Drain]: see [InBubble] for code that asks for the time by itself. Nothing is forgotten, but
// an id may be chosen again once the retention of its task is over.
type Queues struct {
	t   TB
	mux *zeroq.Mux

	mu sync.Mutex
	settings
	entries []*entry // in the order in which they were enqueued
	locks   locks
	last    map[string]uint64 // the last id of each queue
	places  int
	refuse  error
}

var _ zeroq.Enqueuer = (*Queues)(nil)

// New makes queues whose tasks are run by the handlers of mux, when the test asks for it. mux may be
// nil for a test that only looks at what is enqueued.
func New(t TB, mux *zeroq.Mux, options ...Option) *Queues {
	if mux == nil {
		mux = zeroq.NewMux()
	}
	return &Queues{t: t, mux: mux, settings: newSettings(options), locks: make(locks), last: make(map[string]uint64)}
}

// Enqueue puts tasks on their queues as a producer does: see [zeroq.Enqueuer].
func (q *Queues) Enqueue(ctx context.Context, tasks ...*zeroq.Task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.promote()
	return admission.Gate{Put: q.put}.Enqueue(ctx, q.clock.now(), tasks...)
}

// Close does nothing: it is there for code that closes its producer.
func (q *Queues) Close() error { return nil }

// Refuse has every task refused with err from now on, such as [zeroq.ErrUnavailable]; nil ends that.
func (q *Queues) Refuse(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refuse = err
}

// Now is the time of the queues.
func (q *Queues) Now() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.clock.now()
}

// Advance moves the clock on. Tasks whose time has come are ready then, and a handler that calls it is
// out of time if it has taken too long by that. It runs nothing.
func (q *Queues) Advance(d time.Duration) {
	q.t.Helper()
	if d < 0 {
		q.t.Fatalf("zeroqtest: the clock cannot be moved by %v", d)
	}
	q.moveTo(q.Now().Add(d))
}

func (q *Queues) moveTo(at time.Time) {
	q.clock.wait(at)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.clock.move(at)
	q.promote()
	for _, e := range q.entries {
		if e.run != nil && !q.clock.now().Before(e.run.ends) {
			e.run.cancel(e.run.endsBy)
		}
	}
}

// Cancel calls a task off, which then never starts. It answers with zeroq.Cancelled, or with
// zeroq.Leased when its handler runs and is told to stop. A [zeroq.StateError]: it has finished
// otherwise.
func (q *Queues) Cancel(id string) (zeroq.State, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.promote()
	e := q.find(id)
	switch {
	case e == nil:
		return "", zeroq.ErrNotFound
	case e.state == zeroq.Leased:
		e.cancelled = true
		e.run.callOff()
	case e.waits():
		q.settle(e, broker.Outcome{State: zeroq.Cancelled, FinishedAt: q.clock.now()})
	case e.state != zeroq.Cancelled:
		return "", &zeroq.StateError{State: e.state}
	}
	return e.state, nil
}

// put takes tasks in that are valid and have their defaults.
func (q *Queues) put(_ context.Context, tasks []*zeroq.Task) []error {
	errs := make([]error, len(tasks))
	for i, t := range tasks {
		if errs[i] = q.refuse; errs[i] == nil {
			errs[i] = q.putOne(t)
		}
	}
	return errs
}

func (q *Queues) putOne(t *zeroq.Task) error {
	now := q.clock.now()
	if t.ID != "" && q.knows(t, now) {
		return zeroq.ErrDuplicateID
	}
	held, unique := q.locks.find(t, now)
	if unique && (t.Unique.Mode != zeroq.Debounce || held.mode != zeroq.Debounce) {
		return &zeroq.DuplicateError{TaskID: held.holder.task.ID}
	}
	stamp(t, now)
	e := held.holder
	switch {
	case unique: // it takes the place of the one before
		t.ID = e.task.ID
	case t.ID == "":
		q.last[t.Queue]++
		t.ID = taskid.New(t.Queue, 0, q.last[t.Queue])
	}
	if !unique {
		e = &entry{}
		q.entries = append(q.entries, e)
	}
	e.sent, e.task = copyOf(t), copyOf(t)
	e.task.Delay = 0 // it has become a time
	q.locks.take(e, now)
	if t.RunAt.IsZero() {
		q.ready(e)
	} else {
		e.state = zeroq.Scheduled
	}
	return nil
}

// knows reports whether the queue has a task of the id.
func (q *Queues) knows(t *zeroq.Task, now time.Time) bool {
	return slices.ContainsFunc(q.entries, func(e *entry) bool {
		return e.task.ID == t.ID && e.task.Queue == t.Queue && !e.forgotten(now)
	})
}

// ready puts the task behind those that are ready.
func (q *Queues) ready(e *entry) {
	q.places++
	e.state, e.place = zeroq.Ready, q.places
}

// settle takes in what became of the task, and lets go of its unique key.
func (q *Queues) settle(e *entry, o broker.Outcome) {
	e.record(o)
	switch {
	case e.state == zeroq.Cancelled:
		q.locks.free(e, freedByCancel...)
	case e.state.Finished():
		q.locks.free(e, freedByEnd...)
	case e.state == zeroq.Ready:
		e.place = 0 // to the front
	}
}

// find returns the task of the id, the newest if it was chosen again; nil if there is none.
func (q *Queues) find(id string) *entry {
	for i := len(q.entries) - 1; i >= 0; i-- {
		if q.entries[i].task.ID == id {
			return q.entries[i]
		}
	}
	return nil
}
