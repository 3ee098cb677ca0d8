package rabbitq

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// maxPrefetch is the most that AMQP can say.
const maxPrefetch = 65535

// subscription is a [broker.Subscription]. What it receives belongs to a session, which is one channel.
type subscription struct {
	link *link
	name string
	hold int
	make bool // the queue, if it is not there
	tag  string

	ctx     context.Context // ends when the subscription is closed
	cancel  context.CancelFunc
	running sync.WaitGroup
	arrived chan struct{}

	// How long what nobody receives is kept from other subscriptions; 0: as long as it takes.
	patience time.Duration

	mu      sync.Mutex
	session *session // nil while there is none
	waiting []*broker.Parcel
	err     error
}

// idlePatience is how long a message waits in the hands of a worker that does not ask for it, as all its slots
// are taken by tasks that were acknowledged while they run. Then it is given back, as another may be idle.
const idlePatience = 30 * time.Second

// Subscribe implements [broker.Carrier].
func (c *Carrier) Subscribe(_ context.Context, queue string, hold int) (broker.Subscription, error) {
	name, err := c.name(queue)
	if err != nil {
		return nil, err
	}
	hold = min(max(hold, 1), maxPrefetch)
	c.prefetches.note(name, hold)
	return c.subscribe(name, hold, true), nil
}

// Tap implements [broker.Carrier]. RabbitMQ has no consumer groups: all who tap a queue share it.
func (c *Carrier) Tap(_ context.Context, source, _ string, hold int) (broker.Subscription, error) {
	if len(source) > maxName {
		return nil, fmt.Errorf("the name of queue %.64q… has more than %d bytes", source, maxName)
	}
	return c.subscribe(source, min(max(hold, 1), maxPrefetch), false), nil
}

func (c *Carrier) subscribe(name string, hold int, create bool) *subscription {
	ctx, cancel := context.WithCancel(context.Background())
	s := &subscription{
		link: c.consuming, name: name, hold: hold, make: create, tag: "zeroq " + process,
		ctx: ctx, cancel: cancel, arrived: make(chan struct{}, 1),
	}
	if create {
		s.patience = c.idlePatience
	}
	s.running.Go(s.run)
	return s
}

// run takes messages, over as many sessions as it takes.
func (s *subscription) run() {
	var pause pause
	for s.ctx.Err() == nil {
		conn, err := s.link.await(s.ctx, s.failed)
		if err != nil {
			return
		}
		began := time.Now()
		s.failed(on(s.name, s.serve(conn)))
		pause.after(time.Since(began))
		pause.wait(s.ctx)
	}
}

// serve takes messages until the session ends, and returns why it did.
func (s *subscription) serve(conn *conn) error {
	if err := s.prepare(conn); err != nil {
		return err
	}
	var session *session
	err := conn.guard(func() (err error) {
		session, err = s.open(conn)
		return err
	})
	if err != nil {
		return err
	}
	s.begun(session)
	var acking sync.WaitGroup
	acking.Go(session.acknowledge)
	s.pump(session)
	s.ended()
	session.finish(&acking)
	err = unavailable(session.reason())
	session.end(conn)
	return err
}

// prepare sees to it that the queue is there.
func (s *subscription) prepare(conn *conn) error {
	if s.make {
		// A queue that somebody has deleted since is missed no earlier than here.
		conn.know(s.name, false)
		return conn.declare(s.name)
	}
	return conn.guard(func() error {
		_, err := conn.inspect(s.name)
		return err
	})
}

// open begins to consume. It waits for the server: see guard.
func (s *subscription) open(conn *conn) (*session, error) {
	ch, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	session := newSession(ch, s.tag)
	session.counted = conn.counts(s.name)
	if err := ch.Qos(s.hold, 0, false); err != nil {
		return nil, err
	}
	session.deliveries, err = ch.Consume(s.name, s.tag, false, false, false, false, nil)
	return session, err
}

// pump takes what the session delivers until it ends, or the subscription is closed.
func (s *subscription) pump(session *session) {
	var look <-chan time.Time
	if s.patience > 0 && !session.counted {
		ticker := time.NewTicker(s.patience / 2)
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case d, ok := <-session.deliveries:
			if !ok {
				return
			}
			s.put(&broker.Parcel{Message: received(d), Tag: &tag{session: session, number: d.DeliveryTag, came: time.Now()}})
		case now := <-look:
			session.giveBack(s.overdue(now.Add(-s.patience)))
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *subscription) put(parcel *broker.Parcel) {
	s.mu.Lock()
	s.waiting = append(s.waiting, parcel)
	s.mu.Unlock()
	s.ring()
}

// overdue takes out what came before a time and was not received.
func (s *subscription) overdue(before time.Time) (numbers []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) > 0 {
		t := s.waiting[0].Tag.(*tag)
		if t.came.After(before) {
			break
		}
		numbers, s.waiting = append(numbers, t.number), s.waiting[1:]
	}
	return numbers
}

func (s *subscription) ring() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

func (s *subscription) begun(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session, s.err = session, nil
}

// ended forgets what nobody has received yet: it is delivered again.
func (s *subscription) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session, s.waiting = nil, nil
}

func (s *subscription) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Receive implements [broker.Subscription].
func (s *subscription) Receive(n int) []*broker.Parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(n, len(s.waiting))
	if n <= 0 {
		return nil
	}
	parcels := s.waiting[:n:n]
	s.waiting = s.waiting[n:]
	if len(s.waiting) > 0 {
		s.ring()
	}
	return parcels
}

// Arrived implements [broker.Subscription].
func (s *subscription) Arrived() <-chan struct{} { return s.arrived }

// Ack implements [broker.Subscription].
func (s *subscription) Ack(parcels ...*broker.Parcel) {
	for _, parcel := range parcels {
		if t := parcel.Tag.(*tag); t.acked.CompareAndSwap(false, true) {
			t.session.ack(t.number)
		}
	}
}

// Holds implements [broker.Subscription].
func (s *subscription) Holds(parcel *broker.Parcel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := parcel.Tag.(*tag)
	return s.session != nil && s.session == t.session && !t.session.ch.IsClosed()
}

// Err implements [broker.Subscription].
func (s *subscription) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close implements [broker.Subscription].
func (s *subscription) Close() error {
	s.cancel()
	s.running.Wait()
	return nil
}
