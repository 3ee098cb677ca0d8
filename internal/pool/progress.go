package pool

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// progress is what handlers of a lane have reported of their tasks. It is told to the broker a few times
// a second at most, however often they report.
type progress struct {
	member broker.Member

	mu     sync.Mutex
	latest map[string]json.RawMessage // by task id, until the task is settled
	fresh  map[string]bool            // those that the broker was not told of
	work   chan struct{}
}

func newProgress(member broker.Member) *progress {
	return &progress{
		member: member, latest: make(map[string]json.RawMessage), fresh: make(map[string]bool), work: make(chan struct{}, 1),
	}
}

// set takes in a report.
func (p *progress) set(id string, value json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest[id], p.fresh[id] = value, true
	select {
	case p.work <- struct{}{}:
	default: // there is work already
	}
}

// take returns and forgets the last report of a task; nil when there was none.
func (p *progress) take(id string) json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.latest) == 0 {
		return nil
	}
	value := p.latest[id]
	delete(p.latest, id)
	delete(p.fresh, id)
	return value
}

// run tells the broker of what is fresh until ctx ends. lease names the lease at hand. What cannot be
// told is told with the next report, or when the task is settled.
func (p *progress) run(ctx context.Context, lease func() string) {
	for {
		select {
		case <-p.work:
		case <-ctx.Done():
			return
		}
		if fresh := p.takeFresh(); len(fresh) > 0 {
			call, cancel := context.WithTimeout(ctx, callTimeout)
			_ = p.member.Report(call, lease(), fresh) // fetching and the heartbeat complain when the broker is away
			cancel()
		}
		if !backoff.Pause(ctx, reportEvery) {
			return
		}
	}
}

func (p *progress) takeFresh() map[string]json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh := make(map[string]json.RawMessage, len(p.fresh))
	for id := range p.fresh {
		fresh[id] = p.latest[id]
	}
	clear(p.fresh)
	return fresh
}
