package pool

import (
	"slices"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// gatherer collects deliveries for batch handlers. Each one holds its slot while it waits.
type gatherer struct {
	mu      sync.Mutex
	batches map[gatherKey]*batch
	start   func(*lane, []*broker.Delivery, zeroq.Route)
}

// gatherKey is what the tasks of one batch have in common.
type gatherKey struct {
	lane  *lane
	typ   string
	lease string
}

// batch is what is gathered so far.
type batch struct {
	route      zeroq.Route
	deliveries []*broker.Delivery
	timer      *time.Timer
}

func newGatherer(start func(*lane, []*broker.Delivery, zeroq.Route)) *gatherer {
	return &gatherer{batches: make(map[gatherKey]*batch), start: start}
}

// add puts a delivery in its batch, which starts when it is full or its time is over.
func (g *gatherer) add(l *lane, d *broker.Delivery, route zeroq.Route) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := gatherKey{lane: l, typ: d.Task.Type, lease: d.Lease}
	b := g.batches[key]
	if b == nil {
		b = &batch{route: route}
		g.batches[key] = b
		if route.Batch.Wait > 0 {
			b.timer = time.AfterFunc(route.Batch.Wait, func() { g.expire(key, b) })
		}
	}
	b.deliveries = append(b.deliveries, d)
	if len(b.deliveries) >= route.Batch.Size {
		g.flush(key, b)
	}
}

// remove takes a task out of the batch that it waits in, and returns its delivery; nil when it waits in
// none.
func (g *gatherer) remove(l *lane, id string) *broker.Delivery {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, b := range g.batches {
		i := slices.IndexFunc(b.deliveries, func(d *broker.Delivery) bool { return d.Task.ID == id })
		if key.lane != l || i < 0 {
			continue
		}
		d := b.deliveries[i]
		if b.deliveries = slices.Delete(b.deliveries, i, i+1); len(b.deliveries) == 0 {
			g.drop(key, b)
		}
		return d
	}
	return nil
}

// expire starts a batch whose time is over, unless it has started.
func (g *gatherer) expire(key gatherKey, b *batch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.batches[key] == b {
		g.flush(key, b)
	}
}

// flushAll starts the batches that wait for nothing, or all.
func (g *gatherer) flushAll(all bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, b := range g.batches {
		if all || b.timer == nil {
			g.flush(key, b)
		}
	}
}

func (g *gatherer) flush(key gatherKey, b *batch) {
	g.drop(key, b)
	g.start(key.lane, b.deliveries, b.route)
}

func (g *gatherer) drop(key gatherKey, b *batch) {
	delete(g.batches, key)
	if b.timer != nil {
		b.timer.Stop()
	}
}
