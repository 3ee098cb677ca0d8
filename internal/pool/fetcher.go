package pool

import (
	"context"
	"errors"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// fetch takes tasks while there are free slots, and some ahead of them, until ctx ends. What then has not
// started is handed back.
func (p *Pool) fetch(ctx context.Context) {
	for ctx.Err() == nil {
		p.startWaiting(ctx)
		now, more := p.slots.want()
		switch {
		case now+more == 0:
			p.disarm(ctx)
			p.slots.wait(ctx)
			p.handBackAll(p.slots.late(), errLate)
		case p.round(ctx, now, more) == 0 && now > 0 && !p.slots.waiting():
			p.idle(ctx)
		}
	}
	p.handBackAll(p.slots.all(), zeroq.ErrShutdown)
}

// errLate is why a task is handed back that was fetched ahead.
var errLate = errors.New("no slot in time")

// round asks each queue for tasks: so many for free slots, and so many more to have at hand. It returns how many
// came.
func (p *Pool) round(ctx context.Context, now, more int) int {
	total := 0
	for _, i := range p.order.next() {
		l := p.lanes[i]
		if ctx.Err() != nil || total >= now+more {
			break
		}
		if l.reopened.Swap(false) {
			l.closed = time.Time{}
		}
		if time.Now().Before(l.closed) {
			continue
		}
		free := max(now-total, 0)
		ahead := p.aheadOf(l, free, now+more-total-free)
		if free+ahead > 0 {
			total += p.fetchFrom(ctx, l, free, ahead)
		}
	}
	p.slots.got(total >= now+more)
	return total
}

// aheadOf is how many tasks a queue is asked for ahead of so many free slots. None while another queue may have tasks
// and gives none ahead: those of this one would leave it no slot.
func (p *Pool) aheadOf(l *lane, free, most int) int {
	if l.queue.Mode == broker.AtMostOnce { // what is lost with its worker is gone for good
		l.slotted = l.slotted || free == 0
		return 0
	}
	if l.slotted {
		return min(free, 1) // one shows whether it still is
	}
	for _, other := range p.lanes {
		if other.slotted {
			return 0
		}
	}
	return most
}

func (p *Pool) fetchFrom(ctx context.Context, l *lane, n, ahead int) int {
	// A fetch that was sent is waited for, even when the pool is told to stop: what it took is ours.
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	mark := l.mark()
	deliveries, err := l.fetch(call, n, ahead)
	closed, isClosed := errors.AsType[*broker.ClosedError](err)
	l.limited.Store(isClosed && closed.Cause == broker.ErrLimited)
	l.slotted = n == 0 && l.limited.Load() || l.slotted && err == nil && len(deliveries) == n
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
	if len(deliveries) == 0 || n == 0 { // all slots run tasks
		l.watch.worked()
	}
	p.keep(l, deliveries, mark)
	return len(deliveries)
}

// keep has deliveries wait for their slots. mark was taken before the fetch.
func (p *Pool) keep(l *lane, deliveries []*broker.Delivery, mark int) {
	now := time.Now()
	waiting := make([]fetched, 0, len(deliveries))
	for _, d := range deliveries {
		if !l.admit(p.work, d.Lease, mark) {
			// Refused if they were lost with the lease; else they come back at once.
			p.settle(l, broker.Outcome{Delivery: d, State: zeroq.Ready}, zeroq.ErrLeaseLost)
			continue
		}
		waiting = append(waiting, fetched{lane: l, delivery: d, at: now, attended: p.attended(l, d)})
	}
	p.slots.add(waiting)
}

// attended reports that the fetching goroutine has to start a delivery: it must be committed, or is for a batch.
func (p *Pool) attended(l *lane, d *broker.Delivery) bool {
	if l.queue.Mode == broker.AtMostOnce || d.Task == nil {
		return true
	}
	if u := d.Task.Unique; u != nil && u.Mode == zeroq.UntilStarted {
		return true
	}
	route, _ := p.mux.Route(d.Task.Type)
	return route.BatchHandler != nil
}

// startWaiting gives free slots to what waits for one, and starts it.
func (p *Pool) startWaiting(ctx context.Context) {
	waiting := p.slots.take()
	for len(waiting) > 0 {
		n := 1
		for n < len(waiting) && waiting[n].lane == waiting[0].lane && waiting[n].delivery.Lease == waiting[0].delivery.Lease {
			n++
		}
		p.startAll(ctx, waiting[0].lane, waiting[:n])
		waiting = waiting[n:]
	}
	p.gatherer.flushAll(false)
}

// startAll starts deliveries of one lease that have slots, or settles what cannot start.
func (p *Pool) startAll(ctx context.Context, l *lane, waiting []fetched) {
	startable := make([]*broker.Delivery, 0, len(waiting))
	for _, f := range waiting {
		if p.startable(l, f.delivery) {
			startable = append(startable, f.delivery)
		}
	}
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	committed, err := l.member.Commit(call, startable)
	if err != nil {
		// None has started, so all may be handed back, whatever became of the call.
		for _, d := range startable {
			p.settle(l, broker.Outcome{Delivery: d, State: zeroq.Ready}, err)
		}
		l.closed = time.Now().Add(l.commits.Failed(err))
		l.watch.failed(err)
		p.slots.release(len(waiting))
		return
	}
	l.watch.worked()
	if len(startable) > 0 {
		l.commits.Worked()
	}
	if idle := len(waiting) - len(committed); idle > 0 {
		p.slots.release(idle)
	}
	for _, d := range committed {
		if route, _ := p.mux.Route(d.Task.Type); route.BatchHandler != nil {
			p.gatherer.add(l, d, route)
		} else {
			go p.occupy(l, d)
		}
	}
}

// startable reports whether a delivery may start; if not, it is settled.
func (p *Pool) startable(l *lane, d *broker.Delivery) bool {
	o, err, settled := p.prejudge(l, d)
	if settled {
		p.settle(l, o, err)
	}
	return !settled
}

// handBackAll gives deliveries back that have not started.
func (p *Pool) handBackAll(waiting []fetched, reason error) {
	for _, f := range waiting {
		p.settle(f.lane, broker.Outcome{Delivery: f.delivery, State: zeroq.Ready}, reason)
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
