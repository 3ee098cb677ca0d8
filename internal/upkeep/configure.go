package upkeep

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// configureEvery is the time between two attempts to set limits.
const configureEvery = time.Second

// Configure sets the limits of a queue once: it tries until that works, or ctx ends.
func Configure(ctx context.Context, keeper broker.Keeper, queue string, limits zeroq.Limits) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	l := loop{what: "limits of queue " + queue, step: func(ctx context.Context) (time.Duration, error) {
		err := keeper.Configure(ctx, queue, limits)
		if err == nil {
			done()
		}
		return configureEvery, err
	}}
	l.run(ctx)
}
