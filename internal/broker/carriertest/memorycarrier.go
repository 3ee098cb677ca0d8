package carriertest

import (
	"context"
	"maps"
	"slices"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// MemoryCarrier is one process's way to a [Memory]. It is a [broker.Carrier].
type MemoryCarrier struct {
	server *Memory
	dead   bool // with the server's mu
	subs   []*memorySubscription
}

var _ broker.Carrier = (*MemoryCarrier)(nil)

// Powers implements [broker.Carrier].
func (c *MemoryCarrier) Powers() broker.Powers { return c.server.powers }

// Ping implements [broker.Carrier].
func (c *MemoryCarrier) Ping(context.Context) error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.err()
}

// err is why the server cannot be reached; the server's mu is held.
func (c *MemoryCarrier) err() error {
	switch {
	case c.dead:
		return unavailableError("this process is dead")
	case c.server.away:
		return unavailableError("it is stopped")
	}
	return nil
}

// Publish implements [broker.Carrier].
func (c *MemoryCarrier) Publish(ctx context.Context, queue string, messages []broker.Message) []error {
	if c.Ping(ctx) != nil || ctx.Err() != nil {
		errs := make([]error, len(messages))
		fill(errs, unavailableError("it is away"))
		return errs
	}
	errs, hangs := c.server.publish(queue, messages)
	if hangs {
		return c.server.wait(ctx, len(messages))
	}
	return errs
}

// Subscribe implements [broker.Carrier].
func (c *MemoryCarrier) Subscribe(_ context.Context, queue string, hold int) (broker.Subscription, error) {
	return c.subscribe(queue, hold, nil), nil
}

// Tap implements [broker.Carrier].
func (c *MemoryCarrier) Tap(_ context.Context, source, group string, hold int) (broker.Subscription, error) {
	c.server.mu.Lock()
	name := c.server.tapped(source, group)
	var all []broker.Message
	if c.server.queues[name] == nil {
		all = slices.Clone(c.server.foreign[source])
	}
	c.server.mu.Unlock()
	return c.subscribe(name, hold, all), nil
}

func (c *MemoryCarrier) subscribe(queue string, hold int, first []broker.Message) *memorySubscription {
	sub := &memorySubscription{carrier: c, hold: hold, arrived: make(chan struct{}, 1)}
	c.server.change(func() {
		sub.queue = c.server.queue(queue)
		sub.queue.subs = append(sub.queue.subs, sub)
		for _, one := range first {
			sub.queue.add(one)
		}
		c.subs = append(c.subs, sub)
	})
	return sub
}

// Depth implements [broker.Carrier].
func (c *MemoryCarrier) Depth(_ context.Context, queue string) (least, most int64, err error) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if err := c.err(); err != nil {
		return 0, 0, err
	}
	for _, one := range c.server.queue(queue).items {
		most++
		if one.holder == nil {
			least++
		}
	}
	return least, most, nil
}

// Kill ends the process's connections without a goodbye.
func (c *MemoryCarrier) Kill() {
	c.server.change(func() {
		c.dead = true
		for _, sub := range c.subs {
			sub.giveBack()
		}
	})
}

// Close implements [broker.Carrier].
func (c *MemoryCarrier) Close() error { return nil }

// memorySubscription is a [broker.Subscription].
type memorySubscription struct {
	carrier *MemoryCarrier
	queue   *memoryQueue
	hold    int
	arrived chan struct{}

	closed bool // with the server's mu
}

// tag is what a parcel was handed as.
type tag struct {
	item   *item
	number int
}

// Receive implements [broker.Subscription].
func (s *memorySubscription) Receive(n int) []*broker.Parcel {
	server := s.carrier.server
	server.mu.Lock()
	defer server.mu.Unlock()
	if s.closed || s.carrier.err() != nil {
		return nil
	}
	held := 0
	for _, one := range s.queue.items {
		if one.holder == s {
			held++
		}
	}
	var parcels []*broker.Parcel
	behind := map[string]bool{} // groups that have a message further ahead
	for _, one := range s.queue.items {
		if len(parcels) >= n || held+len(parcels) >= s.hold {
			break
		}
		group := one.message.Group
		waits := server.powers.Order && group != "" && behind[group]
		behind[group] = true
		if one.holder == nil && !waits {
			parcels = append(parcels, s.hand(one))
		}
	}
	return parcels
}

// hand puts an item in the subscriber's hands.
func (s *memorySubscription) hand(one *item) *broker.Parcel {
	one.holder = s
	one.handing++
	message := one.message
	message.Body, message.Headers = slices.Clone(message.Body), maps.Clone(message.Headers)
	return &broker.Parcel{Message: message, Tag: tag{one, one.handing}}
}

// Arrived implements [broker.Subscription].
func (s *memorySubscription) Arrived() <-chan struct{} { return s.arrived }

// Ack implements [broker.Subscription].
func (s *memorySubscription) Ack(parcels ...*broker.Parcel) {
	s.carrier.server.change(func() {
		for _, p := range parcels {
			if h := p.Tag.(tag); s.holds(h) {
				h.item.holder = nil
				s.queue.remove(h.item)
			}
		}
	})
}

// Holds implements [broker.Subscription].
func (s *memorySubscription) Holds(parcel *broker.Parcel) bool {
	s.carrier.server.mu.Lock()
	defer s.carrier.server.mu.Unlock()
	return s.holds(parcel.Tag.(tag))
}

func (s *memorySubscription) holds(h tag) bool {
	return h.item.holder == s && h.item.handing == h.number
}

// Err implements [broker.Subscription].
func (s *memorySubscription) Err() error { return s.carrier.Ping(context.Background()) }

// giveBack lets go of what is in hand.
func (s *memorySubscription) giveBack() {
	s.closed = true
	s.queue.subs = slices.DeleteFunc(s.queue.subs, func(one *memorySubscription) bool { return one == s })
	for _, one := range s.queue.items {
		if one.holder == s {
			one.holder = nil
		}
	}
}

// Close implements [broker.Subscription].
func (s *memorySubscription) Close() error {
	s.carrier.server.change(s.giveBack)
	return nil
}
