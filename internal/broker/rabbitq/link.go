package rabbitq

import (
	"context"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// link is a connection that is made again whenever it is lost. It begins when it is first asked for.
type link struct {
	dialer   *dialer
	topology *topology
	ctx      context.Context // ends when the link is closed
	cancel   context.CancelFunc
	begin    sync.Once
	running  sync.WaitGroup

	mu      sync.Mutex
	conn    *conn         // nil while there is none
	err     error         // why the last attempt failed; nil while one is under way that may not
	changed chan struct{} // closed when the two change
}

func newLink(dialer *dialer, topology *topology) *link {
	ctx, cancel := context.WithCancel(context.Background())
	return &link{dialer: dialer, topology: topology, ctx: ctx, cancel: cancel, changed: make(chan struct{})}
}

// get returns the connection. It waits for an attempt that is under way to make one, but no longer: while
// the server is away, it says so at once.
func (l *link) get(ctx context.Context) (*conn, error) {
	for {
		conn, changed, err := l.state()
		if conn != nil || err != nil {
			return conn, err
		}
		if err := await(ctx, changed); err != nil {
			return nil, err
		}
	}
}

// await returns the connection once there is one, however long that takes. It tells missing why there is
// none so far.
func (l *link) await(ctx context.Context, missing func(error)) (*conn, error) {
	for {
		conn, changed, err := l.state()
		if conn != nil {
			return conn, nil
		}
		if err != nil {
			missing(err)
		}
		if err := await(ctx, changed); err != nil {
			return nil, err
		}
	}
}

func await(ctx context.Context, signal <-chan struct{}) error {
	select {
	case <-signal:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

func (l *link) state() (*conn, <-chan struct{}, error) {
	l.begin.Do(func() { l.running.Go(l.run) })
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn, l.changed, l.err
}

func (l *link) set(conn *conn, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.err = conn, err
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *link) run() {
	var pause pause
	for l.ctx.Err() == nil {
		connection, socket, err := l.dialer.dial(l.ctx)
		if err != nil {
			l.set(nil, err)
			pause.wait(l.ctx)
			continue
		}
		began := time.Now()
		l.keep(newConn(connection, socket, l.topology))
		pause.after(time.Since(began))
		pause.wait(l.ctx)
	}
	l.set(nil, unavailable(errClosed))
}

// keep has others use a connection until it is lost, or the link closed.
func (l *link) keep(conn *conn) {
	lost := conn.NotifyClose(make(chan *amqp.Error, 1))
	l.set(conn, nil)
	select {
	case <-lost:
	case <-l.ctx.Done():
	}
	l.set(nil, nil) // the next attempt knows better than the last connection
	conn.end()
}

// close ends the connection for good.
func (l *link) close() {
	l.cancel()
	l.begin.Do(func() { l.set(nil, unavailable(errClosed)) })
	l.running.Wait()
}
