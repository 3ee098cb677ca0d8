package upkeep

import (
	"context"
	"errors"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// carryEvery is the time between two attempts to name the carrier of a queue.
const carryEvery = time.Second

// Registrar notes what carries the ready tasks of a queue. zeroq.ErrUnsupported: tasks of the queue are at
// another carrier still.
type Registrar interface {
	Carry(ctx context.Context, queue string, powers broker.Powers) error
}

// Carry names the carrier of a queue once: it tries until that works, and reports false when ctx ends first.
func Carry(ctx context.Context, registrar Registrar, queue string, powers broker.Powers) bool {
	trying, done := context.WithCancel(ctx)
	defer done()
	l := loop{what: "carrier of queue " + queue, step: func(ctx context.Context) (time.Duration, error) {
		err := registrar.Carry(ctx, queue, powers)
		// A store that is full has the name most likely, and moving its tasks to the carrier makes room.
		if err == nil || errors.Is(err, zeroq.ErrStoreFull) {
			done()
		}
		return carryEvery, err
	}}
	l.run(trying)
	return ctx.Err() == nil
}
