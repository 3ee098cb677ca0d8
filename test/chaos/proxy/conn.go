package proxy

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// conn is one connection of the process, and the one to Redis that belongs to it.
type conn struct {
	proxy  *Proxy
	client net.Conn
	ctx    context.Context // ends when the connection is broken
	cancel context.CancelFunc

	mu    sync.Mutex
	redis net.Conn // nil until it is dialled

	held     atomic.Pointer[Armed] // whose release lets the connection go on
	claim    atomic.Pointer[claim]
	answered atomic.Int64  // answers that the process has
	moved    chan struct{} // has something when answered has grown
}

// claim is a trap that springs when a certain command is answered.
type claim struct {
	armed *Armed
	nth   int64 // of the connection's commands, from 1
	over  chan struct{}
}

func newConn(p *Proxy, client net.Conn) *conn {
	ctx, cancel := context.WithCancel(context.Background())
	return &conn{proxy: p, client: client, ctx: ctx, cancel: cancel, moved: make(chan struct{}, 1)}
}

// serve passes everything on until both sides have closed or the connection is broken.
func (c *conn) serve() {
	defer c.end()
	if !c.clear() || !c.dial() {
		c.reset()
		return
	}
	up, down := newWay(c, c.redis), newWay(c, c.client)
	var all sync.WaitGroup
	all.Go((&commands{conn: c, way: up, raw: c.proxy.raw, names: names{scripts: c.proxy.scripts}}).run)
	all.Go((&answers{conn: c, way: down, raw: c.proxy.raw}).run)
	all.Go(up.run)
	all.Go(down.run)
	all.Wait()
}

func (c *conn) dial() bool {
	redis, err := c.proxy.dial(c.ctx)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.redis = redis
	return c.ctx.Err() == nil
}

// end leaves nothing behind of a connection that is over.
func (c *conn) end() {
	c.cancel()
	c.drop()
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.client.Close()
	if c.redis != nil {
		_ = c.redis.Close()
	}
}

// reset breaks the connection on both sides, by RST.
func (c *conn) reset() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	abort(c.client)
	if c.redis != nil {
		abort(c.redis)
	}
}

func abort(side net.Conn) {
	if tcp, ok := side.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only when it is closed
	}
	_ = side.Close()
}

func (c *conn) over() <-chan struct{} { return c.ctx.Done() }

// clear waits until something may pass, and tells whether the connection still stands.
func (c *conn) clear() bool {
	for c.ctx.Err() == nil {
		if a := c.held.Load(); a != nil {
			select {
			case <-a.released:
				c.held.CompareAndSwap(a, nil)
			case <-c.over():
			}
		} else if h := c.proxy.hole.Load(); h != nil {
			select {
			case <-h.over:
			case <-c.over():
			}
		} else {
			return true
		}
	}
	return false
}

// wait waits for d, and tells whether the connection still stands.
func (c *conn) wait(d time.Duration) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.over():
		}
	}
	return c.ctx.Err() == nil
}

// pass notes that the process has so many answers more.
func (c *conn) pass(answers int64) {
	c.answered.Add(answers)
	select {
	case c.moved <- struct{}{}:
	default:
	}
}

// caughtUp waits until the process has so many answers, or the trap is of no use any more. Only one
// goroutine of a connection is in it: the one that is about to spring a trap.
func (c *conn) caughtUp(answers int64, a *Armed) {
	for c.answered.Load() < answers {
		select {
		case <-c.moved:
		case <-a.released:
			return
		case <-c.over():
			return
		}
	}
}

// spring springs a trap unless it was disarmed. It returns when the connection may go on, and tells
// whether it still stands.
func (c *conn) spring(a *Armed) bool {
	if c.ctx.Err() != nil {
		c.proxy.untake(a)
		return false
	}
	if !c.proxy.disarm(a) {
		return true
	}
	if a.trap.Lose {
		c.reset()
		close(a.tripped)
		return false
	}
	c.held.Store(a)
	close(a.tripped)
	return c.clear()
}

// drop gives up the claim, if there is one.
func (c *conn) drop() {
	if claim := c.claim.Swap(nil); claim != nil {
		c.proxy.untake(claim.armed)
		close(claim.over)
	}
}
