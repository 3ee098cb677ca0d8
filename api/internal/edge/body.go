package edge

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// What is read of a body that nobody wants, so that its sender comes to read the answer.
const (
	drainBytes = 8 << 20
	drainTime  = 5 * time.Second
)

// body knows whether anybody read from it.
type body struct {
	io.ReadCloser
	read atomic.Bool
}

// Read reads the body.
func (b *body) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.ReadCloser.Read(p)
}

// drain reads what is left. A client that waits for "100 Continue" sends nothing before the first
// read, so nothing is read.
func (b *body) drain(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Expect") != "" && !b.read.Load() {
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.CopyN(io.Discard, b.ReadCloser, drainBytes)
}
