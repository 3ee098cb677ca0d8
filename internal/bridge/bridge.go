// Package bridge brings foreign messages to a queue: those that others put on a topic or queue of their
// own broker become tasks here.
//
// A message is acknowledged there once its task is safe here, or is known to be. So nothing is lost, and
// what is delivered again is the same task again, as its id is made of what the message carries. A message
// of which no task can be made becomes a dead letter of the queue with its bytes, and holds up no other.
package bridge

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

const (
	// hold is how many messages a bridge has in its hands at most: as many go in together.
	hold = 256
	// tapEvery is how long a bridge waits after it could not begin to take messages.
	tapEvery = time.Second
)

// Bridge brings the messages of one source to one queue. Any number of bridges may share a source.
type Bridge struct {
	Carrier broker.Carrier
	// Group is the consumer group, where the carrier has such.
	Group   string
	Mapping Mapping
	// Put is as Enqueue of a broker.
	Put func(ctx context.Context, tasks []*zeroq.Task) []error
	// Now is the broker's time.
	Now func() time.Time
}

// Run brings messages over until ctx ends.
func (b *Bridge) Run(ctx context.Context) {
	log := newReport("bridge from " + b.Mapping.Source + " to queue " + b.Mapping.Queue)
	for ctx.Err() == nil {
		from, err := b.Carrier.Tap(ctx, b.Mapping.Source, b.Group, hold)
		if err == nil {
			c := crossing{bridge: b, from: from, log: log}
			c.run(ctx)
			err = from.Close()
		}
		if ctx.Err() == nil {
			log.trouble(err)
			backoff.Pause(ctx, tapEvery)
		}
	}
}
