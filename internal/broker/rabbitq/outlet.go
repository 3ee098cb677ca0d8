package rabbitq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// outlet is a channel that publishes, used by one goroutine at a time.
type outlet struct {
	ch      *amqp.Channel
	closed  chan *amqp.Error
	returns chan amqp.Return // has room for a round, so that the connection never waits for a reader
}

// outlet returns an idle outlet or makes one. It waits for the server: see guard.
func (c *conn) outlet() (*outlet, error) {
	if o := c.takeIdle(); o != nil {
		return o, nil
	}
	ch, err := c.Channel()
	if err != nil {
		return nil, err
	}
	if err := ch.Confirm(false); err != nil {
		return nil, errors.Join(err, ch.Close())
	}
	return &outlet{
		ch: ch, closed: ch.NotifyClose(make(chan *amqp.Error, 1)), returns: ch.NotifyReturn(make(chan amqp.Return, round)),
	}, nil
}

func (c *conn) takeIdle() *outlet {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.idle) > 0 {
		o := c.idle[len(c.idle)-1]
		c.idle = c.idle[:len(c.idle)-1]
		if !o.ch.IsClosed() {
			return o
		}
	}
	return nil
}

// giveBack makes the outlet an idle one once all that it has published is confirmed, which may be later.
func (c *conn) giveBack(o *outlet, confirms []*amqp.DeferredConfirmation) {
	go func() { // ends with the channel at the latest
		for _, confirm := range confirms {
			confirm.Wait()
		}
		if o.ch.IsClosed() {
			return
		}
		for range o.returned() { // of those that nobody waited for
			continue
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.idle = append(c.idle, o)
	}()
}

// write sends messages as far as that goes.
func (o *outlet) write(ctx context.Context, name string, messages []broker.Message) (confirms []*amqp.DeferredConfirmation, err error) {
	for _, m := range messages {
		if ctx.Err() != nil {
			return confirms, ended(ctx)
		}
		confirm, err := o.ch.PublishWithDeferredConfirm("", name, true, false, publishing(m))
		if err != nil {
			return confirms, err
		}
		confirms = append(confirms, confirm)
	}
	return confirms, nil
}

// outcomes waits for the confirms of what was written, and has an answer for each of n messages. failed is
// why not all were written.
func (o *outlet) outcomes(ctx context.Context, stall <-chan struct{}, confirms []*amqp.DeferredConfirmation, n int, failed error) []error {
	errs := all(n, unavailable(failed))
	for i, confirm := range confirms {
		errs[i] = outcome(ctx, stall, confirm)
	}
	if !o.ch.IsClosed() {
		return errs
	}
	reason := unavailable(errClosed)
	if closed := <-o.closed; closed != nil {
		reason = unavailable(closed)
		if closed.Code == amqp.PreconditionFailed {
			reason = fmt.Errorf("%w: RabbitMQ: %w", broker.ErrRefused, closed)
		}
	}
	for i := range errs {
		if errs[i] != nil {
			errs[i] = reason
		}
	}
	return errs
}

func outcome(ctx context.Context, stall <-chan struct{}, confirm *amqp.DeferredConfirmation) error {
	select {
	case <-confirm.Done():
	case <-ctx.Done():
	case <-stall:
	}
	select {
	case <-confirm.Done():
		if confirm.Acked() {
			return nil
		}
		return unavailable(errNack)
	case <-stall:
		return unavailable(errStalled)
	default:
		return ended(ctx)
	}
}

// returned are the ids of the messages that came back, as their queue is not there.
func (o *outlet) returned() map[string]bool {
	ids := map[string]bool{}
	for {
		select {
		case r, ok := <-o.returns:
			if !ok {
				return ids
			}
			ids[r.MessageId] = true
		default:
			return ids
		}
	}
}
