package kafkatest

import (
	"net"
	"sync"
	"time"
)

// lingerFor is longer than a group waits for its members.
const lingerFor = time.Minute

// Listen is how a server of package kfake is to listen ([kfake.ListenFn]) to count as Kafka does how long a
// member of a group is silent. If it knows that the connection of a member is gone whose join it answers, it
// never ends that member's session, and nobody reads the member's partitions. So it hears later of connections
// that ended.
func Listen(network, addr string) (net.Listener, error) {
	l, err := net.Listen(network, addr)
	if err != nil {
		return nil, err
	}
	return lingering{l}, nil
}

type lingering struct{ net.Listener }

func (l lingering) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lingeringConn{Conn: conn, closed: make(chan struct{})}, nil
}

type lingeringConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{} // by the server itself
}

// Read tells of the connection's end when the server has closed it, or after a time.
func (c *lingeringConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 || err == nil {
		return n, err
	}
	over := time.NewTimer(lingerFor)
	defer over.Stop()
	select {
	case <-over.C:
	case <-c.closed:
	}
	return n, err
}

// Close closes the connection.
func (c *lingeringConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// cut ends the connection as a broken line does.
func (c *lingeringConn) cut() { _ = c.Conn.Close() }
