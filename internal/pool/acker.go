package pool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/metrics"
)

// Bounds of what is settled in one call.
const (
	maxSettle      = 512
	maxSettleBytes = 4 << 20
)

// linger is how long an outcome waits for others, or for the next fetch to take it along, while tasks run:
// a call for each would cost Redis ten times as much.
const linger = time.Millisecond

// acker settles outcomes: many in one call, on its own or together with a fetch.
type acker struct {
	queue   string
	member  broker.Member
	stats   *metrics.Queue
	errs    backoff.Backoff
	settled func()       // is called after each call that worked
	busy    func() bool  // more outcomes are to come soon
	refused atomic.Int64 // outcomes of tasks that belonged to others by then

	mu      sync.Mutex
	room    *sync.Cond       // of mu: somebody may add
	bound   int              // of waiting
	waiting []broker.Outcome // in order
	shut    bool             // nothing more is taken

	stir  chan struct{}    // has an element when there is a reason to look
	turn  chan struct{}    // has an element while somebody settles, whose batch is
	batch []broker.Outcome // what is settled now; it stays the same until that has worked
}

func newAcker(queue string, member broker.Member, bound int, stats *metrics.Queue, settled func(), busy func() bool) *acker {
	a := &acker{
		queue: queue, member: member, stats: stats, settled: settled, busy: busy, bound: bound,
		errs: backoff.Backoff{What: "settling tasks of queue " + queue},
		stir: make(chan struct{}, 1), turn: make(chan struct{}, 1),
	}
	a.room = sync.NewCond(&a.mu)
	return a
}

// add hands an outcome over; it waits while the broker is away and too much is unsettled. After
// close it does nothing: the outcome came too late.
func (a *acker) add(o broker.Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting) >= a.bound && !a.shut {
		a.room.Wait()
	}
	if a.shut {
		return
	}
	a.waiting = append(a.waiting, o)
	if n := len(a.waiting); n == 1 || n == min(maxSettle, a.bound) {
		a.look()
	}
}

// look has the acker settle what waits, if anything does.
func (a *acker) look() {
	select {
	case a.stir <- struct{}{}:
	default: // it is about to
	}
}

// hurry has what waits settled without waiting for more.
func (a *acker) hurry() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) > 0 {
		a.look()
	}
}

// close lets run end once everything that was added is settled.
func (a *acker) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shut = true
	a.room.Broadcast()
	a.look()
}

// run settles until the acker is closed and empty, or ctx ends.
func (a *acker) run(ctx context.Context) {
	for {
		select {
		case <-a.stir:
		case <-ctx.Done():
			a.giveUp()
			return
		}
		if !a.closed() && a.busy() {
			a.tarry(ctx)
		}
		last := a.closed() // before it looks: what is added until then is settled
		for a.settleNext(ctx) {
		}
		if last {
			a.giveUp()
			return
		}
	}
}

func (a *acker) closed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.shut
}

// tarry lets outcomes come together.
func (a *acker) tarry(ctx context.Context) {
	timer := time.NewTimer(linger)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.stir:
	case <-ctx.Done():
	}
}

// settleNext settles one batch, however often that takes; false when there is none, or ctx has ended.
func (a *acker) settleNext(ctx context.Context) bool {
	a.turn <- struct{}{}
	defer func() { <-a.turn }()
	for a.take(maxSettle) {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		err := a.member.Settle(call, a.batch)
		cancel()
		if a.answered(err) {
			return true
		}
		if !backoff.Pause(ctx, a.errs.Failed(err)) {
			break
		}
	}
	return false
}

// along has exchange settle up to so many outcomes, unless none waits, or others are settled right now.
func (a *acker) along(most int, exchange func(batch []broker.Outcome) error) bool {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	default:
		return false
	}
	if !a.take(most) {
		return false
	}
	if err := exchange(a.batch); !a.answered(err) {
		a.errs.Failed(err)
		a.look()
	}
	return true
}

// take makes a batch of what waits: of one lease, and within the bounds. It needs the turn, and keeps the batch
// that was not settled yet; false: there is nothing to settle.
func (a *acker) take(most int) bool {
	if len(a.batch) > 0 {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n, bytes := 0, 0
	for n < min(len(a.waiting), most) && (n == 0 || bytes < maxSettleBytes) && a.waiting[n].Delivery.Lease == a.waiting[0].Delivery.Lease {
		bytes += size(a.waiting[n])
		n++
	}
	a.batch = append(a.batch, a.waiting[:n]...)
	a.waiting = slices.Delete(a.waiting, 0, n)
	a.room.Broadcast()
	return n > 0
}

// size is about what an outcome adds to a call.
func size(o broker.Outcome) int {
	if o.State == zeroq.Succeeded {
		return len(o.Result)
	}
	return len(o.Delivery.Raw)
}

// answered takes in what became of the batch; false: it has to be settled again. It needs the turn.
func (a *acker) answered(err error) bool {
	switch {
	case err == nil:
		a.errs.Worked()
		a.settled()
	case errors.Is(err, zeroq.ErrLeaseLost):
		a.refused.Add(int64(len(a.batch)))
		a.stats.Refused(len(a.batch))
		logx.Errorf("queue %s: %d outcomes refused; their tasks belong to other workers", a.queue, len(a.batch))
	default:
		return false
	}
	clear(a.batch) // lets go of the tasks
	a.batch = a.batch[:0]
	return true
}

// giveUp leaves what is unsettled, so that whoever adds is not held up: these tasks run again when the lease
// is over.
func (a *acker) giveUp() {
	a.turn <- struct{}{}
	defer func() { <-a.turn }()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shut = true
	a.room.Broadcast()
	if lost := len(a.waiting) + len(a.batch); lost > 0 {
		logx.Errorf("%s: gave up with %d outcomes unsettled; their tasks will run again", a.errs.What, lost)
	}
}
