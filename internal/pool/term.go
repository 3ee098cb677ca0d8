package pool

import (
	"cmp"
	"context"
	"sync"
	"time"
)

// term is the context of a handler: it ends with the attempt's time, the lease or the pool, or when it is
// stopped. Most short handlers never ask for its end, so timer and channel are made when somebody does.
type term struct {
	lease    context.Context
	deadline time.Time
	reason   error // why it ends at the deadline

	mu    sync.Mutex
	ended error           // why it was ended before that; nil: it was not
	made  context.Context // nil until somebody asks
	stop  context.CancelCauseFunc
	free  context.CancelFunc
}

var _ context.Context = (*term)(nil)

// newTerm returns a context that ends at the deadline for a reason, and with that of the lease.
func newTerm(lease context.Context, deadline time.Time, reason error) *term {
	return &term{lease: lease, deadline: deadline, reason: reason}
}

// Deadline implements [context.Context].
func (t *term) Deadline() (time.Time, bool) { return t.deadline, true }

// Done implements [context.Context].
func (t *term) Done() <-chan struct{} { return t.context().Done() }

// Err implements [context.Context].
func (t *term) Err() error { return t.context().Err() }

// Value implements [context.Context]. It makes the context, as context.Cause asks this way.
func (t *term) Value(key any) any { return t.context().Value(key) }

func (t *term) context() context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made == nil {
		var bounded context.Context
		bounded, t.free = context.WithDeadlineCause(t.lease, t.deadline, t.reason)
		t.made, t.stop = context.WithCancelCause(bounded)
		t.cut()
	}
	return t.made
}

// end ends it, unless it is over.
func (t *term) end(cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended == nil {
		t.ended = cmp.Or(t.reached(), cause)
	}
	t.cut()
}

// cut ends what was made, if it is to end.
func (t *term) cut() {
	if t.made != nil && t.ended != nil {
		t.stop(t.ended)
		t.free()
	}
}

// cause is why it has ended; nil: it has not.
func (t *term) cause() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.made != nil:
		return context.Cause(t.made)
	case t.ended != nil:
		return t.ended
	}
	return t.reached()
}

// reached is why it has ended by itself; nil: it has not.
func (t *term) reached() error {
	switch {
	case t.lease.Err() != nil:
		return context.Cause(t.lease)
	case !time.Now().Before(t.deadline):
		return t.reason
	}
	return nil
}
