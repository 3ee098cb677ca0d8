package pool

import (
	"context"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// watcher waits for tasks of a queue that was found empty, whenever it is armed.
type watcher struct {
	member broker.Member
	arm    chan struct{}
	report chan report
	armed  bool // between arming and taking the report; the fetching goroutine's
}

// report is what a wait came to.
type report struct {
	found bool
	err   error
}

func newWatcher(member broker.Member) *watcher {
	return &watcher{member: member, arm: make(chan struct{}, 1), report: make(chan report, 1)}
}

// run waits whenever it is armed, until arm is closed. woken is told of every report.
func (w *watcher) run(ctx context.Context, woken chan<- struct{}) {
	for range w.arm {
		found, err := w.member.Wait(ctx)
		w.report <- report{found, err}
		select {
		case woken <- struct{}{}:
		default: // the fetching goroutine is called already
		}
	}
}

// start arms the watcher unless it is.
func (w *watcher) start() {
	if !w.armed {
		w.armed = true
		w.arm <- struct{}{}
	}
}

// take returns the report if there is one.
func (w *watcher) take() (r report, ok bool) {
	select {
	case r := <-w.report:
		w.armed = false
		return r, true
	default:
		return report{}, false
	}
}

// stop ends a wait that is under way. What it found is given back, as nobody here can take it.
func (w *watcher) stop(ctx context.Context) error {
	if !w.armed {
		return nil
	}
	w.member.Wake(ctx)
	r := <-w.report
	w.armed = false
	if r.found {
		return w.member.Yield(ctx)
	}
	return nil
}
