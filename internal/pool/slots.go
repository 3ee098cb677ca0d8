package pool

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// slots are the places of tasks that run, and keep what was fetched ahead until there is one for it.
type slots struct {
	mu      sync.Mutex
	size    int
	free    int
	since   time.Time // when free last grew from none
	ahead   []fetched // in order
	pace    pace
	dry     bool          // the last fetch brought less than it was asked for: nothing is fetched ahead
	changed chan struct{} // closed and replaced when there is something new for those who look
	watched bool          // somebody looks
}

// fetched is a delivery that waits for a slot.
type fetched struct {
	lane     *lane
	delivery *broker.Delivery
	at       time.Time // when it came
	attended bool      // the fetching goroutine has to start it
}

func newSlots(n int) *slots { return &slots{free: n, size: n, changed: make(chan struct{})} }

// add puts deliveries behind those that wait. The slice is not the caller's any more.
func (s *slots) add(deliveries []fetched) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ahead) == 0 {
		s.ahead = deliveries
	} else {
		s.ahead = append(s.ahead, deliveries...)
	}
}

// take gives free slots to what waits for one, and returns it.
func (s *slots) take() []fetched {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(s.free, len(s.ahead))
	s.free -= n
	return s.cut(n)
}

// next gives the slot of a task that took so long to the next one, or frees it. One that did not run took none, and
// says nothing of others.
func (s *slots) next(took time.Duration) (f fetched, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if took > 0 {
		s.pace.note(took)
	}
	if len(s.ahead) > 0 && !s.ahead[0].attended {
		f = s.cut(1)[0]
		if now, more := s.wanted(); now+more > 0 {
			s.tell()
		}
		return f, true
	}
	s.put(1)
	return fetched{}, false
}

// release frees slots.
func (s *slots) release(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(n)
}

func (s *slots) put(n int) {
	if s.free == 0 {
		s.since = time.Now()
	}
	s.free += n
	s.tell()
}

func (s *slots) tell() {
	if s.watched {
		s.watched = false
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// cut takes the first ones of those that wait.
func (s *slots) cut(n int) []fetched {
	first := s.ahead[:n:n]
	if s.ahead = s.ahead[n:]; len(s.ahead) == 0 {
		s.ahead = nil
	}
	return first
}

// remove takes a delivery out that waits, and returns it; nil when it does not.
func (s *slots) remove(l *lane, id string) *broker.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.ahead, func(f fetched) bool { return f.lane == l && f.delivery.Task != nil && f.delivery.Task.ID == id })
	if i < 0 {
		return nil
	}
	d := s.ahead[i].delivery
	s.ahead = slices.Delete(s.ahead, i, i+1)
	return d
}

// late takes out all that wait, if the first one has waited for too long: the slots are held by longer tasks
// than those before. Nothing is fetched ahead then until these or shorter ones end.
func (s *slots) late() []fetched {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ahead) == 0 || time.Since(s.ahead[0].at) < maxWait {
		return nil
	}
	s.pace.note(time.Duration(s.size)*aheadFor + 1)
	return s.cut(len(s.ahead))
}

// all takes out all that wait.
func (s *slots) all() []fetched {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut(len(s.ahead))
}

// waiting reports whether anything waits.
func (s *slots) waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ahead) > 0
}

// want is how many tasks to fetch for free slots, and how many more to have at hand when others end.
func (s *slots) want() (now, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wanted()
}

func (s *slots) wanted() (now, more int) {
	waiting := len(s.ahead)
	now = max(s.free-waiting, 0)
	if most := s.pace.ahead(s.size); !s.dry && waiting <= most/2 {
		more = max(min(most-waiting, maxFetch-now), 0)
	}
	return now, more
}

// got says whether a fetch brought as much as it was asked for.
func (s *slots) got(all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dry = !all
}

// look returns how many slots are free, and what is closed when that grows, or more is wanted.
func (s *slots) look() (free int, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = true
	return s.free, s.changed
}

// busy reports that tasks run, or are about to.
func (s *slots) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free < s.size || len(s.ahead) > 0
}

// freeSince returns how many slots are free, and since when any is; zero: since the beginning.
func (s *slots) freeSince() (free int, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free, s.since
}

// wait waits until a slot is free or more is wanted, until what waits is late, or until ctx ends.
func (s *slots) wait(ctx context.Context) {
	for {
		free, changed := s.look()
		if _, more := s.want(); free+more > 0 {
			return
		}
		late, stop := s.whenLate()
		select {
		case <-changed:
		case <-late:
			return
		case <-ctx.Done():
			return
		}
		stop()
	}
}

// whenLate tells when what waits is late; never, if nothing waits.
func (s *slots) whenLate() (<-chan time.Time, func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ahead) == 0 {
		return nil, func() bool { return true }
	}
	timer := time.NewTimer(maxWait - time.Since(s.ahead[0].at))
	return timer.C, timer.Stop
}

// drained waits until nothing runs and reports whether that is so, or ctx has ended.
func (s *slots) drained(ctx context.Context) bool {
	for {
		free, changed := s.look()
		if free == s.size {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}
