package upkeep

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Intake moves messages of a foreign list to a queue until ctx ends.
func Intake(ctx context.Context, keeper broker.Keeper, list, queue string) {
	l := loop{what: "intake of queue " + queue, step: func(context.Context) (time.Duration, error) {
		return time.Second, keeper.Intake(ctx, list, queue) // which ends with the intake, not with a call
	}}
	l.run(ctx)
}
