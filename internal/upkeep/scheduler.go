package upkeep

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Workers share the looking: each looks more seldom the more there are, so that a queue is looked
// at every quarter of a second or so, whoever does it.
const (
	lookEvery   = 250 * time.Millisecond
	lookAtLeast = time.Second
)

// Scheduler moves the due tasks of a queue to ready until ctx ends.
func Scheduler(ctx context.Context, keeper broker.Keeper, queue string) {
	workers, counted := 1, time.Time{}
	l := loop{what: "scheduler of queue " + queue, step: func(ctx context.Context) (time.Duration, error) {
		if time.Since(counted) > 5*time.Second {
			if n, err := keeper.LiveWorkers(ctx, queue); err == nil {
				workers, counted = max(n, 1), time.Now()
			}
		}
		_, err := keeper.Promote(ctx, queue)
		return min(lookEvery*time.Duration(workers), lookAtLeast), err
	}}
	l.run(ctx)
}
