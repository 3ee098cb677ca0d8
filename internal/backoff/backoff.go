// Package backoff spaces attempts at what failed.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
)

const (
	// First is what the first failure of a row waits, give or take a half. It doubles up to Max.
	First = 100 * time.Millisecond
	// Max is 1.5 s with its jitter: tasks start within 2 s after a broker is back.
	Max = time.Second
)

// Backoff spaces attempts at something that failed, and logs the first failure of a row and then
// one every ten seconds.
type Backoff struct {
	// What is attempted, for the log.
	What string

	delay  time.Duration
	logged time.Time
}

// Failed takes in an error and returns how long to wait.
func (b *Backoff) Failed(err error) time.Duration {
	b.delay = min(max(2*b.delay, First), Max)
	b.Note(err)
	return b.delay/2 + rand.N(b.delay)
}

// Note logs an error after which nothing waits, unless one was logged a moment ago.
func (b *Backoff) Note(err error) {
	if time.Since(b.logged) > 10*time.Second {
		logx.Errorf("%s: %v; trying again", b.What, err)
		b.logged = time.Now()
	}
}

// Worked takes in a success.
func (b *Backoff) Worked() {
	if b.delay > 0 {
		logx.Infof("%s: works again", b.What)
		b.delay, b.logged = 0, time.Time{}
	}
}

// Pause waits for d and reports whether ctx is still live.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
