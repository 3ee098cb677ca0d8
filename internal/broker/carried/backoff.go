package carried

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
)

// The first and the longest time that is waited after an error.
const (
	firstBackoff = 20 * time.Millisecond
	maxBackoff   = 2 * time.Second
)

// backoff spaces attempts at something that failed, and logs the first failure of a row and then one
// every ten seconds.
type backoff struct {
	what   string
	delay  time.Duration
	logged time.Time
}

// failed takes in an error and returns how long to wait.
func (b *backoff) failed(err error) time.Duration {
	b.delay = min(max(2*b.delay, firstBackoff), maxBackoff)
	b.note(err)
	return b.delay/2 + rand.N(b.delay)
}

// note logs an error, unless one was logged a moment ago.
func (b *backoff) note(err error) {
	if time.Since(b.logged) > 10*time.Second {
		logx.Errorf("%s: %v; trying again", b.what, err)
		b.logged = time.Now()
	}
}

// worked takes in a success.
func (b *backoff) worked() {
	if b.delay > 0 {
		logx.Infof("%s: works again", b.what)
		b.delay, b.logged = 0, time.Time{}
	}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
