package zeroqtest

import (
	"context"
	"encoding/json"
	"slices"
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
	batch    []*entry
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

// stopCancelled ends the context if all tasks of the attempt are called off.
func (a *attempt) stopCancelled() {
	if !slices.ContainsFunc(a.batch, func(e *entry) bool { return !e.cancelled }) {
		a.cancel(zeroq.ErrCancelled)
	}
}

// progress is what a handler has told last of how far it is.
type progress struct {
	mu  sync.Mutex
	raw json.RawMessage
}

func (p *progress) set(raw json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raw = raw
}

func (p *progress) get() json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.raw
}
