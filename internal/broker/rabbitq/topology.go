package rabbitq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/zeromicro/go-zero/core/logx"
)

// topology is how queues are declared.
type topology struct {
	kind string   // of new queues: quorum, classic, or empty: what the server has
	told sync.Map // queues of which the log says that they are not as they would be declared

	// Since when this process knows of a queue that may be a quorum queue, by name: nobody tells when it was made.
	known        sync.Map
	registration time.Duration

	// making is held while a queue is declared. RabbitMQ 3.10 makes a quorum queue that two ask for at the
	// same time, but for a moment it answers one of them with an error (541) or a nack.
	making sync.Mutex
}

// registration is how long RabbitMQ 3.10 takes to write down that a quorum queue exists. A server that stands
// alone and is killed earlier has forgotten the queue, and what it has confirmed for it.
const registration = 4 * time.Second

func newTopology(kind string) *topology { return &topology{kind: kind, registration: registration} }

// registered waits until a queue must be written down, if it is a quorum queue; false when ctx ends before.
func (t *topology) registered(ctx context.Context, name string) bool {
	since, young := t.known.Load(name)
	if !young {
		return true
	}
	timer := time.NewTimer(time.Until(since.(time.Time).Add(t.registration)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// abilities are what a server says of itself: whether it has quorum queues, which came with 3.8, and
// whether they have a delivery limit that nobody set, which came with 4.0.
func abilities(properties amqp.Table) (quorum, limited bool) {
	version, ok := properties["version"].(string)
	if !ok {
		return false, false
	}
	var major, minor int
	if n, err := fmt.Sscanf(version, "%d.%d", &major, &minor); n < 2 || err != nil {
		return false, false
	}
	return major > 3 || major == 3 && minor >= 8, major >= 4
}

// arguments are those of a new queue.
func (c *conn) arguments() amqp.Table {
	kind := c.topology.kind
	if kind == "" && c.quorum {
		kind = "quorum"
	}
	switch {
	case kind != "quorum":
		return nil // classic, also for servers that have nothing else
	case c.limited:
		// Redis counts the workers that a task has killed. A message that was on its way to workers which
		// ended is to stay.
		return amqp.Table{"x-queue-type": "quorum", "x-delivery-limit": int32(-1)}
	}
	return amqp.Table{"x-queue-type": "quorum"}
}

// declare sees to it that a queue is there. It waits for the server: see guard.
func (c *conn) declare(name string) error {
	if c.knows(name) {
		return nil
	}
	c.topology.making.Lock()
	defer c.topology.making.Unlock()
	err := c.onChannel(func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclare(name, true, false, false, false, c.arguments())
		return err
	})
	switch code(err) {
	case amqp.PreconditionFailed, amqp.AccessRefused:
		// It is there with other arguments, or may not be made by us.
		refusal := err
		if _, err = c.inspect(name); err != nil {
			return errors.Join(refusal, err)
		}
		if _, told := c.topology.told.LoadOrStore(name, true); !told {
			logx.Infof("RabbitMQ: queue %s is used as it is: %v", name, refusal)
		}
	}
	if err == nil {
		if c.arguments() != nil {
			c.topology.known.LoadOrStore(name, time.Now())
		}
		c.know(name, true)
	}
	return err
}

// inspect says what is known of a queue, which must be there. It waits for the server: see guard.
func (c *conn) inspect(name string) (queue amqp.Queue, err error) {
	err = c.onChannel(func(ch *amqp.Channel) (err error) {
		queue, err = ch.QueueDeclarePassive(name, true, false, false, false, nil)
		return err
	})
	return queue, err
}

// onChannel makes calls on a channel of their own, as the server closes the channel of what it refuses.
func (c *conn) onChannel(calls func(*amqp.Channel) error) error {
	ch, err := c.Channel()
	if err != nil {
		return err
	}
	if err := calls(ch); err != nil {
		_ = ch.Close() // the first error says more
		return err
	}
	return ch.Close()
}

func (c *conn) knows(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.declared[name]
}

// know notes whether a queue is there.
func (c *conn) know(name string, there bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.declared[name] = there
}
