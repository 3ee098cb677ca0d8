package pool

import (
	"context"
	"sync"
	"time"
)

// slots counts what may still be started. A broker may hand over more than it was asked for after
// an error, so the count can go below zero for a while.
type slots struct {
	mu      sync.Mutex
	free    int
	size    int
	since   time.Time     // when free last grew from none
	changed chan struct{} // closed and replaced when free grows
}

func newSlots(n int) *slots { return &slots{free: n, size: n, changed: make(chan struct{})} }

func (s *slots) take(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free -= n
}

func (s *slots) release(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free <= 0 {
		s.since = time.Now()
	}
	s.free += n
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *slots) look() (free int, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free, s.changed
}

// freeSince returns how many slots are free, and since when any is; zero: since the beginning.
func (s *slots) freeSince() (free int, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free, s.since
}

// wait returns the number of free slots once there is one, or 0 when ctx ends.
func (s *slots) wait(ctx context.Context) int {
	return s.waitFor(ctx, func(free int) bool { return free > 0 })
}

// drained waits until nothing runs and reports whether that is so, or ctx has ended.
func (s *slots) drained(ctx context.Context) bool {
	s.waitFor(ctx, func(free int) bool { return free >= s.size })
	free, _ := s.look()
	return free >= s.size
}

func (s *slots) waitFor(ctx context.Context, enough func(free int) bool) int {
	for {
		free, changed := s.look()
		if enough(free) {
			return free
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0
		}
	}
}
