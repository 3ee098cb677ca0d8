package rabbitq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// queue is the queue of zeroq that tests use; names differ by the conf.
const queue = "work"

// tooLong bounds each wait for something that is to happen.
const tooLong = time.Minute

func open(t testing.TB, conf zeroq.RabbitMQConf) *Carrier {
	t.Helper()
	c, err := Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	c.topology.registration = 0 // no server is killed but where a test says so
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func subscribe(t testing.TB, c *Carrier, hold int) broker.Subscription {
	t.Helper()
	s, err := c.Subscribe(t.Context(), queue, hold)
	return closing(t, s, err)
}

func closing(t testing.TB, s broker.Subscription, err error) broker.Subscription {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// messages returns n messages, numbered from first.
func messages(first, n int) []broker.Message {
	result := make([]broker.Message, n)
	for i := range result {
		id := fmt.Sprintf("m-%d", first+i)
		result[i] = broker.Message{ID: id, Body: []byte(id)}
	}
	return result
}

// publish publishes messages, as often as it takes until the server is back.
func publish(t testing.TB, c *Carrier, messages ...broker.Message) {
	t.Helper()
	eventually(t, func() error {
		for i, err := range c.Publish(t.Context(), queue, messages) {
			if err != nil {
				messages = messages[i:]
				return err
			}
		}
		return nil
	})
}

// receive waits for n parcels.
func receive(t testing.TB, s broker.Subscription, n int) []*broker.Parcel {
	t.Helper()
	var parcels []*broker.Parcel
	tooLate := time.After(tooLong)
	for {
		parcels = append(parcels, s.Receive(n-len(parcels))...)
		if len(parcels) == n {
			return parcels
		}
		select {
		case <-s.Arrived():
		case <-tooLate:
			t.Fatalf("%d of %d arrived; %v", len(parcels), n, s.Err())
		}
	}
}

// eventually waits until there is no error any more.
func eventually(t testing.TB, try func() error) {
	t.Helper()
	tooLate := time.After(tooLong)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-tooLate:
			t.Fatal(err)
		}
	}
}

// raw is a client as others have it.
func raw(t testing.TB, conf zeroq.RabbitMQConf) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial("amqp://guest:guest@" + conf.Addrs[0] + "/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func nameOf(t testing.TB, c *Carrier) string {
	t.Helper()
	name, err := c.name(queue)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// noErrors fails the test unless all messages were taken.
func noErrors(t testing.TB, errs []error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// within returns a context that ends so soon.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func unused(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
