package redisq

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// patience is how long callers wait, and up to twice as long, for the call that is under way before they go beside
	// it: where Redis is far away its calls overlap, and a connection that hangs stops only those who use it. A call
	// takes less where Redis is near. maxTrips is how many calls there may be at a time.
	patience = time.Millisecond
	maxTrips = 8
	// tripTimeout bounds a call that is made for several callers, none of whose deadlines may end it.
	tripTimeout = 20 * time.Second
)

// batcher has callers of one queue share calls. Who comes while none is under way goes at once, by itself. Who
// comes later waits until it has ended, and goes with all others who wait.
type batcher struct {
	driver *driver
	call   func(ctx context.Context, cargoes []*cargo) // gives each of them its answer

	mu      sync.Mutex
	trips   int       // under way
	begun   time.Time // when the last of them began
	waiting []*parcel
	watched bool // until nobody waits
}

// parcel is the cargo of a caller who waits.
type parcel struct {
	cargo *cargo
	trip  *trip // nil until it is on its way; guarded by the batcher's mu
	done  chan struct{}
}

// trip is one call for several callers.
type trip struct {
	ctx     context.Context
	cancel  context.CancelFunc
	parcels []*parcel
	callers int // who have not left; guarded by the batcher's mu
}

// send returns nil once the cargo has its answer. After an error it has none, and may be on its way: nobody may
// change it.
func (b *batcher) send(ctx context.Context, l *cargo) error {
	b.mu.Lock()
	if b.trips == 0 {
		b.trips, b.begun = 1, time.Now()
		b.mu.Unlock()
		defer b.next()
		b.call(ctx, []*cargo{l})
		return nil
	}
	p := &parcel{cargo: l, done: make(chan struct{})}
	b.waiting = append(b.waiting, p)
	if !b.watched {
		b.watched = true
		time.AfterFunc(patience, b.watch)
	}
	b.mu.Unlock()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		select {
		case <-p.done:
			return nil
		default:
		}
		b.leave(p)
		return explain(ctx.Err())
	}
}

// leave takes a parcel back. One that is on its way stays with those of the other callers of the trip.
func (b *batcher) leave(p *parcel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.trip == nil {
		b.waiting = slices.DeleteFunc(b.waiting, func(other *parcel) bool { return other == p })
		return
	}
	if p.trip.callers--; p.trip.callers == 0 {
		p.trip.cancel()
	}
}

// watch has those who wait go beside calls that hang, and comes again as long as somebody waits.
func (b *batcher) watch() {
	b.mu.Lock()
	b.watched = len(b.waiting) > 0
	beside := b.watched && b.trips < maxTrips && time.Since(b.begun) > patience
	if beside {
		b.trips++
	}
	if b.watched {
		time.AfterFunc(patience, b.watch)
	}
	b.mu.Unlock()
	if beside {
		b.next()
	}
}

// next makes trips with those who wait, in place of a call that has ended.
func (b *batcher) next() {
	if t := b.begin(); t != nil {
		b.driver.drive(func() { b.travel(t) })
	}
}

func (b *batcher) travel(t *trip) {
	for ; t != nil; t = b.begin() {
		cargoes := make([]*cargo, len(t.parcels))
		for i, p := range t.parcels {
			cargoes[i] = p.cargo
		}
		b.call(t.ctx, cargoes)
		t.cancel()
		for _, p := range t.parcels {
			if errors.Is(p.cargo.err, context.Canceled) { // not by the caller
				p.cargo.err = explain(redis.ErrClosed)
			}
			close(p.done)
		}
		// Those who got their answers often come again at once: they go along, rather than on the trip after this.
		runtime.Gosched()
	}
}

// begin begins a trip with those who wait, as many as one call may have. nil: nobody waits.
func (b *batcher) begin() *trip {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.trips--
		return nil
	}
	n, tasks, bytes := 0, 0, 0
	for _, p := range b.waiting {
		tasks, bytes = tasks+len(p.cargo.pieces), bytes+p.cargo.bytes
		if n > 0 && (tasks > maxBatch || bytes > maxBatchBytes) {
			break
		}
		n++
	}
	b.begun = time.Now()
	t := &trip{parcels: slices.Clone(b.waiting[:n]), callers: n}
	t.ctx, t.cancel = context.WithTimeout(b.driver.ctx, tripTimeout)
	b.waiting = slices.Delete(b.waiting, 0, n)
	for _, p := range t.parcels {
		p.trip = t
	}
	return t
}

// driver has the goroutines that make the trips of a broker.
type driver struct {
	ctx    context.Context // of all trips
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	active sync.WaitGroup
}

func newDriver() *driver {
	d := &driver{}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// drive has do done by a goroutine that is active. Once the driver has stopped nothing can be sent, and it is done here.
func (d *driver) drive(do func()) {
	d.mu.Lock()
	closed := d.closed
	if !closed {
		d.active.Go(do)
	}
	d.mu.Unlock()
	if closed {
		do()
	}
}

// stop ends trips between two attempts to send them; one that waits for an answer ends with its connection.
func (d *driver) stop() {
	d.cancel()
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
}
