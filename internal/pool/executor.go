package pool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/verdict"
)

// errNoAnswer is what a handler that ends its goroutine has answered.
var errNoAnswer = errors.New("handler ended its goroutine by runtime.Goexit")

// occupy runs the handler of a delivery that has a slot, and then those of the next ones that wait for it.
func (p *Pool) occupy(l *lane, d *broker.Delivery) {
	returned := false
	defer func() {
		if !returned { // the handler has ended the goroutine
			p.slots.release(1)
		}
	}()
	for ok := true; ok; {
		l, d, ok = p.follow(p.attempt(l, d))
	}
	returned = true
}

// follow gives the slot of a task that took so long to the next that may start, or frees it.
func (p *Pool) follow(took time.Duration) (*lane, *broker.Delivery, bool) {
	next, ok := p.slots.next(took)
	for ok && !p.startable(next.lane, next.delivery) {
		next, ok = p.slots.next(0)
	}
	if !ok && !p.slots.busy() { // nothing else is to be settled soon
		for _, l := range p.lanes {
			l.acker.hurry()
		}
	}
	return next.lane, next.delivery, ok
}

// attempt runs a delivery's handler and settles the delivery. It returns how long the handler ran.
func (p *Pool) attempt(l *lane, d *broker.Delivery) time.Duration {
	if p.lostBefore(l, d) {
		return 0
	}
	route, _ := p.mux.Route(d.Task.Type)
	one := p.begin(l, d, route, d.Task.Timeout, d.Task.Deadline)
	task := ownCopy(d.Task)
	var ctx context.Context
	ctx, one.span = p.tracer.Process(one.term, task)
	defer one.span.End()
	defer one.term.end(context.Canceled)
	result, err := json.RawMessage(nil), errNoAnswer
	defer func() { p.finish(one, result, err) }()
	result, err = zeroq.Run(ctx, route.Handler, task)
	return time.Since(one.began)
}

// lostBefore reports that the lease was lost before any of its deliveries could start; then they
// are settled.
func (p *Pool) lostBefore(l *lane, deliveries ...*broker.Delivery) bool {
	if !errors.Is(context.Cause(l.context(deliveries[0].Lease)), zeroq.ErrLeaseLost) {
		return false
	}
	for _, d := range deliveries {
		p.settle(l, broker.Outcome{Delivery: d, State: zeroq.Ready}, zeroq.ErrLeaseLost)
	}
	return true
}

// startBatch runs a batch handler on deliveries of one lane and lease.
func (p *Pool) startBatch(l *lane, deliveries []*broker.Delivery, route zeroq.Route) {
	if p.lostBefore(l, deliveries...) {
		p.slots.release(len(deliveries))
		return
	}
	tasks, runs := make([]*zeroq.Task, len(deliveries)), make([]*run, len(deliveries))
	timeout, deadline := deliveries[0].Task.Timeout, deliveries[0].Task.Deadline
	for i, d := range deliveries {
		tasks[i] = ownCopy(d.Task)
		timeout = min(timeout, d.Task.Timeout)
		if at := d.Task.Deadline; !at.IsZero() && (deadline.IsZero() || at.Before(deadline)) {
			deadline = at
		}
	}
	// They share one context, which ends when any of them is out of time.
	first := p.begin(l, deliveries[0], route, timeout, deadline)
	runs[0] = first
	for i, d := range deliveries[1:] {
		runs[i+1] = &run{lane: l, delivery: d, route: route, term: first.term, started: first.started, began: first.began}
		p.running.add(runs[i+1])
		p.countStart(runs[i+1])
	}
	ctx, span := p.tracer.ProcessBatch(first.term, tasks)
	for _, one := range runs {
		one.span = span
	}
	go func() {
		defer p.slots.release(len(runs))
		defer span.End()
		defer first.term.end(context.Canceled)
		errs := slices.Repeat([]error{errNoAnswer}, len(runs))
		defer func() {
			for i, err := range errs {
				p.finish(runs[i], nil, err)
			}
		}()
		errs = zeroq.RunBatch(ctx, route.BatchHandler, tasks)
	}()
}

// ownCopy returns a task with which a handler may do what it likes, such as decrypt its data in place
// or enqueue it elsewhere.
func ownCopy(t *zeroq.Task) *zeroq.Task {
	own := *t
	own.Data, own.Headers, own.Errors = bytes.Clone(t.Data), maps.Clone(t.Headers), slices.Clone(t.Errors)
	return &own
}

// begin makes the context of a handler, and notes that it runs.
func (p *Pool) begin(l *lane, d *broker.Delivery, route zeroq.Route, timeout time.Duration, deadline time.Time) *run {
	now, began := l.member.Now(), time.Now()
	timeout, reason := verdict.Timeout(timeout, deadline, now)
	one := &run{lane: l, delivery: d, route: route, started: now, began: began}
	one.term = newTerm(l.context(d.Lease), began.Add(timeout), reason)
	p.running.add(one)
	p.countStart(one)
	return one
}

// finish settles what a handler answered, unless its task was given up in the meantime.
func (p *Pool) finish(one *run, result []byte, err error) {
	o := p.judge(one, result, err)
	if p.running.remove(one.delivery) {
		one.countEnd(o.State)
		one.span.Settle(one.delivery.Task, o.State, o.Failure, err)
		p.settle(one.lane, o, err)
	}
}

// settle hands an outcome to the acker and tells the observer.
func (p *Pool) settle(l *lane, o broker.Outcome, err error) {
	if o.Delivery.Task != nil {
		o.Progress = l.progress.take(o.Delivery.Task.ID)
	}
	l.acker.add(o)
	if p.conf.Observe == nil {
		return
	}
	event := Event{Task: o.Delivery.Task, Queue: l.queue.Name, State: o.State, Err: err, RunAt: o.RunAt}
	if !o.StartedAt.IsZero() {
		event.Took = o.FinishedAt.Sub(o.StartedAt)
	}
	p.conf.Observe(event)
}
