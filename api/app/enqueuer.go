package app

import (
	"context"

	"go.opentelemetry.io/otel"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

// enqueuer puts tasks into the broker that came over HTTP. They are valid, as package request has seen to: a
// producer would read their data again. Their queue was admitted too.
type enqueuer struct{ put trace.Put }

func newEnqueuer(b *redisq.Broker) enqueuer {
	return enqueuer{trace.New(otel.GetTracerProvider()).Send(b.Enqueue)}
}

// Enqueue changes the caller's tasks only where they are accepted, as a producer does.
func (e enqueuer) Enqueue(ctx context.Context, tasks ...*zeroq.Task) error {
	sent := make([]zeroq.Task, len(tasks))
	pointers := make([]*zeroq.Task, len(tasks))
	for i, task := range tasks {
		sent[i] = *task
		sent[i].SetDefaults()
		pointers[i] = &sent[i]
	}
	errs, failed := e.put(ctx, pointers), false
	for i, err := range errs {
		if err != nil {
			failed = true
			continue
		}
		tasks[i].ID, tasks[i].Queue, tasks[i].EnqueuedAt = sent[i].ID, sent[i].Queue, sent[i].EnqueuedAt
	}
	switch {
	case !failed:
		return nil
	case len(errs) == 1:
		return errs[0]
	}
	return &zeroq.BatchError{Errors: errs}
}
