package kafkaq

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/zeroq-dev/zeroq"
)

// clientID is what Kafka's tools and logs show of a connection.
const clientID = "zeroq"

const dialTimeout = 5 * time.Second

// authentication makes the SASL mechanism; nil for none.
func authentication(conf zeroq.KafkaConf) (sasl.Mechanism, error) {
	switch {
	case conf.User == "":
		return nil, nil
	case conf.Mechanism == "scram-sha-256":
		return scram.Mechanism(scram.SHA256, conf.User, conf.Password)
	case conf.Mechanism == "scram-sha-512":
		return scram.Mechanism(scram.SHA512, conf.User, conf.Password)
	}
	return plain.Mechanism{Username: conf.User, Password: conf.Password}, nil
}

// dialer connects members to the coordinator of their group.
func (c *Carrier) dialer(l *lines) *kafka.Dialer {
	return &kafka.Dialer{
		ClientID: clientID, Timeout: dialTimeout, DialFunc: l.dial, TLS: c.tls, SASLMechanism: c.sasl,
	}
}

// lines are all connections of a carrier, so that Close leaves none: kafka-go keeps one open while Kafka
// holds a fetch.
type lines struct {
	by     func(ctx context.Context, network, addr string) (net.Conn, error)
	mu     sync.Mutex
	open   map[*line]struct{}
	closed bool
}

var errClosed = errors.New("the carrier is closed")

// newLines makes lines that are opened by another function.
func newLines(by func(ctx context.Context, network, addr string) (net.Conn, error)) *lines {
	return &lines{by: by, open: map[*line]struct{}{}}
}

func (l *lines) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := l.by(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = conn.Close()
		return nil, errClosed
	}
	result := &line{Conn: conn, lines: l}
	l.open[result] = struct{}{}
	return result, nil
}

// close ends all connections, and every attempt to make one.
func (l *lines) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for conn := range l.open {
		_ = conn.Conn.Close()
	}
	clear(l.open)
}

// line is one of them.
type line struct {
	net.Conn
	lines *lines
}

// Close ends the connection.
func (l *line) Close() error {
	l.lines.mu.Lock()
	delete(l.lines.open, l)
	l.lines.mu.Unlock()
	return l.Conn.Close()
}
