package carried

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Bounds of what Redis is asked for in one call.
const (
	maxAsk      = 512
	maxAskBytes = 16 << 20
)

// idle is how long a wait goes on without a task: who waits looks then for other things.
const idle = 2 * time.Second

// member implements [broker.Member]. What it does not do itself, its lease and all that comes of a task,
// is Redis' part.
type member struct {
	broker.Admitter
	broker  *Broker
	queue   string
	mode    broker.Mode
	sub     broker.Subscription
	ordered bool
	longRun time.Duration

	waitlist waitlist
	inflight inflight
	waits    waits
	leaving  sync.Once
}

var _ broker.Member = (*member)(nil)

// newMember returns a member that needs its part in Redis and its subscription.
func newMember(b *Broker, join broker.Join, powers broker.Powers) *member {
	return &member{
		broker: b, queue: join.Queue, mode: join.Mode, ordered: powers.Order, longRun: b.longRun(powers),
		inflight: newInflight(), waits: newWaits(),
	}
}

// Fetch implements [broker.Member]. While nothing is at hand and the carrier is away, it is a
// zeroq.ErrUnavailable. What comes ahead of that waits at the carrier's client already.
func (m *member) Fetch(ctx context.Context, n, _ int) ([]*broker.Delivery, error) {
	if n == 0 {
		return nil, &broker.ClosedError{Cause: broker.ErrLimited}
	}
	for n = min(n, maxAsk); ; {
		parcels := m.take(n)
		if len(parcels) == 0 {
			return nil, m.sub.Err()
		}
		admitted, bareErr := m.enqueueBare(ctx, parcels)
		deliveries, err := m.admit(ctx, admitted)
		if err == nil && len(deliveries) == 0 {
			err = bareErr
		}
		if err != nil || len(deliveries) > 0 || len(parcels) < n {
			return deliveries, err
		}
		// None of these may run here; there may be more.
	}
}

// take returns up to n parcels: those first that wait to be asked for again.
func (m *member) take(n int) []*waiting {
	now := time.Now()
	parcels := m.waitlist.take(n, now)
	parcels = append(parcels, m.receive(n-len(parcels), now)...)
	asked, bytes := parcels[:0:0], 0
	for i, p := range parcels {
		if bytes += len(p.Body); len(asked) > 0 && bytes > maxAskBytes {
			m.waitlist.add(parcels[i:]...)
			break
		}
		// Who has one by now asks for it. But Redis may have granted it, in an answer that was lost.
		if p.unanswered || m.sub.Holds(p.Parcel) {
			asked = append(asked, p)
		}
	}
	return asked
}

// receive takes up to n parcels that arrived. A wait is told only of what is left.
func (m *member) receive(n int, now time.Time) []*waiting {
	if n == 0 {
		return nil
	}
	select {
	case <-m.sub.Arrived():
	default:
	}
	received := m.sub.Receive(n)
	if len(received) == n {
		m.waits.hint()
	}
	parcels := make([]*waiting, len(received))
	for i, p := range received {
		parcels[i] = &waiting{Parcel: p, since: now}
	}
	return parcels
}

// admit asks Redis for messages, and returns what may run.
func (m *member) admit(ctx context.Context, parcels []*waiting) ([]*broker.Delivery, error) {
	if len(parcels) == 0 {
		return nil, nil
	}
	messages := make([][]byte, len(parcels))
	for i, p := range parcels {
		messages[i] = p.Body
	}
	verdicts, deliveries, err := m.Admit(ctx, messages)
	if err != nil {
		m.refused(parcels, err)
		return nil, err
	}
	granted := deliveries
	for i, p := range parcels {
		p.unanswered = false
		if verdicts[i] == broker.Granted {
			m.begin(p, granted[0])
			granted = granted[1:]
		} else {
			m.turnedDown(p, verdicts[i])
		}
	}
	return deliveries, nil
}

// refused keeps what Redis was asked for in vain.
func (m *member) refused(parcels []*waiting, err error) {
	_, closed := errors.AsType[*broker.ClosedError](err)
	for _, p := range parcels {
		p.unanswered = !closed && !errors.Is(err, zeroq.ErrLeaseLost)
	}
	m.waitlist.add(parcels...)
	if errors.Is(err, zeroq.ErrLeaseLost) {
		m.recall(m.inflight.takeUntil(m.inflight.mark()))
	}
}

// begin notes a task that is the worker's now.
func (m *member) begin(p *waiting, d *broker.Delivery) {
	if p.bad != nil {
		d.Task, d.Err = nil, p.bad
	}
	if before := m.inflight.add(d, p.Parcel); before != nil {
		m.recall([]*broker.Parcel{before}) // Redis had forgotten that the worker has it
	}
}

// How much later a message is asked for again that something is in the way of, and one whose task is in
// flight.
const (
	later    = 100 * time.Millisecond
	askAgain = 500 * time.Millisecond
)

// onDisk is how long it takes at most until a Redis that writes to its disk every second cannot forget a task.
const onDisk = 2 * time.Second

// turnedDown does with a message what the verdict says. That of a task in flight is kept where the carrier
// keeps order: the next of its group must not come before it is over, and if it was this message's own
// delivery that was lost, it is the next. Without a group it is kept until Redis cannot forget the task, and no
// longer: those that a dead worker had would leave slots empty until a reaper comes. Elsewhere the lease in Redis
// looks after it alone.
func (m *member) turnedDown(p *waiting, verdict broker.Verdict) {
	now := time.Now()
	switch {
	case verdict == broker.Later:
		p.at = now.Add(later)
	case verdict == broker.Busy && m.ordered && (p.Group != "" || now.Sub(p.since) < onDisk):
		p.at = now.Add(askAgain)
	default:
		m.sub.Ack(p.Parcel)
		return
	}
	m.waitlist.add(p)
}

// recall has parcels asked for again, whose tasks are the worker's no more.
func (m *member) recall(parcels []*broker.Parcel) {
	now := time.Now()
	for _, p := range parcels {
		m.waitlist.add(&waiting{Parcel: p, since: now})
	}
	if len(parcels) > 0 {
		m.waits.hint()
	}
}

// Commit implements [broker.Member]. What must not start twice is let go of before it starts.
func (m *member) Commit(ctx context.Context, deliveries []*broker.Delivery) ([]*broker.Delivery, error) {
	may, err := m.Admitter.Commit(ctx, deliveries)
	if err != nil || m.mode != broker.AtMostOnce {
		return may, err
	}
	m.sub.Ack(m.inflight.take(may)...)
	m.recall(m.inflight.take(deliveries)) // nobody will settle those that may not start
	return may, nil
}

// Settle implements [broker.Member].
func (m *member) Settle(ctx context.Context, outcomes []broker.Outcome) error {
	err := m.Admitter.Settle(ctx, outcomes)
	switch {
	case err == nil:
		m.settled(outcomes)
	case errors.Is(err, zeroq.ErrLeaseLost):
		m.recall(m.inflight.take(deliveriesOf(outcomes)))
	}
	return err
}

// settled lets go of what is recorded. What was handed back comes again by Redis, behind all that is on its way by
// now. Of a group that would be the wrong place, so its message is asked for again where it is: by this worker, or
// when this one leaves by the next.
func (m *member) settled(outcomes []broker.Outcome) {
	for _, o := range outcomes {
		parcels := m.inflight.take([]*broker.Delivery{o.Delivery})
		if m.ordered && o.State == zeroq.Ready && len(parcels) > 0 && parcels[0].Group != "" {
			m.recall(parcels)
		} else {
			m.sub.Ack(parcels...)
		}
	}
}

func deliveriesOf(outcomes []broker.Outcome) []*broker.Delivery {
	all := make([]*broker.Delivery, len(outcomes))
	for i, o := range outcomes {
		all[i] = o.Delivery
	}
	return all
}

// Beat implements [broker.Member].
func (m *member) Beat(ctx context.Context) error {
	mark := m.inflight.mark()
	err := m.Admitter.Beat(ctx)
	switch {
	case err == nil:
		m.sub.Ack(m.inflight.takeLong(mark, time.Now().Add(-m.longRun), m.ordered)...)
	case errors.Is(err, zeroq.ErrLeaseLost):
		m.recall(m.inflight.takeUntil(mark))
	}
	return err
}

// Abandon implements [broker.Member].
func (m *member) Abandon() {
	m.Admitter.Abandon()
	m.recall(m.inflight.takeUntil(m.inflight.mark()))
}

// Leave implements [broker.Member]. What is not settled is given to others, who find that a lease has it
// until a reaper has seen to that.
func (m *member) Leave(ctx context.Context) error {
	err := m.Admitter.Leave(ctx)
	m.leaving.Do(func() { err = errors.Join(err, m.sub.Close()) })
	return err
}
