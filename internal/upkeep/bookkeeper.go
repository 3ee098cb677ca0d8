package upkeep

import (
	"cmp"
	"context"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// A sample is taken every ten seconds by whoever asks first. Tasks in flight are counted every minute;
// workers share the counting, as it takes the longer the more there are.
const (
	sampleEvery  = 5 * time.Second
	recountEvery = time.Minute
)

// Bookkeeper notes a queue's totals, from which its rates are told, and counts what is in flight, which
// its limits go by, until ctx ends.
func Bookkeeper(ctx context.Context, keeper broker.Keeper, queue string) {
	due := time.Time{} // of the next count by this worker
	l := loop{what: "bookkeeper of queue " + queue, step: func(ctx context.Context) (time.Duration, error) {
		err := keeper.Sample(ctx, queue)
		if time.Now().Before(due) {
			return sampleEvery, err
		}
		workers, counting := keeper.LiveWorkers(ctx, queue)
		if counting == nil {
			counting = keeper.Recount(ctx, queue)
		}
		if counting == nil {
			due = time.Now().Add(recountEvery * time.Duration(max(workers, 1)))
		}
		return sampleEvery, cmp.Or(err, counting)
	}}
	l.run(ctx)
}
