package redisq

import (
	"context"
	"fmt"
	"strconv"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Fields of a gate that say what carries the queue's tasks; none where Redis does.
const (
	gateCarrier = "carrier" // its name
	gateOrdered = "ordered" // 1 where it keeps the order of a group
	gateAway    = "away"    // how many tasks are there; below 0 for a moment
)

// Carry has a queue's tasks carried by what has these powers, by Redis itself where they are zero. An error
// that wraps zeroq.ErrUnsupported: tasks are still where they were carried before.
func (b *Broker) Carry(ctx context.Context, queue string, powers broker.Powers) error {
	if _, err := b.meet(ctx, queue); err != nil {
		return err
	}
	wanted := []string{powers.Name, ""}
	if powers.Order {
		wanted[1] = "1"
	}
	err := b.retryChanged("the broker of queue "+queue, func() (bool, error) {
		now, err := b.gateFields(ctx, queue, []string{gateCarrier, gateOrdered, gateAway})
		if err != nil || now[0] == wanted[0] && now[1] == wanted[1] {
			return err == nil, err
		}
		if now[0] != "" && now[0] != wanted[0] {
			if err := b.checkNoneLeft(ctx, queue, now[0], now[2]); err != nil {
				return false, err
			}
		}
		return b.changeGate(ctx, queue, carrierChange(now, wanted))
	})
	b.known.Delete(queue)
	return err
}

// carrierChange makes what is wanted of carrier and ordered as they are now.
func carrierChange(now, wanted []string) gateChange {
	change := gateChange{remove: []string{gateCarrier, gateOrdered}}
	for i, field := range change.remove {
		change.expect = append(change.expect, field, now[i])
		if wanted[i] != "" {
			change.set = append(change.set, field, wanted[i])
		}
	}
	if now[0] != wanted[0] {
		change.remove = append(change.remove, gateAway)
	}
	return change
}

// checkNoneLeft reports tasks of a queue that are at its carrier, or on their way there.
func (b *Broker) checkNoneLeft(ctx context.Context, queue, carrier, away string) error {
	relaying, err := b.calls.LLen(ctx, keysOf(queue).relaying).Result()
	if err != nil {
		return explain(err)
	}
	there, _ := strconv.ParseInt(away, 10, 64) // empty: none
	if n := there + relaying; n > 0 {
		return fmt.Errorf("%w: %d tasks of queue %s are still at %s, and must be run by workers that use it before another broker carries them",
			zeroq.ErrUnsupported, n, queue, carrier)
	}
	return nil
}

// powers are those of what carries the queue's tasks.
func (b *Broker) powers(ctx context.Context, queue string) (broker.Powers, error) {
	fields, err := b.gateFields(ctx, queue, []string{gateCarrier, gateOrdered})
	if err != nil {
		return broker.Powers{}, err
	}
	return broker.Powers{Name: fields[0], Order: fields[1] != ""}, nil
}

// powersMet are those of what carried the queue's tasks when it was met.
func (b *Broker) powersMet(queue string) broker.Powers {
	known, _ := b.known.Load(queue)
	if queueMet, ok := known.(*met); ok {
		return queueMet.powers
	}
	return broker.Powers{} // it was forgotten just now: then Redis is meant
}

// checkCarried reports what a task asks for that the broker of its queue, which was met, does not do.
func (b *Broker) checkCarried(queue string, task *zeroq.Task) error {
	powers := b.powersMet(queue)
	switch {
	case task.Group != "" && !powers.Order:
		return &zeroq.FieldError{Field: "group", Reason: "needs a broker that keeps the order of a group, which that of the queue does not"}
	case task.Priority != zeroq.Normal && powers.Name != "":
		return &zeroq.FieldError{Field: "priority", Reason: "must be normal: " + powers.Name + ", which carries the queue's tasks, has no priorities"}
	}
	return nil
}

// carriable are the tasks that the broker of the queue can carry; of the others it says why not.
func (b *Broker) carriable(queue string, tasks []*zeroq.Task, indexes []int, errs []error) []int {
	kept := indexes[:0]
	for _, i := range indexes {
		if errs[i] = b.checkCarried(queue, tasks[i]); errs[i] == nil {
			kept = append(kept, i)
		}
	}
	return kept
}
