//go:build linux

package suite

import (
	"context"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// refillAfter is the pause before a process is started again that could not start, as Redis is away.
const refillAfter = 100 * time.Millisecond

// post is held by one process after another: who ends is followed by the next, as where users run
// their programs.
type post struct {
	rig *rig.Rig
	// next is what the next process does, after the last one (nil for the first); ok is false when
	// nothing is left to do.
	next func(last *rig.Process) (p plan.Plan, ok bool, err error)

	mu     sync.Mutex
	holder *rig.Process
}

// always has each process of a post do the same.
func always(p plan.Plan) func(*rig.Process) (plan.Plan, bool, error) {
	return func(*rig.Process) (plan.Plan, bool, error) { return p, true, nil }
}

// fill starts the next process, and tells whether there was something left to do.
func (p *post) fill(ctx context.Context) (ok bool, err error) {
	order, ok, err := p.next(p.last())
	if !ok || err != nil {
		return false, err
	}
	process, err := p.rig.Start(ctx, order)
	if process != nil {
		p.mu.Lock()
		p.holder = process
		p.mu.Unlock()
	}
	return true, err
}

// keep fills the post again and again, until the context ends or nothing is left to do.
func (p *post) keep(ctx context.Context) error {
	for {
		if last := p.last(); last != nil {
			select {
			case <-last.Gone():
			case <-ctx.Done():
				return nil
			}
		}
		switch ok, err := p.fill(ctx); {
		case ok && err != nil:
			rest(ctx, refillAfter)
		case !ok:
			return err
		}
	}
}

func (p *post) last() *rig.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.holder
}

// alive is the process that holds the post now; nil if none does.
func (p *post) alive() *rig.Process {
	if last := p.last(); last != nil && last.Alive() {
		return last
	}
	return nil
}
