package kafkaq

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/trust"
)

// Carrier is a [broker.Carrier] on Kafka.
type Carrier struct {
	conf      zeroq.KafkaConf
	pace      pace
	lines     *lines
	tls       *tls.Config
	sasl      sasl.Mechanism
	transport *kafka.Transport
	client    *kafka.Client
	spread    kafka.RoundRobin // of messages without a group
}

var _ broker.Carrier = (*Carrier)(nil)

// pace is how fast things go by themselves.
type pace struct {
	session   time.Duration // how long a member may be silent before its partitions go to others
	heartbeat time.Duration // how often it shows itself, and so how soon it hears of other members
	rebalance time.Duration // how long others may take to come to a new generation
	watch     time.Duration // how often new partitions are looked for
	commit    time.Duration // how long what was acknowledged may not be committed
	rejoin    time.Duration // the least time from one generation to the next
	poll      time.Duration // how long Kafka holds a fetch that finds nothing
	answer    time.Duration // how long an answer may take
	// How long the coordinator of a group may take, and with rebalance how long it may take to join. Who gives up
	// comes again as another member, which the rest has to wait for: so that is longer than a rebalance.
	coordinator time.Duration
	leave       time.Duration // how long the last commit may take, or a join that is under way when the member leaves
}

var usual = pace{
	session: 10 * time.Second, heartbeat: 2 * time.Second, rebalance: 5 * time.Second, watch: 5 * time.Second,
	commit: 250 * time.Millisecond, rejoin: time.Second, poll: 2 * time.Second, answer: 10 * time.Second,
	coordinator: 12 * time.Second, leave: 2 * time.Second,
}

// Open makes a carrier. It does not connect yet.
func Open(conf zeroq.KafkaConf) (*Carrier, error) {
	full := zeroq.BrokerConf{Name: "kafka", Kafka: &conf}
	full.SetDefaults()
	if err := full.Validate(); err != nil {
		return nil, err
	}
	tlsConf, err := trust.Config("Kafka.TLS", conf.TLS)
	if err != nil {
		return nil, err
	}
	mechanism, err := authentication(conf)
	if err != nil {
		return nil, err
	}
	c := &Carrier{conf: conf, pace: usual, lines: newLines(new(net.Dialer).DialContext), tls: tlsConf, sasl: mechanism}
	c.transport = &kafka.Transport{
		Dial: c.lines.dial, DialTimeout: dialTimeout, TLS: tlsConf, SASL: mechanism, ClientID: clientID,
	}
	c.client = &kafka.Client{Addr: kafka.TCP(conf.Addrs...), Transport: c.transport}
	return c, nil
}

// Powers tells that Kafka keeps the order of a group.
func (c *Carrier) Powers() broker.Powers { return broker.Powers{Name: "kafka", Order: true} }

// Subscribe begins to take messages of a queue, as a member of the queue's consumer group.
func (c *Carrier) Subscribe(_ context.Context, queue string, hold int) (broker.Subscription, error) {
	return c.subscribe(c.topic(queue), c.group(queue), hold, true), nil
}

// Tap begins to take what others put on a topic of theirs. It begins with the oldest that is there.
func (c *Carrier) Tap(_ context.Context, source, group string, hold int) (broker.Subscription, error) {
	if source == "" || group == "" {
		return nil, errors.New("a tap of Kafka needs a topic and a consumer group")
	}
	return c.subscribe(source, group, hold, false), nil
}

// Ping asks a broker of the cluster for the versions that it speaks, over a connection that was proven
// to be the client's.
func (c *Carrier) Ping(ctx context.Context) error {
	return c.twice(ctx, func(ctx context.Context) error {
		_, err := c.client.ApiVersions(ctx, &kafka.ApiVersionsRequest{})
		return err
	})
}

// Close ends the connections.
func (c *Carrier) Close() error {
	c.transport.CloseIdleConnections()
	c.lines.close()
	return nil
}

// twice makes a call that may be made twice, again when it fails: a connection that was idle may be dead,
// and what is known of the cluster may be out of date.
func (c *Carrier) twice(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.pace.answer)
	defer cancel()
	err := call(ctx)
	if err != nil && ctx.Err() == nil {
		c.forget()
		err = call(ctx)
	}
	return c.away(err)
}

// forget has the next call make new connections and look at the cluster anew.
func (c *Carrier) forget() { c.transport.CloseIdleConnections() }

// away wraps what keeps from reaching Kafka, or from what was asked of it; nil stays nil.
func (c *Carrier) away(err error) error {
	if err == nil || errors.Is(err, zeroq.ErrUnavailable) {
		return err
	}
	if c.sasl != nil && errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the connection was ended, as for a wrong user or password: %w", err)
	}
	return fmt.Errorf("%w: kafka: %w", zeroq.ErrUnavailable, err)
}

// topic is where the tasks of a queue go.
func (c *Carrier) topic(queue string) string { return named(c.conf.Topic, queue) }

// group is the consumer group of a queue's workers.
func (c *Carrier) group(queue string) string { return named(c.conf.Group, queue) }

func named(template, queue string) string { return strings.ReplaceAll(template, "{queue}", queue) }
