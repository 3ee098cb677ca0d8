package rabbitq

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/trust"
)

// maxName is how long the name of a queue may be for AMQP.
const maxName = 255

var _ broker.Carrier = (*Carrier)(nil)

// Carrier is a [broker.Carrier] on RabbitMQ.
type Carrier struct {
	conf       zeroq.RabbitMQConf
	publishing *link
	consuming  *link // and all that is not publishing
	topology   *topology
	prefetches prefetches

	idlePatience time.Duration
}

// Open returns a carrier. It does not wait for the server: connections are made when they are needed.
func Open(conf zeroq.RabbitMQConf) (*Carrier, error) {
	whole := zeroq.BrokerConf{Name: "rabbitmq", RabbitMQ: &conf}
	whole.SetDefaults()
	if err := whole.Validate(); err != nil {
		return nil, err
	}
	secure, err := trust.Config("RabbitMQ.TLS", conf.TLS)
	if err != nil {
		return nil, err
	}
	topology := newTopology(conf.Type)
	return &Carrier{
		conf:         conf,
		idlePatience: idlePatience,
		topology:     topology,
		publishing:   newLink(newDialer(conf, secure, "publishing"), topology),
		consuming:    newLink(newDialer(conf, secure, "consuming"), topology),
	}, nil
}

// Powers implements [broker.Carrier].
func (c *Carrier) Powers() broker.Powers { return broker.Powers{Name: "rabbitmq"} }

// Ping implements [broker.Carrier].
func (c *Carrier) Ping(ctx context.Context) error {
	conn, err := c.consuming.get(ctx)
	if err != nil {
		return err
	}
	return conn.within(ctx, func() error {
		ch, err := conn.Channel()
		if err != nil {
			return err
		}
		return ch.Close()
	})
}

// Close implements [broker.Carrier].
func (c *Carrier) Close() error {
	var both sync.WaitGroup
	both.Go(c.publishing.close)
	both.Go(c.consuming.close)
	both.Wait()
	return nil
}

// Depth implements [broker.Carrier]. RabbitMQ tells how many messages lie in the queue, but not how many
// it has sent to consumers and not seen acknowledged: these are at most what all of them may hold.
func (c *Carrier) Depth(ctx context.Context, queue string) (least, most int64, err error) {
	name, err := c.name(queue)
	if err != nil {
		return 0, 0, err
	}
	conn, err := c.consuming.get(ctx)
	if err != nil {
		return 0, 0, err
	}
	var found amqp.Queue
	err = conn.within(ctx, func() (err error) {
		found, err = conn.inspect(name)
		return err
	})
	switch {
	case code(err) == amqp.NotFound:
		return 0, 0, nil // nobody has published yet
	case err != nil:
		return 0, 0, on(name, err)
	}
	least = int64(found.Messages)
	return least, least + int64(found.Consumers)*int64(c.prefetches.of(name)), nil
}

// name returns what RabbitMQ calls a queue of zeroq.
func (c *Carrier) name(queue string) (string, error) {
	name := strings.ReplaceAll(c.conf.Queue, "{queue}", queue)
	if len(name) > maxName {
		return "", unavailable(fmt.Errorf("the name of queue %.64q… has more than %d bytes", name, maxName))
	}
	return name, nil
}

// prefetches are the most that a subscription of this process holds, by queue. Other processes are
// taken to hold as many; where there is none to go by, as many as AMQP can say.
type prefetches struct{ most sync.Map }

func (p *prefetches) note(name string, hold int) {
	if known := p.of(name); known == maxPrefetch || hold > known {
		p.most.Store(name, hold)
	}
}

func (p *prefetches) of(name string) int {
	if hold, ok := p.most.Load(name); ok {
		return hold.(int)
	}
	return maxPrefetch
}
