package rabbitq

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/rabbitserver"
)

// proxy is a way to a server that can be cut.
type proxy struct {
	addr, server string

	t        testing.TB
	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	held     chan struct{} // nothing gets through while it is open; nil: all does
	running  sync.WaitGroup
}

func newProxy(t testing.TB, server string) *proxy {
	t.Helper()
	port, err := rabbitserver.FreePort()
	must(t, err)
	p := &proxy{addr: "127.0.0.1:" + port, server: server, t: t, conns: map[net.Conn]bool{}}
	p.start()
	t.Cleanup(func() {
		p.stop()
		p.release()
		p.running.Wait()
	})
	return p
}

// start lets connections in.
func (p *proxy) start() {
	listener, err := net.Listen("tcp", p.addr)
	if err != nil {
		p.t.Error(err)
		return
	}
	p.mu.Lock()
	p.listener = listener
	p.mu.Unlock()
	p.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.connect(conn)
		}
	})
}

// stop cuts all connections and lets none in.
func (p *proxy) stop() {
	p.mu.Lock()
	_ = p.listener.Close() // fails only for one that is closed
	p.mu.Unlock()
	p.cut()
}

// cut cuts all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close() // fails only for one that is closed
	}
	clear(p.conns)
}

// hold keeps connections open and lets nothing through them until release is called.
func (p *proxy) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = make(chan struct{})
}

func (p *proxy) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		close(p.held)
		p.held = nil
	}
}

func (p *proxy) connect(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[client], p.conns[server] = true, true
	p.running.Go(func() { p.pass(client, server) })
	p.running.Go(func() { p.pass(server, client) })
}

// pass passes bytes on until one of the two ends.
func (p *proxy) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n == 0 || err != nil && err != io.EOF {
			return
		}
		p.mu.Lock()
		held := p.held
		p.mu.Unlock()
		if held != nil {
			<-held
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
