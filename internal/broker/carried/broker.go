// Package carried is a broker whose ready tasks travel by a carrier, Kafka or RabbitMQ, on the queues that
// have one. Everything else about them stays in Redis, and Redis decides.
//
// A [Broker.Relay] moves ready messages from Redis to the carrier. A worker takes them out of the carrier's
// hands by a subscription, and asks Redis whether they may run: from then on its lease covers them as on
// any queue. The carrier is told to forget a message once its outcome is in Redis. So whatever the carrier
// delivers again is judged by what Redis knows, and whatever a dead worker had is found by a reaper; and
// should Redis forget what it has answered, what is not acknowledged comes again from the carrier.
package carried

import (
	"context"
	"errors"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
)

// Broker is a [redisq.Broker] some of whose queues have a carrier.
type Broker struct {
	*redisq.Broker
	carriers map[string]broker.Carrier // by queue

	longRun func(broker.Powers) time.Duration
}

// longRun is how long a task may run until its message is acknowledged while it runs, unless it has a group:
// Redis has had it on disk for long. A carrier that keeps order notes how far a partition was read, which one
// message must not hold up. Any other takes who acknowledges late for dead, RabbitMQ after 30 minutes; but it
// hands over another message for each that is acknowledged, which then waits here for a slot, so it is done
// late.
func longRun(powers broker.Powers) time.Duration {
	if powers.Order {
		return 30 * time.Second
	}
	return 10 * time.Minute
}

var _ broker.Broker = (*Broker)(nil)

// New returns a broker on Redis with the carriers of some queues. It closes both.
func New(redis *redisq.Broker, carriers map[string]broker.Carrier) *Broker {
	return &Broker{Broker: redis, carriers: carriers, longRun: longRun}
}

// Join implements [broker.Broker].
func (b *Broker) Join(ctx context.Context, join broker.Join) (broker.Member, error) {
	carrier := b.carriers[join.Queue]
	if carrier == nil {
		return b.Broker.Join(ctx, join)
	}
	if err := b.Carry(ctx, join.Queue, carrier.Powers()); err != nil {
		return nil, err
	}
	m := newMember(b, join, carrier.Powers())
	join.Refused = func(deliveries []*broker.Delivery) { m.recall(m.inflight.take(deliveries)) }
	redis, err := b.Broker.Join(ctx, join)
	if err != nil {
		return nil, err
	}
	sub, err := carrier.Subscribe(ctx, join.Queue, hold(join.Slots, carrier.Powers()))
	if err != nil {
		return nil, errors.Join(err, redis.Leave(ctx))
	}
	m.Admitter, m.sub = redis.(broker.Admitter), sub
	return m, nil
}

// unbounded is what a worker without a bound holds at most.
const unbounded = 1024

// hold is how many messages a worker of so many slots has in hand at most. It is one for each slot: what waits
// here comes to no other worker, however long those in the slots run. Where order is kept it is a few more, for
// messages whose tasks another worker still has, which must be kept and would leave slots empty; there they
// come to no other worker anyway, as that one has not their partition.
func hold(slots int, powers broker.Powers) int {
	switch {
	case slots == 0:
		return unbounded
	case powers.Order:
		return slots + max(2, slots/4)
	}
	return slots
}

// Close closes each carrier, and then Redis.
func (b *Broker) Close() error {
	var errs []error
	closed := make(map[broker.Carrier]bool)
	for _, carrier := range b.carriers {
		if !closed[carrier] {
			closed[carrier] = true
			errs = append(errs, carrier.Close())
		}
	}
	return errors.Join(append(errs, b.Broker.Close())...)
}
