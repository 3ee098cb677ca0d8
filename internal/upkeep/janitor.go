package upkeep

import (
	"context"
	"time"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// sweepEvery is the time between two sweeps of one worker.
const sweepEvery = 2 * time.Second

// Janitor forgets what is over in a queue until ctx ends. Dead letters never go without a word.
func Janitor(ctx context.Context, keeper broker.Keeper, queue string, keep broker.Keep) {
	l := loop{what: "janitor of queue " + queue, step: func(ctx context.Context) (time.Duration, error) {
		swept, err := keeper.Sweep(ctx, queue, keep)
		if swept.Dead > 0 {
			logx.Errorf("queue %s: %d dead letters deleted, older than %v or above %d", queue, swept.Dead, keep.DeadFor, keep.Dead)
		}
		return sweepEvery, err
	}}
	l.run(ctx)
}
