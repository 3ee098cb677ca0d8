package upkeep

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

const (
	// operateEvery is the time between two looks for an operation, of one process.
	operateEvery = 2 * time.Second
	// operateOn is the time to the next look when there was one.
	operateOn = time.Millisecond
)

// Operator goes on with operations, of any queue, until ctx ends. What it is at is let go of when a
// round of it has taken its time, and taken up again by whoever looks first.
func Operator(ctx context.Context, operations broker.Operator) {
	l := loop{what: "operations", step: func(ctx context.Context) (time.Duration, error) {
		worked, err := operations.Work(ctx)
		if worked && err == nil {
			return operateOn, nil
		}
		return operateEvery, err
	}}
	l.run(ctx)
}
