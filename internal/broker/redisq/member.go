package redisq

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/taskid"
)

// Bounds of what a worker holds of one queue.
const (
	maxFetch      = 512
	maxFetchBytes = 16 << 20
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

// Fetch implements [broker.Member].
func (m *member) Fetch(ctx context.Context, n, ahead int) ([]*broker.Delivery, error) {
	held, err := m.hold(ctx)
	if err != nil {
		return nil, err
	}
	var admitted []*broker.Delivery
	for called := true; called && len(m.unclaimed) == 0 && len(admitted) == 0; {
		if admitted, called, err = m.take(ctx, held, n, ahead); err != nil {
			return nil, err
		}
	}
	if len(m.unclaimed) > 0 {
		claimed, err := m.claim(ctx, held, m.unclaimed)
		if err != nil && len(admitted) == 0 {
			return nil, err // the next call claims them
		}
		if err == nil {
			m.unclaimed = nil
			admitted = append(admitted, claimed...)
		}
	}
	return admitted, nil
}

// take runs the fetch script. Bare messages are left in m.unclaimed. calledOff: it found nothing but
// tasks that were called off, so there may be more.
func (m *member) take(ctx context.Context, held *lease, n, ahead int) (admitted []*broker.Delivery, calledOff bool, err error) {
	seq, k := held.fetched+1, m.keys
	answer, err := m.broker.run(ctx, m.broker.calls, scriptFetch,
		[]string{
			k.groups, k.landing, k.ready, k.high, k.low, k.suspect, k.inflight + held.group, k.gate,
			k.withdrawn, k.cancelled, k.parked,
		},
		held.group, seq, min(n, maxFetch), min(n+ahead, maxFetch), maxFetchBytes)
	if err != nil {
		return nil, false, err
	}
	switch answer.status {
	case statusOK, statusEmpty:
		held.fetched = seq
	case statusPaused:
		return nil, false, &broker.ClosedError{Cause: broker.ErrPaused, Wait: answer.wait()}
	case statusLimited:
		return nil, false, &broker.ClosedError{Cause: broker.ErrLimited, Wait: answer.wait()}
	case statusFenced:
		m.drop(held)
		return nil, false, zeroq.ErrLeaseLost
	default:
		return nil, false, fmt.Errorf("fetch answered %s to number %d", answer.status, seq)
	}
	fields := answer.list(1)
	return m.sort(held, fields, answer.list(2)), answer.status == statusOK && len(fields) == 0, nil
}

// wait is how long the fetch script says to wait.
func (r reply) wait() time.Duration { return time.Duration(r.number(0)) * time.Millisecond }

// sort makes deliveries of what was fetched and returns those that need no claim.
func (m *member) sort(held *lease, fields, messages []any) []*broker.Delivery {
	ready := make([]*broker.Delivery, 0, len(fields))
	for i := range fields {
		field, _ := fields[i].(string)
		message, ok := messages[i].(string)
		if !ok {
			continue // settled since: only after a failover to a replica that lagged
		}
		d := &broker.Delivery{Raw: []byte(message), Receipt: field, Lease: held.group}
		if field[0] == '?' {
			m.unclaimed = append(m.unclaimed, d)
			continue
		}
		if field[0] == '!' {
			d.Err = zeroq.ErrDuplicateID
		} else {
			m.read(d)
		}
		ready = append(ready, d)
	}
	return ready
}

// read decodes the message of a delivery that looks admitted.
func (m *member) read(d *broker.Delivery) {
	if read(d, m.join.Queue); d.Task != nil && !m.knows(d.Task.ID) {
		d.Task, d.Err = nil, errForeignID // it only looks so
	}
}

// errForeignID is why a message that looks admitted is not.
var errForeignID = &zeroq.FieldError{Field: "id", Reason: "is none that a task of this queue can have"}

// knows reports whether a task of this queue can have the id.
func (m *member) knows(id string) bool {
	queue, partition, _, ours := taskid.Parse(id)
	return ours && queue == m.join.Queue && partition == 0 || zeroq.ValidID(id)
}
