package zeroqtest

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/verdict"
)

// attempt is one run of a handler, on one task or on those of a batch.
type attempt struct {
	ctx      context.Context
	cancel   context.CancelCauseFunc
	end      func() // lets go of the context
	began    time.Time
	ends     time.Time // when it is out of time, by the clock of the queues,
	endsBy   error     // and the cause then
	progress progress
	batch    bool // of tasks for a batch handler
}

// newAttempt makes the context of a handler: it ends with the shortest timeout or deadline of the
// tasks, or as a shutdown with ctx.
func newAttempt(ctx context.Context, s *settings, now time.Time, tasks ...*zeroq.Task) *attempt {
	timeout, deadline := tasks[0].Timeout, tasks[0].Deadline
	for _, t := range tasks[1:] {
		timeout = min(timeout, t.Timeout)
		if at := t.Deadline; !at.IsZero() && (deadline.IsZero() || at.Before(deadline)) {
			deadline = at
		}
	}
	timeout, cause := verdict.Timeout(timeout, deadline, now)
	a := &attempt{began: now, ends: now.Add(timeout), endsBy: cause}
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	if a.cancel = cancel; s.cause != nil {
		cancel(s.cause)
	}
	unfollow := context.AfterFunc(ctx, func() { cancel(zeroq.ErrShutdown) })
	bounded, stop := context.WithTimeoutCause(work, timeout, cause)
	a.ctx = zeroq.WithProgress(bounded, a.progress.set)
	a.end = func() { unfollow(); stop(); cancel(nil) }
	return a
}

// facts are what a verdict needs of a run that ends now.
func (a *attempt) facts(d *broker.Delivery, now time.Time) verdict.Run {
	return verdict.Run{
		Delivery: d, StartedAt: a.began, FinishedAt: now, Took: now.Sub(a.began), Cause: context.Cause(a.ctx),
	}
}

// callOff tells the handler that its task is called off. The other tasks of a batch are none the worse
// for it: it runs to its end.
func (a *attempt) callOff() {
	if !a.batch {
		a.cancel(zeroq.ErrCancelled)
	}
}

// progress is what a handler has told last of how far it is.
type progress struct {
	mu  sync.Mutex
	raw json.RawMessage
}

func (p *progress) set(_ string, raw json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raw = raw
}

func (p *progress) get() json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.raw
}
