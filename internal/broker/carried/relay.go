package carried

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Bounds of what a relay does at once.
const (
	maxRelay       = 512
	publishTimeout = 5 * time.Second
	callTimeout    = 10 * time.Second // of a call of Redis
	measureEvery   = 5 * time.Second
	heldWait       = 2 * time.Second // at most, until the next look whether the outbox of another is free
)

// relay moves the ready messages of a queue from Redis to its carrier.
type relay struct {
	queue   string
	carrier broker.Carrier
	outbox  broker.Outbox
	// carry tells producers what carries the queue. It is done again and again, as Redis may lose what it
	// knows; but until it has worked, nothing is moved.
	carry func(ctx context.Context) error
	told  bool

	errs     backoff.Backoff
	load     *load
	measured time.Time
}

// Relay moves the ready messages of a queue to its carrier until ctx ends. Any number of processes may do
// so at the same time: one at a time is let to. owner tells them apart. It goes on through all errors.
func (b *Broker) Relay(ctx context.Context, queue, owner string) {
	carrier := b.carriers[queue]
	if carrier == nil {
		return
	}
	r := &relay{
		queue: queue, carrier: carrier, outbox: b.Outbox(queue, owner),
		carry: func(ctx context.Context) error { return b.Carry(ctx, queue, carrier.Powers()) },
		errs:  backoff.Backoff{What: "relay of queue " + queue},
	}
	r.run(ctx)
}

func (r *relay) run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, err := r.step(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			wait = r.errs.Failed(err)
		} else {
			r.errs.Worked()
		}
		backoff.Pause(ctx, wait)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	if err := r.outbox.Close(last); err != nil {
		logx.Errorf("relay of queue %s: %v; others go on when its lease is over", r.queue, err)
	}
}

// step moves a batch, or what is left of it, or waits for one. It answers how long to wait before the next step.
func (r *relay) step(ctx context.Context) (time.Duration, error) {
	batch, err := r.take(ctx)
	held, isHeld := errors.AsType[*broker.HeldError](err)
	switch {
	case isHeld:
		r.load = nil
		return min(held.Wait, heldWait), nil
	case err != nil:
		return 0, err
	}
	r.measure(ctx)
	if len(batch.Messages) == 0 {
		r.load = nil
		_, err := r.outbox.Wait(ctx)
		return 0, err
	}
	if r.load == nil || !r.load.isOf(batch) {
		r.load = newLoad(r.queue, batch)
	}
	if err := r.publish(ctx); err != nil {
		return 0, err
	}
	return 0, r.settle(ctx)
}

// take takes the next batch, or again the one that is not done, which renews the lease of the outbox.
func (r *relay) take(ctx context.Context) (broker.Batch, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if !r.told {
		if err := r.carry(call); err != nil {
			return broker.Batch{}, err
		}
		r.told = true
	}
	return r.outbox.Take(call, maxRelay)
}

// publish hands over what is left of the batch. It returns an error unless nothing is.
func (r *relay) publish(ctx context.Context) error {
	if len(r.load.left) == 0 {
		return nil
	}
	call, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	return r.load.note(r.carrier.Publish(call, r.queue, r.load.messages()))
}

// settle forgets the batch, once what was refused is a dead letter.
func (r *relay) settle(ctx context.Context) error {
	// It is at the carrier: whatever tells the relay to stop, it need not be handed over again.
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	l := r.load
	if len(l.refused) > 0 {
		for i, err := range l.refused {
			logx.Errorf("queue %s: message %s: %v; it becomes a dead letter", r.queue, l.all[i].ID, err)
		}
		if err := r.outbox.Bury(call, l.batch, l.refused); err != nil {
			return err
		}
	}
	err := r.outbox.Done(call, l.batch)
	if err == nil || errors.Is(err, broker.ErrHeld) {
		r.load = nil // another will publish it again, or nobody has to
		return nil
	}
	return err
}

// measure tells Redis now and then how many messages wait at the carrier.
func (r *relay) measure(ctx context.Context) {
	if time.Since(r.measured) < measureEvery {
		return
	}
	r.measured = time.Now()
	call, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	err := r.carry(call)
	if err == nil {
		var least, most int64
		if least, most, err = r.carrier.Depth(call, r.queue); err == nil {
			err = r.outbox.Measured(call, least, most)
		}
	}
	if err != nil && ctx.Err() == nil {
		r.errs.Note(fmt.Errorf("measuring what waits: %w", err))
	}
}

// load is a batch of which not everything is handed over.
type load struct {
	batch   broker.Batch
	all     []broker.Message
	left    []int // indexes of those that the carrier may not have, in order
	refused map[int]error
}

func newLoad(queue string, batch broker.Batch) *load {
	l := &load{batch: batch, refused: make(map[int]error)}
	for i, raw := range batch.Messages {
		l.all = append(l.all, messageOf(raw, nameOf(queue, batch.Number, i, raw)))
		l.left = append(l.left, i)
	}
	return l
}

// isOf reports whether it is the load of the batch. A Redis that lost its last writes may give the same number to
// another batch, of which the carrier has nothing.
func (l *load) isOf(batch broker.Batch) bool {
	return l.batch.Number == batch.Number && slices.EqualFunc(l.batch.Messages, batch.Messages, bytes.Equal)
}

// nameOf is the ID of a bare message, the same whenever its batch is published. A Redis that lost its last
// writes may give the same number to another batch: what is in the message tells it from that.
func nameOf(queue string, batch uint64, index int, raw []byte) string {
	sum := fnv.New64a()
	_, _ = sum.Write(raw) // cannot fail
	return fmt.Sprintf("%s%d.%d.%x", relayed(queue), batch, index, sum.Sum64())
}

// relayed is how the IDs of bare messages begin that came from the outbox.
func relayed(queue string) string { return "relay." + queue + "." }

// messages are those that are left.
func (l *load) messages() []broker.Message {
	messages := make([]broker.Message, len(l.left))
	for n, i := range l.left {
		messages[n] = l.all[i]
	}
	return messages
}

// note takes in the carrier's answers, and returns the first error of those that are left. Who comes behind
// one of its group that may not be there is left too, to be published again behind it.
func (l *load) note(errs []error) error {
	var first error
	var left []int
	broken := make(map[string]bool)
	for n, i := range l.left {
		group := l.all[i].Group
		switch err := errs[n]; {
		case errors.Is(err, broker.ErrRefused):
			l.refused[i] = err
		case err != nil:
			if first == nil {
				first = err
			}
			broken[group] = group != ""
			left = append(left, i)
		case broken[group]:
			left = append(left, i)
		}
	}
	l.left = left
	return first
}

// messageOf makes the carrier's message of a message of a queue. One that is bare gets the name.
func messageOf(raw []byte, name string) broker.Message {
	message := broker.Message{ID: wire.HeadID(raw), Body: raw}
	bare := message.ID == ""
	if bare {
		message.ID = name
	}
	task, err := wire.Decode(raw)
	if err != nil || len(task.Group) > zeroq.MaxGroupBytes {
		return message // it becomes a dead letter
	}
	message.Group = task.Group
	if !bare { // else nobody has looked at them, and they may be too many for the carrier
		message.Headers = task.Headers
	}
	return message
}
