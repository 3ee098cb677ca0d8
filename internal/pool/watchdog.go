package pool

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// readyFor is how long a pool counts as ready after a fetch. It waits for tasks at most two seconds at a
// time.
const readyFor = 10 * time.Second

// errNoFetch is why a pool is not ready.
var errNoFetch = errors.New("no fetch has worked of late")

// watchdog watches the fetching from one queue.
type watchdog struct {
	mu       sync.Mutex
	answered time.Time // when a fetch last worked, whether it found anything or not
	closed   time.Time // no fetch before then, as the queue said so
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

// fetched says that a fetch was answered. closed may be in the past.
func (w *watchdog) fetched(closed time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered, w.closed = time.Now(), closed
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

// look returns until when nothing was amiss as far as this queue knows, and why it has not worked for too
// long.
func (w *watchdog) look() (good time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	good = later(w.answered, w.closed)
	if !w.failing.IsZero() && time.Since(w.failing) > readyFor {
		err = fmt.Errorf("for %v: %w", time.Since(w.failing).Round(time.Second), w.err)
	}
	return good, err
}

// Ready reports why the pool cannot take tasks: one of its queues has failed for ten seconds, or it has
// had free slots for as long and fetched nothing. A queue that is paused or at its limit is fine, and so is
// one that is not asked, as those before it have tasks.
func (p *Pool) Ready() error {
	var last time.Time
	for _, q := range p.conf.Queues {
		good, err := p.watchdogs[q.Name].look()
		if err != nil {
			return fmt.Errorf("queue %s: %w %w", q.Name, errNoFetch, err)
		}
		last = later(last, good)
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
		w.mu.Lock()
		last = later(last, w.answered)
		w.mu.Unlock()
	}
	return last
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
