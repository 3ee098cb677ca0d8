package app

import (
	"context"

	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
)

// upkeepOf is what an API does beside answering requests, so that operations and schedules go on
// where no worker runs. Each runs until its context ends.
func upkeepOf(*redisq.Broker) []func(ctx context.Context) { return nil }

// startUpkeep starts the upkeep, unless the API was stopped before it was started.
func (a *App) startUpkeep() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopping.Err() != nil {
		return
	}
	for _, run := range a.upkeep {
		a.running.Go(func() { run(a.stopping) })
	}
}

// beginStop tells everybody who waits, and the upkeep, that the API stops.
func (a *App) beginStop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stop()
}
