package rabbitq

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/zeroq-dev/zeroq/internal/backoff"
)

const (
	shortestPause = 50 * time.Millisecond
	longestPause  = 2 * time.Second
)

// pause is how long to wait before the next attempt: longer each time.
type pause struct{ next time.Duration }

// wait waits, but not beyond ctx. Clients of a server that comes back do not come all at once.
func (p *pause) wait(ctx context.Context) {
	p.next = min(max(2*p.next, shortestPause), longestPause)
	backoff.Pause(ctx, p.next/2+rand.N(p.next/2))
}

// after is told how long the last attempt went well.
func (p *pause) after(well time.Duration) {
	if well > longestPause {
		p.next = 0
	}
}
