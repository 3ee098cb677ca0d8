package redisq

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// relayLease is how long a queue's outbox is its owner's after each step.
const relayLease = 10 * time.Second

// outbox implements [broker.Outbox].
type outbox struct {
	broker       *Broker
	keys         queueKeys
	queue, owner string
	waiter       *waiter
}

// Outbox is the outbox of a queue, for the process of that name, which no other may have.
func (b *Broker) Outbox(queue, owner string) broker.Outbox {
	keys := keysOf(queue)
	return &outbox{broker: b, keys: keys, queue: queue, owner: owner, waiter: newWaiter(b, keys.ready)}
}

// Take implements [broker.Outbox].
func (o *outbox) Take(ctx context.Context, most int) (broker.Batch, error) {
	if _, err := o.broker.meet(ctx, o.queue); err != nil {
		return broker.Batch{}, err
	}
	k := o.keys
	answer, err := o.broker.run(ctx, o.broker.calls, scriptRelayTake,
		[]string{k.relay, k.relaying, k.landing, k.suspect, k.high, k.ready, k.low},
		o.owner, relayLease.Milliseconds(), min(most, maxBatch), maxBatchBytes)
	switch {
	case err != nil:
		return broker.Batch{}, err
	case answer.status == statusHeld:
		return broker.Batch{}, &broker.HeldError{Wait: answer.wait()}
	case answer.status == statusEmpty:
		return broker.Batch{}, nil
	}
	batch := broker.Batch{Number: uint64(answer.number(0))}
	for _, message := range texts(answer.list(1)) {
		batch.Messages = append(batch.Messages, []byte(message))
	}
	return batch, nil
}

// Done implements [broker.Outbox].
func (o *outbox) Done(ctx context.Context, batch broker.Batch) error {
	answer, err := o.broker.run(ctx, o.broker.calls, scriptRelayDone,
		[]string{o.keys.relay, o.keys.relaying, o.keys.gate}, o.owner, batch.Number, relayLease.Milliseconds())
	if err == nil && answer.status == statusHeld {
		return broker.ErrHeld
	}
	return err
}

// Bury implements [broker.Outbox]. Where it ends half-way, the messages are still in the batch: they are
// buried by the next one, or are dead letters already, which stops nothing.
func (o *outbox) Bury(ctx context.Context, batch broker.Batch, refused map[int]error) error {
	joined, err := o.broker.Join(ctx, broker.Join{Queue: o.queue, Worker: o.owner, Mode: broker.AtLeastOnce, Lease: relayLease})
	if err != nil {
		return err
	}
	m := joined.(*member)
	for i, refusal := range refused {
		if err = m.bury(ctx, batch.Messages[i], refusal); err != nil {
			break
		}
	}
	if leaving := m.Leave(context.WithoutCancel(ctx)); err == nil {
		err = leaving
	}
	return err
}

// bury makes a dead letter of a message, unless the task is over by now or a worker has it.
func (m *member) bury(ctx context.Context, message []byte, refusal error) error {
	_, granted, err := m.admit(ctx, [][]byte{message}, true)
	if err != nil || len(granted) == 0 {
		return err
	}
	o := broker.Outcome{Delivery: granted[0], State: zeroq.Dead, FinishedAt: m.Now()}
	o.Failure = &zeroq.AttemptError{Attempt: 1, At: o.FinishedAt, Worker: m.join.Worker, Message: refusal.Error()}
	if task := o.Delivery.Task; task != nil {
		o.Failure.Attempt = task.Attempt
	}
	return m.Settle(ctx, []broker.Outcome{o})
}

// Wait implements [broker.Outbox].
func (o *outbox) Wait(ctx context.Context) (bool, error) { return o.waiter.land(ctx, o.keys) }

// Measured implements [broker.Outbox].
func (o *outbox) Measured(ctx context.Context, least, most int64) error {
	_, err := o.broker.run(ctx, o.broker.calls, scriptMeasure, []string{o.keys.gate}, least, most)
	return err
}

// Close implements [broker.Outbox].
func (o *outbox) Close(ctx context.Context) error {
	o.waiter.close()
	_, err := o.broker.changeFields(ctx, o.keys.relay, gateChange{expect: []string{"owner", o.owner}, remove: []string{"owner", "until"}})
	return err
}
