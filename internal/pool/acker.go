package pool

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

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

// acker settles outcomes: those that come in while a call is under way go out together with the
// next one.
type acker struct {
	queue    string
	member   broker.Member
	outcomes chan broker.Outcome
	mu       sync.RWMutex // held for reading by those who add, for writing to close
	closed   bool
	errs     backoff.Backoff
	stats    *metrics.Queue
	settled  func()           // is called after each call that worked
	refused  atomic.Int64     // outcomes of tasks that belonged to others by then
	batch    []broker.Outcome // of run: what is settled now
}

func newAcker(queue string, member broker.Member, size int, stats *metrics.Queue, settled func()) *acker {
	return &acker{
		queue:    queue,
		member:   member,
		stats:    stats,
		outcomes: make(chan broker.Outcome, size),
		settled:  settled,
		errs:     backoff.Backoff{What: "settling tasks of queue " + queue},
	}
}

// add hands an outcome over; it waits while the broker is away and too much is unsettled. After
// close it does nothing: the outcome came too late.
func (a *acker) add(o broker.Outcome) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if !a.closed {
		a.outcomes <- o
	}
}

// close lets run end once everything that was added is settled.
func (a *acker) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	close(a.outcomes)
}

// run settles until the acker is closed and empty, or ctx ends.
func (a *acker) run(ctx context.Context) {
	var held *broker.Outcome // of another lease than those before it
	for {
		first, ok := held, true
		if held = nil; first == nil {
			var o broker.Outcome
			if o, ok = <-a.outcomes; !ok {
				return
			}
			first = &o
		}
		held = a.gather(*first)
		if !a.settle(ctx, a.batch) {
			lost := len(a.batch)
			if held != nil {
				lost++
			}
			a.discard(lost)
			return
		}
	}
}

// gather makes a batch of first and what is there of the same lease, within the bounds. It returns what it
// found of another one.
func (a *acker) gather(first broker.Outcome) (other *broker.Outcome) {
	clear(a.batch) // lets go of what was settled
	a.batch = append(a.batch[:0], first)
	bytes := size(first)
	for len(a.batch) < maxSettle && bytes < maxSettleBytes {
		select {
		case o, ok := <-a.outcomes:
			if !ok {
				return nil
			}
			if o.Delivery.Lease != first.Delivery.Lease {
				return &o
			}
			a.batch, bytes = append(a.batch, o), bytes+size(o)
		default:
			return nil
		}
	}
	return nil
}

// size is about what an outcome adds to a call.
func size(o broker.Outcome) int {
	if o.State == zeroq.Succeeded {
		return len(o.Result)
	}
	return len(o.Delivery.Raw)
}

// settle tries until the batch is settled, or refused; false when ctx has ended before.
func (a *acker) settle(ctx context.Context, batch []broker.Outcome) bool {
	for {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		err := a.member.Settle(call, batch)
		cancel()
		switch {
		case err == nil:
			a.errs.Worked()
			a.settled()
			return true
		case errors.Is(err, zeroq.ErrLeaseLost):
			a.refused.Add(int64(len(batch)))
			a.stats.Refused(len(batch))
			logx.Errorf("queue %s: %d outcomes refused; their tasks belong to other workers", a.queue, len(batch))
			return true
		}
		if !backoff.Pause(ctx, a.errs.Failed(err)) {
			return false
		}
	}
}

// discard gives up on what is left, so that whoever adds is not held up: their tasks run again
// when the lease is over.
func (a *acker) discard(lost int) {
	for range a.outcomes {
		lost++
	}
	logx.Errorf("%s: gave up with %d outcomes unsettled; their tasks will run again", a.errs.What, lost)
}
