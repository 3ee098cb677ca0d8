package pool

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// readyFor is how long a pool counts as ready after a fetch. It waits for tasks at most two seconds at a
// time, and for a queue that is closed at most closedFor.
const readyFor = 10 * time.Second

// errNoFetch is why a pool is not ready.
var errNoFetch = errors.New("no fetch has worked of late")

// watchdog watches the fetching from one queue.
type watchdog struct {
	mu       sync.Mutex
	answered time.Time // when a fetch last worked, whether it found anything or not
	failing  time.Time // since when tasks cannot be taken; zero: they can
	err      error     // why
}

func newWatchdogs(queues []Queue) map[string]*watchdog {
	all := make(map[string]*watchdog, len(queues))
	for _, q := range queues {
		all[q.Name] = new(watchdog)
	}
	return all
}

// fetched says that a fetch was answered.
func (w *watchdog) fetched() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered = time.Now()
}

// worked says that what a fetch brought can be started.
func (w *watchdog) worked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failing, w.err = time.Time{}, nil
}

// failed says that a fetch failed, or that what it brought could not be started.
func (w *watchdog) failed(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing.IsZero() {
		w.failing = time.Now()
	}
	w.err = err
}

// look returns when a fetch last worked, and why tasks could not be taken for too long, if that is so.
func (w *watchdog) look() (answered time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.failing.IsZero() && time.Since(w.failing) > readyFor {
		err = fmt.Errorf("for %v: %w", time.Since(w.failing).Round(time.Second), w.err)
	}
	return w.answered, err
}

// Ready reports why the pool cannot take tasks: one of its queues has failed for ten seconds, or it has
// had free slots for as long and fetched nothing. A queue that is paused or at its limit is fine, and so is
// one that is not asked, as those before it have tasks.
func (p *Pool) Ready() error {
	var last time.Time
	for _, q := range p.conf.Queues {
		answered, err := p.watchdogs[q.Name].look()
		if err != nil {
			return fmt.Errorf("queue %s: %w %w", q.Name, errNoFetch, err)
		}
		last = later(last, answered)
	}
	free, since := p.slots.freeSince()
	switch {
	case free <= 0:
		return nil
	case last.IsZero(), time.Since(later(last, since)) > readyFor:
		return errNoFetch
	}
	return nil
}

// LastFetch is when a fetch last worked, whether it found anything or not; zero before the first.
func (p *Pool) LastFetch() (last time.Time) {
	for _, w := range p.watchdogs {
		answered, _ := w.look()
		last = later(last, answered)
	}
	return last
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
