package carried

import (
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// inflight is the parcels whose tasks the worker has, until they are acknowledged. Of a lease that is lost
// there is nothing in it: its parcels are asked for again at once, as other workers may have them at once
// too, and what the handlers of that lease come to is refused.
type inflight struct {
	mu      sync.Mutex
	parcels map[receipt]begun
	last    uint64 // number of the last one that was added
}

// receipt names a delivery.
type receipt struct{ lease, name string }

// begun is a parcel and when its task became the worker's.
type begun struct {
	*broker.Parcel
	delivery *broker.Delivery
	number   uint64
	at       time.Time
}

func newInflight() inflight { return inflight{parcels: make(map[receipt]begun)} }

// add notes the parcel of a delivery, and returns the one that was noted before under the same name, if any.
func (f *inflight) add(d *broker.Delivery, p *broker.Parcel) (before *broker.Parcel) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	at := receipt{d.Lease, d.Receipt}
	before = f.parcels[at].Parcel
	f.parcels[at] = begun{p, d, f.last, time.Now()}
	return before
}

// take removes and returns the parcels of deliveries, as far as they are there. A task that was handed back may
// be here again by now, under the same name, before its first delivery is taken.
func (f *inflight) take(deliveries []*broker.Delivery) []*broker.Parcel {
	f.mu.Lock()
	defer f.mu.Unlock()
	var parcels []*broker.Parcel
	for _, d := range deliveries {
		at := receipt{d.Lease, d.Receipt}
		if one, there := f.parcels[at]; there && one.delivery == d {
			parcels = append(parcels, one.Parcel)
			delete(f.parcels, at)
		}
	}
	return parcels
}

// mark tells what is there by now from what is added later.
func (f *inflight) mark() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// takeUntil removes and returns the parcels that were there when the mark was taken.
func (f *inflight) takeUntil(mark uint64) []*broker.Parcel {
	return f.takeIf(func(one begun) bool { return one.number <= mark })
}

// takeLong is takeUntil for those that began before a time. Where groups are kept in order, they are left
// out that have one: the next of the group comes when they are acknowledged.
func (f *inflight) takeLong(mark uint64, before time.Time, ordered bool) []*broker.Parcel {
	return f.takeIf(func(one begun) bool {
		return one.number <= mark && one.at.Before(before) && !(ordered && one.Group != "")
	})
}

func (f *inflight) takeIf(wanted func(begun) bool) []*broker.Parcel {
	f.mu.Lock()
	defer f.mu.Unlock()
	var parcels []*broker.Parcel
	for at, one := range f.parcels {
		if wanted(one) {
			parcels = append(parcels, one.Parcel)
			delete(f.parcels, at)
		}
	}
	return parcels
}
