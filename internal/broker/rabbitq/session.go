package rabbitq

import (
	"errors"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"
)

// errCancelled: the server has ended a subscription, but not its channel.
var errCancelled = errors.New("the server ended the subscription, as it does when a queue is deleted")

// session is the channel that a subscription has at present. Only on it can be acknowledged what came by
// it.
type session struct {
	ch         *amqp.Channel
	consumer   string
	deliveries <-chan amqp.Delivery
	closed     chan *amqp.Error

	mu     sync.Mutex
	acks   []uint64 // yet to be sent
	over   bool     // no more are taken
	wakeup chan struct{}
}

// tag is a [broker.Parcel]'s.
type tag struct {
	session *session
	number  uint64      // the delivery's
	acked   atomic.Bool // the server closes the channel of whoever acknowledges twice
}

func newSession(ch *amqp.Channel, consumer string) *session {
	return &session{
		ch: ch, consumer: consumer, closed: ch.NotifyClose(make(chan *amqp.Error, 1)), wakeup: make(chan struct{}, 1),
	}
}

// ack has a delivery acknowledged soon, if the session still lives.
func (s *session) ack(number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.acks = append(s.acks, number)
	s.wake()
}

func (s *session) wake() {
	select {
	case s.wakeup <- struct{}{}:
	default:
	}
}

// acknowledge sends acknowledgements until the session is over and all are sent.
func (s *session) acknowledge() {
	for range s.wakeup {
		acks, over := s.takeAcks()
		for _, number := range acks {
			if s.ch.Ack(number, false) != nil {
				break // the channel is gone: all of them are delivered again
			}
		}
		if over {
			return
		}
	}
}

func (s *session) takeAcks() (acks []uint64, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	acks, s.acks = s.acks, nil
	return acks, s.over
}

// finish sends the last acknowledgements.
func (s *session) finish(acking *sync.WaitGroup) {
	s.mu.Lock()
	s.over = true
	s.wake()
	s.mu.Unlock()
	acking.Wait()
}

// end closes the channel, if the server has not, so that the server gives to others what is not
// acknowledged.
func (s *session) end(conn *conn) {
	_ = conn.guard(func() error {
		if s.ch.IsClosed() {
			return nil
		}
		return errors.Join(s.ch.Cancel(s.consumer, false), s.ch.Close())
	}) // an error is that of a channel that has ended by itself
}

// reason is why the session ended.
func (s *session) reason() error {
	if !s.ch.IsClosed() {
		return errCancelled
	}
	if err := <-s.closed; err != nil {
		return err
	}
	return errClosed
}
