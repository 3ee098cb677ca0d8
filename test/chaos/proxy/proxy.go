// Package proxy stands between one process and its Redis, and breaks the way between them: at any
// time, or at an exact point of a command that it is told the name of. It reads RESP 2 and 3 as they
// pass and changes nothing.
//
// After SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE, MONITOR, SYNC, PSYNC and CLIENT REPLY a connection is passed
// on unread, and so is one that does not speak RESP: it knows no traps, but every other fault.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy is one process's way to Redis. Its methods may be called from any goroutine.
type Proxy struct {
	redis    string
	scripts  map[string]string
	raw      bool // nothing is read
	listener net.Listener
	running  sync.WaitGroup
	delay    atomic.Int64 // ns
	hole     atomic.Pointer[hole]

	mu     sync.Mutex
	conns  map[*conn]bool
	closed bool
	traps  []*Armed
	seen   map[string]*int
}

// hole is a time in which nothing passes.
type hole struct{ over chan struct{} }

// Listen opens a way to the Redis at host:port or at the path of a unix socket. It is on 127.0.0.1,
// at a port of its own. scripts names scripts by their SHA-1; one that is not there is called "eval".
func Listen(redis string, scripts map[string]string) (*Proxy, error) {
	return listenTo(redis, scripts, false)
}

// ListenRaw is Listen for a server that is no Redis: what passes is not read, so there are no traps.
func ListenRaw(server string) (*Proxy, error) { return listenTo(server, nil, true) }

func listenTo(redis string, scripts map[string]string, raw bool) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{
		redis: redis, scripts: scripts, raw: raw, listener: listener,
		conns: make(map[*conn]bool), seen: make(map[string]*int),
	}
	p.running.Go(p.accept)
	return p, nil
}

// Addr is where the process finds Redis, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Close breaks all connections and returns once nothing runs any more. A second Close does nothing.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.listener.Close()
	p.Reset()
	p.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Reset breaks all connections, by RST. New ones are fine.
func (p *Proxy) Reset() {
	for _, c := range p.all() {
		c.reset()
	}
}

func (p *Proxy) all() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*conn, 0, len(p.conns))
	for c := range p.conns {
		all = append(all, c)
	}
	return all
}

// BlackHole lets nothing pass from now on, in neither direction, and tells nobody: not even that the
// other side has closed a connection. New connections are accepted, and Redis does not learn of them.
func (p *Proxy) BlackHole() {
	p.hole.CompareAndSwap(nil, &hole{over: make(chan struct{})})
}

// Pass ends BlackHole. What the black hole held arrives now, as TCP sends again until it is
// heard: connections go on, commands are executed even if their sender has given up by now, and
// closed connections are found closed.
func (p *Proxy) Pass() {
	if h := p.hole.Swap(nil); h != nil {
		close(h.over)
	}
}

// Delay has each command and each answer arrive d later than without; 0 ends it.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no file left, or a client that has gone
			<-time.After(10 * time.Millisecond)
		default:
			p.take(client)
		}
	}
}

func (p *Proxy) take(client net.Conn) {
	c := newConn(p, client)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.reset()
		return
	}
	p.conns[c] = true
	p.running.Go(func() {
		c.serve()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, c)
	})
}

func (p *Proxy) dial(ctx context.Context) (net.Conn, error) {
	network := "tcp"
	if strings.HasPrefix(p.redis, "/") {
		network = "unix"
	}
	return new(net.Dialer).DialContext(ctx, network, p.redis)
}
