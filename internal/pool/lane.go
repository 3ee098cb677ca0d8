package pool

import (
	"context"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// lane is a pool's way to one queue.
type lane struct {
	queue   Queue
	member  broker.Member
	acker   *acker
	watcher *watcher
	errors  backoff   // of fetching
	closed  time.Time // no fetch before then: the queue is paused, or fetching failed

	mu     sync.Mutex
	lease  string          // that of the last delivery
	ctx    context.Context // of the handlers of that lease
	cancel context.CancelCauseFunc
}

// context returns the context of handlers whose task belongs to the lease.
func (l *lane) context(work context.Context, lease string) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lease != lease {
		l.lease = lease
		l.ctx, l.cancel = context.WithCancelCause(work)
	}
	return l.ctx
}

// lost ends the handlers of the lease that is over.
func (l *lane) lost() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel(zeroq.ErrLeaseLost)
		l.lease, l.cancel = "", nil
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
