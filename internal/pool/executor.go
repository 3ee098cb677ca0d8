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

// start runs a delivery's handler in a goroutine of its own.
func (p *Pool) start(l *lane, d *broker.Delivery, handler zeroq.Handler) {
	if p.lostBefore(l, d) {
		return
	}
	one, cancel := p.begin(l, d, d.Task.Timeout, d.Task.Deadline)
	task := ownCopy(d.Task)
	var ctx context.Context
	ctx, one.span = p.tracer.Process(one.ctx, task)
	go func() {
		defer p.slots.release(1)
		defer one.span.End()
		defer cancel()
		result, err := json.RawMessage(nil), errNoAnswer
		defer func() { p.finish(one, result, err) }()
		result, err = zeroq.Run(ctx, handler, task)
	}()
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
	p.slots.release(len(deliveries))
	return true
}

// startBatch runs a batch handler on deliveries of one lane and lease.
func (p *Pool) startBatch(l *lane, deliveries []*broker.Delivery, handler zeroq.BatchHandler) {
	if p.lostBefore(l, deliveries...) {
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
	first, cancel := p.begin(l, deliveries[0], timeout, deadline)
	runs[0], first.stop = first, nil
	for i, d := range deliveries[1:] {
		runs[i+1] = &run{lane: l, delivery: d, ctx: first.ctx, started: first.started, began: first.began}
		p.running.add(runs[i+1])
		p.countStart(runs[i+1])
	}
	ctx, span := p.tracer.ProcessBatch(first.ctx, tasks)
	for _, one := range runs {
		one.span = span
	}
	go func() {
		defer p.slots.release(len(runs))
		defer span.End()
		defer cancel()
		errs := slices.Repeat([]error{errNoAnswer}, len(runs))
		defer func() {
			for i, err := range errs {
				p.finish(runs[i], nil, err)
			}
		}()
		errs = zeroq.RunBatch(ctx, handler, tasks)
	}()
}

// ownCopy returns a task with which a handler may do what it likes, such as decrypt its data in place
// or enqueue it elsewhere.
func ownCopy(t *zeroq.Task) *zeroq.Task {
	own := *t
	own.Data, own.Headers, own.Errors = bytes.Clone(t.Data), maps.Clone(t.Headers), slices.Clone(t.Errors)
	return &own
}

// begin makes the context of a handler: it ends with the attempt's timeout, the task's deadline,
// the lease or the pool, or when the task is called off.
func (p *Pool) begin(l *lane, d *broker.Delivery, timeout time.Duration, deadline time.Time) (*run, context.CancelFunc) {
	now := l.member.Now()
	timeout, cause := verdict.Timeout(timeout, deadline, now)
	bounded, end := context.WithTimeoutCause(l.context(d.Lease), timeout, cause)
	ctx, stop := context.WithCancelCause(bounded)
	one := &run{lane: l, delivery: d, ctx: ctx, stop: stop, started: now, began: time.Now()}
	p.running.add(one)
	p.countStart(one)
	return one, func() {
		stop(context.Canceled)
		end()
	}
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
