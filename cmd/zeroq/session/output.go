package session

import (
	"io"
	"sync"
)

// output remembers that a write failed, as with a full disk: then the command has not done what it was
// to do, whatever the API has done.
type output struct {
	to io.Writer

	mu  sync.Mutex
	err error
}

// Write writes on.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.err = err
	}
	return n, err
}

// failed is why a write failed, nil if none did.
func (o *output) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
