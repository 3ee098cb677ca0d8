package upkeep

import (
	"context"
	"time"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Reaper gives the tasks of a queue's dead workers back until ctx ends. It looks six times in a
// lease. gave is told how many tasks came back, whenever some did.
func Reaper(ctx context.Context, keeper broker.Keeper, queue, worker string, lease time.Duration, gave func(int)) {
	reaper := keeper.NewReaper(queue, worker, lease)
	l := loop{what: "reaper of queue " + queue, step: func(ctx context.Context) (time.Duration, error) {
		n, err := reaper.Reap(ctx)
		if n > 0 {
			gave(n)
			logx.Infof("queue %s: %d tasks of a dead worker are back", queue, n)
		}
		return lease / 6, err
	}}
	l.run(ctx)
}
