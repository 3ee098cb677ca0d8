package proxy

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// Cluster is one process's way to Kafka: a [Proxy] for each of its brokers. Where their answers say that brokers
// are, the process is told of its own ways there.
type Cluster struct {
	seed string

	mu     sync.Mutex
	ways   map[string]*brokerWay // by what the broker says that it is at
	dark   bool
	closed bool
}

// brokerWay is the way to one broker: the process's proxy, and behind it who reads the answers.
type brokerWay struct {
	proxy  *Proxy
	reader *interpreter
}

// ListenKafka opens a way to the cluster of which one broker is at host:port.
func ListenKafka(broker string) (*Cluster, error) {
	c := &Cluster{seed: broker, ways: make(map[string]*brokerWay)}
	_, err := c.way(broker)
	return c, err
}

// Addr is where the process finds the cluster, as host:port.
func (c *Cluster) Addr() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ways[c.seed].proxy.Addr()
}

// way is the one to a broker. It is opened when it is first asked for.
func (c *Cluster) way(broker string) (*brokerWay, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.ways[broker]; w != nil {
		return w, nil
	}
	if c.closed {
		return nil, net.ErrClosed
	}
	reader, err := interpret(broker, c.translate)
	if err != nil {
		return nil, err
	}
	proxy, err := ListenRaw(reader.addr())
	if err != nil {
		return nil, errors.Join(err, reader.close())
	}
	if c.dark {
		proxy.BlackHole()
	}
	w := &brokerWay{proxy: proxy, reader: reader}
	c.ways[broker] = w
	return w, nil
}

// translate is where the process finds a broker.
func (c *Cluster) translate(host string, port int32) (string, int32, error) {
	w, err := c.way(net.JoinHostPort(host, strconv.Itoa(int(port))))
	if err != nil {
		return "", 0, err
	}
	host, text, err := net.SplitHostPort(w.proxy.Addr())
	if err != nil {
		return "", 0, err
	}
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return "", 0, fmt.Errorf("proxy: port: %w", err)
	}
	return host, int32(number), nil
}

func (c *Cluster) all() []*brokerWay {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*brokerWay, 0, len(c.ways))
	for _, w := range c.ways {
		all = append(all, w)
	}
	return all
}

// Reset is [Proxy.Reset] of the ways to all brokers.
func (c *Cluster) Reset() {
	for _, w := range c.all() {
		w.proxy.Reset()
	}
}

// BlackHole is [Proxy.BlackHole] of the ways to all brokers.
func (c *Cluster) BlackHole() {
	c.darken(true)
	for _, w := range c.all() {
		w.proxy.BlackHole()
	}
}

// Pass ends BlackHole.
func (c *Cluster) Pass() {
	c.darken(false)
	for _, w := range c.all() {
		w.proxy.Pass()
	}
}

func (c *Cluster) darken(dark bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dark = dark
}

// Close breaks all connections and returns once nothing runs any more. A second Close does nothing.
func (c *Cluster) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	var errs []error
	for _, w := range c.all() {
		errs = append(errs, w.proxy.Close(), w.reader.close())
	}
	return errors.Join(errs...)
}
