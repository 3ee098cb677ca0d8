package redisq

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// member implements [broker.Member].
type member struct {
	broker *Broker
	keys   queueKeys
	join   broker.Join
	waiter *waiter

	mu     sync.Mutex
	lease  *lease            // nil: the next Fetch begins one
	coming *lease            // one that was begun without an answer: it may be there, and is begun again
	leases map[string]*lease // by group; those lost may still have deliveries to settle

	admissions admissions // of a queue whose tasks come by a carrier

	unclaimed []*broker.Delivery // fetched and bare: claimed before anything else is fetched
	leap      uint64             // numbers that were skipped last, as the ones before were in use
}

// lease is one ownership of tasks in flight. Sequence numbers are of the last call that was
// answered; a call that was not is made again under the same number. Claims are counted by Redis.
type lease struct {
	group            string
	fetched          uint64
	settled, claimed atomic.Uint64
	admitted         atomic.Uint64 // number of the last call that granted something
	// forgotten: Redis has lost writes that it had answered, as in a power cut or a failover. Tasks that
	// were settled may be in flight again under this lease, and nobody knows of them here: it is given up, so
	// that a reaper takes care of them.
	forgotten atomic.Bool
}

// leaseName is what tells a lease group from all others of its worker, also from those of another
// process of the same name: two leases under one name would share their tasks.
func leaseName() string { return rand.Text()[:10] }

// Join implements [broker.Broker].
func (b *Broker) Join(ctx context.Context, join broker.Join) (broker.Member, error) {
	keys := keysOf(join.Queue)
	if join.Retention == 0 {
		join.Retention = zeroq.DefaultRetention
	}
	if join.Stop == nil {
		join.Stop = func(string) {}
	}
	m := &member{
		broker: b, keys: keys, join: join, leases: make(map[string]*lease),
		waiter: newWaiter(b, keys.ready),
	}
	if _, err := m.hold(ctx); err != nil {
		return nil, err
	}
	b.stops.add(m)
	return m, nil
}

// Now implements [broker.Member].
func (m *member) Now() time.Time { return m.broker.clock.now() }

// hold returns the lease, and begins a new one when there is none.
func (m *member) hold(ctx context.Context) (*lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lease != nil {
		return m.lease, nil
	}
	if _, err := m.broker.meet(ctx, m.join.Queue); err != nil {
		return nil, err
	}
	if m.coming == nil {
		m.coming = &lease{group: m.join.Worker + "." + leaseName()}
		m.leases[m.coming.group] = m.coming
	}
	_, err := m.broker.run(ctx, m.broker.calls, scriptJoin, []string{m.keys.groups}, m.coming.group, m.join.Lease.Milliseconds())
	if err != nil {
		return nil, err
	}
	m.lease, m.coming = m.coming, nil
	m.unclaimed = nil // they belong to the lease that was lost
	return m.lease, nil
}

// Abandon implements [broker.Member].
func (m *member) Abandon() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lease = nil
}

// Beat implements [broker.Member].
func (m *member) Beat(ctx context.Context) error {
	m.mu.Lock()
	held := m.lease
	m.mu.Unlock()
	if held == nil {
		return nil // the next fetch begins a lease
	}
	answer, err := m.broker.run(ctx, m.broker.calls, scriptBeat,
		[]string{m.keys.groups, m.keys.inflight + held.group, m.keys.stopping},
		held.group, m.join.Lease.Milliseconds(), held.settled.Load(), held.claimed.Load(), held.admitted.Load())
	if err != nil {
		return err
	}
	if answer.status != statusOK || held.forgotten.Load() {
		m.drop(held)
		return zeroq.ErrLeaseLost
	}
	for _, id := range answer.list(0) {
		m.join.Stop(id.(string))
	}
	return nil
}

// drop forgets a lease that is over, unless another has begun since.
func (m *member) drop(lost *lease) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lease == lost {
		m.lease = nil
	}
}

// Leave implements [broker.Member].
func (m *member) Leave(ctx context.Context) error {
	m.broker.stops.remove(m)
	m.waiter.close()
	m.mu.Lock()
	defer m.mu.Unlock()
	for group := range m.leases {
		_, err := m.broker.run(ctx, m.broker.calls, scriptLeave, []string{m.keys.groups, m.keys.inflight + group}, group)
		if err != nil {
			return err
		}
		delete(m.leases, group)
	}
	m.lease = nil
	return nil
}
