package carried

import (
	"slices"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// waitlist is the parcels that Redis is to be asked for again.
type waitlist struct {
	mu      sync.Mutex
	parcels []*waiting // by at, then since
}

// waiting is a parcel of which Redis has not said yet that it may run, or that it is over.
type waiting struct {
	*broker.Parcel
	since      time.Time // when it came
	at         time.Time // when it is to be asked for; zero: at once
	unanswered bool      // Redis may have granted it already
	bad        error     // why it can never run; nil for all but bare messages
}

func (w *waitlist) add(parcels ...*waiting) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parcels = append(w.parcels, parcels...)
	slices.SortStableFunc(w.parcels, func(a, b *waiting) int {
		if order := a.at.Compare(b.at); order != 0 {
			return order
		}
		return a.since.Compare(b.since)
	})
}

// take removes and returns up to n whose time has come.
func (w *waitlist) take(n int, now time.Time) []*waiting {
	w.mu.Lock()
	defer w.mu.Unlock()
	due := 0
	for due < min(n, len(w.parcels)) && !w.parcels[due].at.After(now) {
		due++
	}
	taken := slices.Clone(w.parcels[:due])
	w.parcels = slices.Delete(w.parcels, 0, due)
	return taken
}

// next returns when the first one is to be asked for, if there is one.
func (w *waitlist) next() (at time.Time, found bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.parcels) == 0 {
		return time.Time{}, false
	}
	return w.parcels[0].at, true
}
