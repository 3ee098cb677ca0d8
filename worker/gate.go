package worker

import (
	"context"
	"sync"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
)

const (
	// checkEvery is how long a gate waits after a check that failed.
	checkEvery = time.Second
	// sayEvery is how long a gate keeps quiet after it said that it waits.
	sayEvery = 10 * time.Second
)

// gate lets the parts of a worker through once a check has passed. It checks for all of them, so
// that Redis and the log see it once.
type gate struct {
	check  func(context.Context) error
	opened chan struct{}
	begin  sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	ended  sync.WaitGroup // of the checking
}

func newGate(check func(context.Context) error) *gate {
	g := &gate{check: check, opened: make(chan struct{})}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// try checks at once, before anybody waits, and opens the gate if that works.
func (g *gate) try(ctx context.Context) error {
	err := g.check(ctx)
	if err == nil {
		g.begin.Do(func() { close(g.opened) })
	}
	return err
}

// wait waits until the gate is open; false when ctx ends first.
func (g *gate) wait(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	g.begin.Do(func() { g.ended.Go(g.open) })
	select {
	case <-g.opened:
		return true
	case <-ctx.Done():
		return false
	}
}

// close ends the checking, when nobody waits any more.
func (g *gate) close() {
	g.cancel()
	g.ended.Wait()
}

func (g *gate) open() {
	var said time.Time
	for {
		err := g.check(g.ctx)
		if err == nil {
			close(g.opened)
			return
		}
		if time.Since(said) > sayEvery && g.ctx.Err() == nil {
			logx.Errorf("worker waits: %v", err)
			said = time.Now()
		}
		select {
		case <-time.After(checkEvery):
		case <-g.ctx.Done():
			return
		}
	}
}
