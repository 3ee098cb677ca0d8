package bridge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

const (
	// putTimeout bounds one enqueue.
	putTimeout = 5 * time.Second
	// After an enqueue that failed the bridge waits between these, longer each time.
	leastWait = 100 * time.Millisecond
	mostWait  = 2 * time.Second
	// lookEvery is how often an idle bridge asks why nothing comes.
	lookEvery = time.Second
)

// crossing is a bridge at work on one subscription.
type crossing struct {
	bridge *Bridge
	from   broker.Subscription
	log    *report
	kept   []passenger // what was received and is not in yet, in its order
}

// passenger is a foreign message and the task that it becomes.
type passenger struct {
	parcel *broker.Parcel
	task   *zeroq.Task
}

func (c *crossing) run(ctx context.Context) {
	wait := leastWait
	for ctx.Err() == nil {
		c.drop()
		c.receive()
		if len(c.kept) == 0 {
			c.await(ctx)
			continue
		}
		before := len(c.kept)
		err := c.put(ctx)
		c.log.trouble(err)
		if err == nil || len(c.kept) < before {
			wait = leastWait
		}
		if err != nil {
			backoff.Pause(ctx, wait/2+rand.N(wait/2))
			wait = min(2*wait, mostWait)
		}
	}
}

// drop lets go of what is another's by now, who brings it in.
func (c *crossing) drop() {
	c.kept = slices.DeleteFunc(c.kept, func(p passenger) bool { return !c.from.Holds(p.parcel) })
}

// receive takes what has arrived, as long as there is room for it: while the queue takes nothing, nor does the
// bridge.
func (c *crossing) receive() {
	now := c.bridge.Now()
	for _, parcel := range c.from.Receive(hold - len(c.kept)) {
		task, err := c.bridge.Mapping.Task(parcel.Message, now)
		if err != nil {
			c.log.unreadable(task.ID)
		}
		c.kept = append(c.kept, passenger{parcel, task})
	}
}

// await waits for something to arrive.
func (c *crossing) await(ctx context.Context) {
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	select {
	case <-c.from.Arrived():
	case <-timer.C:
		c.log.trouble(c.from.Err())
	case <-ctx.Done():
	}
}

// put enqueues what is kept, and lets go of what is in. The error is why something is not. It does not end
// with ctx: of an enqueue that was cut off nobody knows whether it was made.
func (c *crossing) put(ctx context.Context) error {
	tasks := make([]*zeroq.Task, len(c.kept))
	for i, p := range c.kept {
		sent := *p.task // a broker writes to what it is given
		tasks[i] = &sent
	}
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), putTimeout)
	defer cancel()
	var in []*broker.Parcel
	var out []passenger
	var first error
	for i, err := range c.bridge.Put(call, tasks) {
		p := c.kept[i]
		if isIn(err) {
			in = append(in, p.parcel)
			continue
		}
		if first == nil {
			first = fmt.Errorf("task %s: %w", p.task.ID, err)
		}
		out = append(out, p)
	}
	c.from.Ack(in...)
	c.kept = out
	return first
}

// isIn reports whether the answer to an enqueue means that the task, or the one that has its unique key, is in.
func isIn(err error) bool {
	return err == nil || errors.Is(err, zeroq.ErrDuplicateID) || errors.Is(err, zeroq.ErrDuplicate)
}
