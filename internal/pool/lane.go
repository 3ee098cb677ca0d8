package pool

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/metrics"
)

// lane is a pool's way to one queue.
type lane struct {
	queue   Queue
	member  broker.Member
	acker   *acker
	watcher *watcher
	errors  backoff.Backoff // of fetching
	commits backoff.Backoff // of committing, which fails by itself: fetching may work meanwhile
	waits   backoff.Backoff // of waiting, likewise
	closed  time.Time       // no fetch before then: the queue is closed, or fetching failed

	slotted   bool             // it gives tasks for free slots only, and may have some
	exchanger broker.Exchanger // the member; nil if it is none

	limited  atomic.Bool // the last fetch found the queue at its limit
	reopened atomic.Bool // tasks were settled since
	progress *progress
	stats    *metrics.Queue
	watch    *watchdog

	mu     sync.Mutex
	lease  string          // that of the last deliveries
	ctx    context.Context // of the handlers of that lease
	cancel context.CancelCauseFunc
	losses int // leases that were lost so far
}

// over is the context of handlers whose lease was lost before they started.
var over = func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(zeroq.ErrLeaseLost)
	return ctx
}()

// mark returns how many leases were lost so far, for admit and lost.
func (l *lane) mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.losses
}

// admit says that a fetch brought deliveries of the lease. It reports false when a lease was lost
// since the mark was taken, before the fetch: it may be this one.
func (l *lane) admit(work context.Context, lease string, mark int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.losses != mark {
		return false
	}
	if l.ctx != nil && l.lease == lease {
		return true
	}
	if l.ctx != nil { // a new lease begins when the one before it is over, whoever saw it end
		l.countLoss()
		l.cancel(zeroq.ErrLeaseLost)
		l.losses++
	}
	l.lease = lease
	l.ctx, l.cancel = context.WithCancelCause(zeroq.WithProgress(work, l.progress.set))
	return true
}

// maxAlong is how many outcomes a fetch takes along at most. More are worth a call of their own, which goes on
// at the same time.
const maxAlong = 64

// fetch takes deliveries, and has outcomes that wait settled in the same round trip where that can be done.
func (l *lane) fetch(ctx context.Context, n, ahead int) (deliveries []*broker.Delivery, err error) {
	exchange := func(batch []broker.Outcome) (settling error) {
		deliveries, err, settling = l.exchanger.Exchange(ctx, batch, n, ahead)
		return settling
	}
	if l.exchanger != nil && l.acker.along(maxAlong, exchange) {
		return deliveries, err
	}
	return l.member.Fetch(ctx, n, ahead)
}

// context returns the context of handlers whose task belongs to the lease.
func (l *lane) context(lease string) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx != nil && l.lease == lease {
		return l.ctx
	}
	return over
}

// leaseName is the name of the lease at hand.
func (l *lane) leaseName() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lease
}

// lost ends the handlers of the lease at hand, unless a loss was noticed since the mark was taken:
// fetching and the heartbeat may both come upon the same one. then may be nil; no delivery is
// admitted while it runs.
func (l *lane) lost(mark int, then func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.losses != mark {
		return
	}
	l.losses++
	l.countLoss()
	if l.cancel != nil {
		l.cancel(zeroq.ErrLeaseLost)
	}
	if then != nil {
		then()
	}
}

// end lets go of the last lease's context.
func (l *lane) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel(context.Canceled)
	}
}
