package pool

import (
	"context"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// watcher waits for tasks of a queue that was found empty, whenever it is armed.
type watcher struct {
	member broker.Member
	arm    chan context.Context
	report chan report

	// These are the fetching goroutine's.
	cancel context.CancelFunc // of a wait whose report was not taken; nil: not armed
	found  bool               // a wait found something, and no fetch has taken it since
}

// report is what a wait came to.
type report struct {
	found bool
	err   error
}

func newWatcher(member broker.Member) *watcher {
	return &watcher{member: member, arm: make(chan context.Context, 1), report: make(chan report, 1)}
}

// run waits whenever it is armed, until arm is closed. woken is told of every report.
func (w *watcher) run(woken chan<- struct{}) {
	for ctx := range w.arm {
		found, err := w.member.Wait(ctx)
		w.report <- report{found, err}
		select {
		case woken <- struct{}{}:
		default: // the fetching goroutine is called already
		}
	}
}

// start arms the watcher unless it is.
func (w *watcher) start(ctx context.Context) {
	if w.cancel == nil {
		ctx, w.cancel = context.WithCancel(ctx)
		w.arm <- ctx
	}
}

// take returns the report if there is one.
func (w *watcher) take() (r report, ok bool) {
	select {
	case r := <-w.report:
		w.disarm()
		w.found = w.found || r.found
		return r, true
	default:
		return report{}, false
	}
}

func (w *watcher) disarm() {
	w.cancel()
	w.cancel = nil
}

// halt tells a wait that is under way, or about to be, to end.
func (w *watcher) halt() {
	if w.cancel != nil {
		w.cancel()
	}
}

// fetched says that a fetch was answered: what a wait had found is no longer there.
func (w *watcher) fetched() { w.found = false }

// stop ends a wait that is under way. What it or one before it found, and no fetch took, is given back:
// nobody here can take it, and others wait. When ctx ends first, as a broker that hangs does not let go
// of a wait, the watcher stays armed.
func (w *watcher) stop(ctx context.Context) error {
	if w.cancel != nil {
		w.halt()
		select {
		case r := <-w.report:
			w.disarm()
			w.found = w.found || r.found
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if !w.found {
		return nil
	}
	w.found = false
	return w.member.Yield(ctx)
}
