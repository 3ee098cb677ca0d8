package rabbitq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/zeroq-dev/zeroq"
)

var (
	errClosed   = errors.New("the connection was closed by this program")
	errNack     = errors.New("the server could not store the message (nack)")
	errReturned = errors.New("the queue was gone")
	errStalled  = errors.New("the server takes no messages at present")
	errSilent   = errors.New("the server gave no answer in time")
)

// unavailable says in zeroq's words that RabbitMQ does not do what it was asked for at present.
func unavailable(err error) error {
	if err == nil || errors.Is(err, zeroq.ErrUnavailable) {
		return err
	}
	if errors.Is(err, amqp.ErrCredentials) {
		// The client library says so of each server that goes away at that moment.
		err = errors.New("the server ended the connection at the login, as it does when the user or password is wrong")
	}
	return fmt.Errorf("%w: RabbitMQ: %w", zeroq.ErrUnavailable, err)
}

// code is why the server closed a channel or connection; 0 when it did not.
func code(err error) int {
	var closed *amqp.Error
	if errors.As(err, &closed) {
		return closed.Code
	}
	return 0
}

// on says which queue it was that there was no answer for: others of the server may do well.
func on(name string, err error) error {
	if !errors.Is(err, errSilent) {
		return err
	}
	return fmt.Errorf("%w (for queue %s; a quorum queue without a leader gives none)", err, name)
}

// ended is why a context ended, in zeroq's words.
func ended(ctx context.Context) error {
	return unavailable(fmt.Errorf("%w: %w", errSilent, context.Cause(ctx)))
}
