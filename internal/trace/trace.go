// Package trace takes W3C trace context through the queue: into the headers of a task where it is
// enqueued, out of them where it runs, with a span at each end.
//
// The headers are those of W3C whatever propagator the program has set, as other programs read the
// messages. Without a provider of spans the context still goes through as it came.
package trace

import (
	"context"
	"reflect"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.39.0"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// scope names the spans' maker.
const scope = "github.com/zeroq-dev/zeroq"

// system is the same in every span.
var system = semconv.MessagingSystemKey.String("zeroq")

// Tracer begins the spans of a producer or a pool.
type Tracer struct {
	provider oteltrace.TracerProvider
	spans    oteltrace.Tracer
}

// New returns a tracer that begins the spans of the provider, which may be otel.GetTracerProvider()
// from before the program has set one.
func New(provider oteltrace.TracerProvider) *Tracer {
	return &Tracer{
		provider: provider,
		spans:    provider.Tracer(scope, oteltrace.WithSchemaURL(semconv.SchemaURL)),
	}
}

// idle reports that nobody has set a provider, so that a span would only cost time.
func (t *Tracer) idle() bool { return unset(t.provider) && unset(otel.GetTracerProvider()) }

// unset reports whether the provider is the one that otel has until a program sets another.
func unset(provider oteltrace.TracerProvider) bool {
	typ := reflect.TypeOf(provider)
	return typ.Kind() == reflect.Pointer && typ.Elem().PkgPath() == "go.opentelemetry.io/otel/internal/global"
}

// start begins a span of the kind with these attributes.
func (t *Tracer) start(
	ctx context.Context, name string, kind oteltrace.SpanKind, attributes []attribute.KeyValue, links ...oteltrace.Link,
) (context.Context, oteltrace.Span) {
	return t.spans.Start(ctx, name,
		oteltrace.WithSpanKind(kind), oteltrace.WithAttributes(attributes...), oteltrace.WithLinks(links...))
}
