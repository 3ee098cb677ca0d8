package rabbitq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

const (
	// round is how many messages are sent before their confirms are waited for.
	round = 256
	// large is from how many bytes on a message has a round of its own: should the server find it too
	// large, it is known which one it was, and no other lacks its confirm.
	large = 1 << 20
	// confirmPatience is how long the confirms of a round may take: a quorum queue without its majority
	// gives none, and no error.
	confirmPatience = 30 * time.Second
	// nackTries is how often a message is sent again that the server did not store.
	nackTries = 3
	// grace is how long an ended context leaves to look at the confirms that have come.
	grace = 100 * time.Millisecond
)

// Publish implements [broker.Carrier].
func (c *Carrier) Publish(ctx context.Context, queue string, messages []broker.Message) []error {
	name, err := c.name(queue)
	if err != nil {
		return all(len(messages), err)
	}
	errs := make([]error, 0, len(messages))
	for len(errs) < len(messages) {
		next := firstRound(messages[len(errs):])
		results := c.send(ctx, name, next)
		c.sendAgain(ctx, name, next, results)
		if len(next) > 1 && has(results, broker.ErrRefused) {
			c.sendSingly(ctx, name, next, results)
		}
		errs = append(errs, results...)
	}
	return errs
}

// firstRound returns those of the messages that are sent first.
func firstRound(messages []broker.Message) []broker.Message {
	for i, m := range messages[:min(round, len(messages))] {
		if len(m.Body) >= large {
			return messages[:max(i, 1)]
		}
	}
	return messages[:min(round, len(messages))]
}

// sendAgain sends the messages once more that the server had no room for: a quorum queue that two make at
// the same time has none for a moment.
func (c *Carrier) sendAgain(ctx context.Context, name string, messages []broker.Message, results []error) {
	var pause pause
	for range nackTries {
		if !has(results, errNack) {
			return
		}
		pause.wait(ctx)
		var left []broker.Message
		var places []int
		for i, err := range results {
			if errors.Is(err, errNack) {
				left, places = append(left, messages[i]), append(places, i)
			}
		}
		for i, err := range c.send(ctx, name, left) {
			results[places[i]] = err
		}
	}
}

// sendSingly sends the messages that are not confirmed once more, one by one: the server closes the
// channel at a message that it refuses, and does not say which that was.
func (c *Carrier) sendSingly(ctx context.Context, name string, messages []broker.Message, results []error) {
	var away error // ends it: what comes later is not to overtake
	for i := range messages {
		switch {
		case results[i] == nil:
			continue
		case away == nil:
			results[i] = c.send(ctx, name, messages[i:i+1])[0]
		default:
			results[i] = away
		}
		if results[i] != nil && !errors.Is(results[i], broker.ErrRefused) {
			away = results[i]
		}
	}
}

// has tells whether one of the results is the error.
func has(results []error, target error) bool {
	return slices.ContainsFunc(results, func(err error) bool { return errors.Is(err, target) })
}

// send publishes up to a round of messages and waits for their confirms. If the server closes the channel
// for one of them, all that have no confirm are refused.
func (c *Carrier) send(ctx context.Context, name string, messages []broker.Message) []error {
	ctx, cancel := context.WithTimeout(ctx, confirmPatience)
	defer cancel()
	conn, err := c.publishing.get(ctx)
	if err != nil {
		return all(len(messages), err)
	}
	errs := conn.sendWithin(ctx, name, messages)
	for i, err := range errs {
		errs[i] = on(name, err)
	}
	return errs
}

// sendWithin is send, for no longer than ctx.
func (c *conn) sendWithin(ctx context.Context, name string, messages []broker.Message) []error {
	done := make(chan []error, 1)
	go func() { done <- c.send(ctx, name, messages) }()
	select {
	case errs := <-done:
		return errs
	case <-ctx.Done():
	}
	select { // a write that has begun does not know of ctx
	case errs := <-done:
		return errs
	case <-time.After(grace):
		return all(len(messages), ended(ctx))
	}
}

func all(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

func (c *conn) send(ctx context.Context, name string, messages []broker.Message) []error {
	stall, err := c.takes()
	if err != nil {
		return all(len(messages), err)
	}
	if err := c.declare(name); err != nil {
		return all(len(messages), err)
	}
	var o *outlet
	err = c.guard(func() (err error) {
		o, err = c.outlet()
		return err
	})
	if err != nil {
		return all(len(messages), err)
	}
	if !c.topology.registered(ctx, name) {
		c.giveBack(o, nil)
		return all(len(messages), ended(ctx))
	}
	confirms, err := o.write(ctx, name, messages)
	errs := o.outcomes(ctx, stall, confirms, len(messages), err)
	if returned := o.returned(); len(returned) > 0 {
		c.know(name, false) // so the next attempt declares it again
		c.topology.anew(name)
		for i := range messages {
			if returned[publishing(messages[i]).MessageId] {
				errs[i] = unavailable(fmt.Errorf("queue %s: %w", name, errReturned))
			}
		}
	}
	c.giveBack(o, confirms)
	return errs
}
