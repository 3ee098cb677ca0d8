package zeroqtest

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// maxRuns is how often one call of RunReady or Drain runs a handler before it gives up: what goes on
// for so long goes on for ever.
const maxRuns = 100_000

// RunReady runs the tasks that are ready, and those that become so without the clock moving on, such as
// what their handlers enqueue. Those of a higher priority go first, then those that were ready first.
// It returns how many ran. When ctx ends, the handler at hand is told that its worker shuts down, and
// nothing more starts.
//
// A batch handler gets what is ready of its type, at once, up to the size of its batch.
func (q *Queues) RunReady(ctx context.Context) int {
	q.t.Helper()
	return q.runReady(ctx, maxRuns)
}

// Drain runs tasks as [Queues.RunReady] does, and moves the clock on to the next time that a task waits
// for, until none waits. It returns how many ran. Tasks of a type that mux does not know are left.
func (q *Queues) Drain(ctx context.Context) int {
	q.t.Helper()
	ran := 0
	for {
		ran += q.runReady(ctx, maxRuns-ran)
		next, ok := q.next()
		if !ok || ctx.Err() != nil {
			return ran
		}
		q.moveTo(next)
	}
}

func (q *Queues) runReady(ctx context.Context, most int) int {
	q.t.Helper()
	ran := 0
	for ctx.Err() == nil {
		n := q.runNext(ctx)
		if n == 0 {
			break
		}
		if ran += n; ran > most {
			q.t.Fatalf("zeroqtest: more than %d runs, and no end; there are\n%s", maxRuns, q.describe(q.waiting()))
		}
	}
	return ran
}

// next is the earliest time that a task waits for which has a handler.
func (q *Queues) next() (next time.Time, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.entries {
		if at, waits := e.due(); waits && !e.stray && (!ok || at.Before(next)) {
			next, ok = at, true
		}
	}
	return next, ok
}

// promote makes tasks ready whose time has come, the earliest first.
func (q *Queues) promote() {
	var due []*entry
	for _, e := range q.entries {
		if at, waits := e.due(); waits && !at.After(q.clock.now()) {
			due = append(due, e)
		}
	}
	slices.SortStableFunc(due, func(a, b *entry) int { return a.task.RunAt.Compare(b.task.RunAt) })
	for _, e := range due {
		q.ready(e)
	}
}

// take takes the next task that can start, with others of its batch. What cannot start is settled.
func (q *Queues) take() (batch []*entry, route zeroq.Route) {
	alike := func(e *entry) bool {
		return len(batch) == 0 || e.task.Type == batch[0].task.Type && e.task.Queue == batch[0].task.Queue
	}
	for e := q.first(alike); e != nil; e = q.first(alike) {
		to, known := q.mux.Route(e.task.Type)
		o, _, settled := q.rules(e.task.Queue, to).Before(&broker.Delivery{Task: e.task}, known, q.clock.now())
		if settled {
			e.stray = !known
			q.settle(e, o)
			continue
		}
		e.state = zeroq.Leased
		if route, batch = to, append(batch, e); len(batch) >= max(to.Batch.Size, 1) {
			break
		}
	}
	return batch, route
}

// first is the task that starts next of those that are ready and match; nil if there is none.
func (q *Queues) first(match func(*entry) bool) (first *entry) {
	for _, e := range q.entries {
		if e.state == zeroq.Ready && (first == nil || e.before(first)) && match(e) {
			first = e
		}
	}
	return first
}

// runNext runs a handler on what can start next, and settles it. It returns how many tasks that were.
func (q *Queues) runNext(ctx context.Context) int {
	q.mu.Lock()
	q.promote()
	batch, route := q.take()
	if len(batch) == 0 {
		q.mu.Unlock()
		return 0
	}
	run := q.begin(ctx, batch)
	run.batch = route.BatchHandler != nil
	tasks := make([]*zeroq.Task, len(batch))
	for i, e := range batch {
		tasks[i] = copyOf(e.task)
	}
	q.mu.Unlock()
	defer run.end()

	results, errs := make([]json.RawMessage, len(batch)), make([]error, len(batch))
	if route.BatchHandler != nil {
		errs = zeroq.RunBatch(run.ctx, route.BatchHandler, tasks)
	} else {
		results[0], errs[0] = zeroq.Run(run.ctx, route.Handler, tasks[0])
	}

	q.mu.Lock()
	defer q.mu.Unlock()
	for i, e := range batch {
		o := q.rules(e.task.Queue, route).After(
			run.facts(&broker.Delivery{Task: e.task}, q.clock.now()), results[i], errs[i])
		if e.cancelled && (o.State == zeroq.Retry || o.State == zeroq.Ready) {
			o.State, o.RunAt = zeroq.Cancelled, time.Time{}
		}
		e.run, e.progress = nil, run.progress.get()
		q.settle(e, o)
	}
	return len(batch)
}

// begin starts an attempt of the tasks.
func (q *Queues) begin(ctx context.Context, batch []*entry) *attempt {
	now := q.clock.now()
	var tasks []*zeroq.Task
	for _, e := range batch {
		tasks = append(tasks, e.task)
	}
	run := newAttempt(ctx, &q.settings, now, tasks...)
	for _, e := range batch {
		q.locks.free(e, zeroq.UntilStarted)
		e.attempt, e.started, e.run = e.task.Attempt, now, run
		e.cancelled, e.stray = false, false
	}
	return run
}
