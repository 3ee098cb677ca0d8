package app

import (
	"context"

	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/upkeep"
)

// upkeepOf is what an API does beside answering requests, so that operations and schedules go on
// where no worker runs. Each runs until its context ends.
func upkeepOf(b *redisq.Broker) []func(ctx context.Context) {
	// The workers look after schedules too.
	lookers := func(ctx context.Context) (int, error) {
		workers, err := b.Workers(ctx)
		return len(workers) + 1, err
	}
	return []func(ctx context.Context){
		func(ctx context.Context) { upkeep.Operator(ctx, b) },
		func(ctx context.Context) { upkeep.Timetable(ctx, b, lookers) },
	}
}

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
