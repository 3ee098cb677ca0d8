package app

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/admission"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

// newEnqueuer returns what puts tasks into the broker that came over HTTP, as a producer does. Package request has
// checked them: a producer would read their data again. Their queue was admitted too.
func newEnqueuer(b *redisq.Broker) zeroq.Enqueuer {
	gate := admission.Gate{Checked: true, Put: trace.New(otel.GetTracerProvider()).Send(b.Enqueue)}
	return zeroq.EnqueueFunc(func(ctx context.Context, tasks ...*zeroq.Task) error {
		return gate.Enqueue(ctx, time.Now(), tasks...)
	})
}
