package proxy

import (
	"bytes"
	"net"
	"sync/atomic"
	"time"
)

// lateChunks bounds how much a delay can hold for one direction of a connection.
const lateChunks = 256

// chunk is what is written at once.
type chunk struct {
	bytes   []byte
	answers int64     // how many end with it
	due     time.Time // when it is written
	last    bool      // the sender has closed
}

// way is one direction of a connection.
type way struct {
	conn    *conn
	to      net.Conn
	late    chan chunk
	waiting atomic.Int64 // chunks that are late
}

func newWay(c *conn, to net.Conn) *way {
	return &way{conn: c, to: to, late: make(chan chunk, lateChunks)}
}

// pass writes b with the answers that end in it, or has it written later. It tells whether the
// connection still stands. b is the caller's again.
func (w *way) pass(b []byte, answers int64) bool {
	if len(b) == 0 {
		return true
	}
	delay := time.Duration(w.conn.proxy.delay.Load())
	if delay == 0 && w.waiting.Load() == 0 {
		return w.write(chunk{bytes: b, answers: answers})
	}
	return w.later(chunk{bytes: bytes.Clone(b), answers: answers, due: time.Now().Add(delay)})
}

// finish has the receiver learn that nothing more comes.
func (w *way) finish() {
	w.later(chunk{last: true, due: time.Now().Add(time.Duration(w.conn.proxy.delay.Load()))})
}

func (w *way) later(ch chunk) bool {
	w.waiting.Add(1)
	select {
	case w.late <- ch:
		return true
	case <-w.conn.over():
		return false
	}
}

// run writes what is late until the last of it.
func (w *way) run() {
	for {
		select {
		case ch := <-w.late:
			if !w.conn.wait(time.Until(ch.due)) || !w.write(ch) || ch.last {
				return
			}
			w.waiting.Add(-1)
		case <-w.conn.over():
			return
		}
	}
}

func (w *way) write(ch chunk) bool {
	if !w.conn.clear() {
		return false
	}
	if ch.last {
		if half, ok := w.to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite() // fails only when it is closed
		}
		return true
	}
	if _, err := w.to.Write(ch.bytes); err != nil {
		w.conn.reset()
		return false
	}
	if ch.answers > 0 {
		w.conn.pass(ch.answers)
	}
	return true
}
