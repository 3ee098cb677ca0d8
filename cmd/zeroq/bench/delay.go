package bench

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// way is a way to a Redis that takes longer, as over a network: each answer arrives a while after it was
// given, however many are under way. All of the delay is on the answers: Go waits for whole milliseconds
// with more precision than for halves.
type way struct {
	redis    string
	delay    time.Duration
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

// listen opens a way to the unix socket of a Redis, on 127.0.0.1.
func listen(redis string, delay time.Duration) (*way, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &way{redis: redis, delay: delay, listener: listener, conns: make(map[net.Conn]bool)}
	w.running.Go(w.accept)
	return w, nil
}

func (w *way) addr() string { return w.listener.Addr().String() }

// close breaks all connections, and returns once nothing runs any more.
func (w *way) close() {
	_ = w.listener.Close() // it was not closed before
	w.mu.Lock()
	w.closed = true
	for conn := range w.conns {
		_ = conn.Close()
	}
	w.mu.Unlock()
	w.running.Wait()
}

func (w *way) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", w.redis)
		if err != nil {
			_ = client.Close()
			continue
		}
		if !w.take(client, server) {
			return
		}
	}
}

// take passes on what comes on a pair of connections. It tells whether the way is open.
func (w *way) take(client, server net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		_ = errors.Join(client.Close(), server.Close())
		return false
	}
	w.conns[client], w.conns[server] = true, true
	over := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.conns, client)
		delete(w.conns, server)
		_ = errors.Join(client.Close(), server.Close())
	}
	w.running.Go(func() {
		defer over()
		_, _ = io.Copy(server, client) // ends when either side does
	})
	late := make(chan chunk, lateChunks)
	w.running.Go(func() {
		defer close(late)
		w.read(server, late)
	})
	w.running.Go(func() {
		defer over()
		write(client, late)
	})
	return true
}

// lateChunks is how many answers of a connection can be under way.
const lateChunks = 4096

// chunk is what was read at once.
type chunk struct {
	bytes []byte
	due   time.Time
}

func (w *way) read(server net.Conn, late chan<- chunk) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if n > 0 {
			late <- chunk{append([]byte(nil), buffer[:n]...), time.Now().Add(w.delay)}
		}
		if err != nil {
			return
		}
	}
}

// write writes what is due until late is closed.
func write(client net.Conn, late <-chan chunk) {
	var err error
	for c := range late {
		if err != nil {
			continue // the reader learns of it by its own connection
		}
		if wait := time.Until(c.due); wait > 0 {
			time.Sleep(wait)
		}
		if _, err = client.Write(c.bytes); err != nil {
			_ = client.Close() // ends the other direction, which ends this one
		}
	}
}
