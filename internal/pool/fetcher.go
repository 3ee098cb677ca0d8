package pool

import (
	"context"
	"errors"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// fetch takes tasks while there are free slots, until ctx ends.
func (p *Pool) fetch(ctx context.Context) {
	for ctx.Err() == nil {
		free, _ := p.slots.look()
		if free <= 0 {
			p.disarm(ctx)
			if free = p.slots.wait(ctx); free == 0 {
				return
			}
		}
		if p.round(ctx, free) == 0 {
			p.idle(ctx)
		}
	}
}

// round asks each queue for tasks until the free slots are filled, and returns how many came.
func (p *Pool) round(ctx context.Context, free int) int {
	total := 0
	for _, i := range p.order.next() {
		l := p.lanes[i]
		if ctx.Err() != nil || total >= free {
			break
		}
		if l.reopened.Swap(false) {
			l.closed = time.Time{}
		}
		if time.Now().Before(l.closed) {
			continue
		}
		total += p.fetchFrom(ctx, l, free-total)
	}
	p.gatherer.flushAll(false)
	return total
}

func (p *Pool) fetchFrom(ctx context.Context, l *lane, n int) int {
	// A fetch that was sent is waited for, even when the pool is told to stop: what it took is ours.
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	mark := l.mark()
	deliveries, err := l.member.Fetch(call, n)
	closed, isClosed := errors.AsType[*broker.ClosedError](err)
	l.limited.Store(isClosed && closed.Cause == broker.ErrLimited)
	switch {
	case isClosed:
		l.closed = time.Now().Add(min(closed.Wait, closedFor))
	case errors.Is(err, zeroq.ErrLeaseLost):
		l.lost(mark, nil)
	case err != nil:
		l.closed = time.Now().Add(l.errors.Failed(err))
		l.watch.failed(err)
		return 0
	default:
		l.watcher.fetched()
	}
	l.errors.Worked()
	l.watch.fetched()
	p.dispatch(call, l, deliveries, mark)
	return len(deliveries)
}

// dispatch starts what can start, and settles the rest. mark was taken before the fetch.
func (p *Pool) dispatch(ctx context.Context, l *lane, deliveries []*broker.Delivery, mark int) {
	var startable []*broker.Delivery
	for _, d := range deliveries {
		if o, err, settled := p.prejudge(l, d); settled {
			p.settle(l, o, err)
		} else if !l.admit(p.work, d.Lease, mark) {
			// Refused if they were lost with the lease; else they come back at once.
			p.settle(l, broker.Outcome{Delivery: d, State: zeroq.Ready}, zeroq.ErrLeaseLost)
		} else {
			startable = append(startable, d)
		}
	}
	committed, err := l.member.Commit(ctx, startable)
	if err != nil {
		// None has started, so all may be handed back, whatever became of the call.
		for _, d := range startable {
			p.settle(l, broker.Outcome{Delivery: d, State: zeroq.Ready}, err)
		}
		l.closed = time.Now().Add(l.commits.Failed(err))
		l.watch.failed(err)
		return
	}
	l.watch.worked()
	if len(startable) > 0 {
		l.commits.Worked()
	}
	p.slots.take(len(committed))
	for _, d := range committed {
		route, _ := p.mux.Route(d.Task.Type)
		if route.BatchHandler != nil {
			p.gatherer.add(l, d, route)
		} else {
			p.start(l, d, route.Handler)
		}
	}
}

// idle waits until a queue may have tasks: one was found, or a closed one opens.
func (p *Pool) idle(ctx context.Context) {
	now := time.Now()
	opens := now.Add(time.Minute)
	for _, l := range p.lanes {
		if now.Before(l.closed) {
			opens = earlier(opens, l.closed)
		} else {
			l.watcher.start(ctx)
		}
	}
	timer := time.NewTimer(time.Until(opens))
	defer timer.Stop()
	select {
	case <-p.woken:
	case <-timer.C:
	case <-ctx.Done():
	}
	for _, l := range p.lanes {
		switch r, ok := l.watcher.take(); {
		case ok && r.err != nil:
			l.closed = time.Now().Add(l.waits.Failed(r.err))
		case ok:
			l.waits.Worked()
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// disarm ends all waits, so that none takes a task which this pool has no slot for.
func (p *Pool) disarm(ctx context.Context) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	for _, l := range p.lanes {
		l.watcher.halt() // all at once, as each takes a round trip
	}
	for _, l := range p.lanes {
		if err := l.watcher.stop(call); err != nil {
			l.waits.Failed(err) // a reaper gives back what lies there
		}
	}
}
