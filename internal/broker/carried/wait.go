package carried

import (
	"context"
	"sync"
	"time"
)

// waits is the wait of a member that is under way, and how to end it.
type waits struct {
	hints chan struct{} // has a value when a wait is to find something

	mu  sync.Mutex
	end context.CancelFunc // of the wait that is under way; nil: there is none
	did chan struct{}      // is closed when it has ended
}

func newWaits() waits { return waits{hints: make(chan struct{}, 1)} }

// hint has the wait that is under way, or else the next one, find something.
func (w *waits) hint() {
	select {
	case w.hints <- struct{}{}:
	default: // it is told already
	}
}

// begin begins a wait, which is over when done is called.
func (w *waits) begin(ctx context.Context) (ending context.Context, done func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ending, end := context.WithTimeout(ctx, idle)
	did := make(chan struct{})
	w.end, w.did = end, did
	return ending, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		end()
		close(did)
		w.end = nil
	}
}

// Wait implements [broker.Member].
func (m *member) Wait(ctx context.Context) (bool, error) {
	ending, done := m.waits.begin(ctx)
	defer done()
	if ending.Err() != nil {
		return false, nil
	}
	var due <-chan time.Time
	if at, found := m.waitlist.next(); found {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-m.sub.Arrived():
		return true, nil
	case <-m.waits.hints:
		return true, nil
	case <-due:
		return true, nil
	case <-ending.Done():
		return false, nil
	}
}

// Wake implements [broker.Member].
func (m *member) Wake(ctx context.Context) {
	m.waits.mu.Lock()
	end, did := m.waits.end, m.waits.did
	m.waits.mu.Unlock()
	if end == nil {
		return
	}
	end()
	select {
	case <-did:
	case <-ctx.Done():
	}
}

// Yield implements [broker.Member]. Nothing was taken yet: what arrived stays where it is, and the next
// wait finds it.
func (m *member) Yield(context.Context) error {
	m.waits.hint()
	return nil
}
