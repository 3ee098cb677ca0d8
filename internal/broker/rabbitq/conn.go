package rabbitq

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// conn is one connection, as long as it lasts.
type conn struct {
	*amqp.Connection
	socket   net.Conn
	topology *topology
	quorum   bool // the server has quorum queues
	limited  bool // the server drops what it has delivered often, unless it is told not to

	mu       sync.Mutex
	declared map[string]bool // queues that were there at some time of this connection
	idle     []*outlet
	stalled  error         // why the server takes no messages at present
	stall    chan struct{} // closed when stalled is set
}

func newConn(connection *amqp.Connection, socket net.Conn, topology *topology) *conn {
	c := &conn{
		Connection: connection, socket: socket, topology: topology,
		declared: map[string]bool{}, stall: make(chan struct{}),
	}
	c.quorum, c.limited = abilities(connection.Properties)
	blocked := connection.NotifyBlocked(make(chan amqp.Blocking, 1))
	go func() { // until the library closes the channel, when the connection ends
		for b := range blocked {
			c.blocked(b)
		}
	}()
	return c
}

func (c *conn) blocked(b amqp.Blocking) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case b.Active && c.stalled == nil:
		c.stalled = unavailable(fmt.Errorf("%w: %s", errStalled, b.Reason))
		close(c.stall)
	case !b.Active && c.stalled != nil:
		c.stalled = nil
		c.stall = make(chan struct{})
	}
}

// takes returns an error while the server takes no messages, and else a channel that is closed when
// that begins.
func (c *conn) takes() (stall <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stall, c.stalled
}

// guard makes calls, which wait for the server, and cuts the connection when they take too long.
func (c *conn) guard(calls func() error) error {
	timer := time.AfterFunc(patience, c.cut)
	err := calls()
	if cut := !timer.Stop(); cut && err != nil {
		err = errSilent // theirs only says that the connection is closed
	}
	return unavailable(err)
}

// within makes calls as guard does, but waits for them no longer than ctx. What calls change may be looked
// at only when they were waited for, that is without an error.
func (c *conn) within(ctx context.Context, calls func() error) error {
	done := make(chan error, 1)
	go func() { done <- c.guard(calls) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ended(ctx)
	}
}

// cut ends the connection as if the network had. Whoever waits on it is told.
func (c *conn) cut() { _ = c.socket.Close() }

// end closes the connection in order, if there still is one.
func (c *conn) end() {
	timer := time.AfterFunc(patience/5, c.cut)
	defer timer.Stop()
	_ = c.Close() // fails only for one that is closed
}
