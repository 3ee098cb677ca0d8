package trace_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The trace context that the specification of W3C has for an example.
const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID      = "00f067aa0ba902b7"
	traceparent = "00-" + traceID + "-" + spanID + "-01"
)

// newTracer returns a tracer that records every span that it samples.
func newTracer(sampler sdktrace.Sampler) (*trace.Tracer, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder), sdktrace.WithSampler(sampler))
	return trace.New(provider), recorder
}

// within returns a context of the example's span.
func within(t testing.TB, tracestate, bag string) context.Context {
	t.Helper()
	traceID, err1 := oteltrace.TraceIDFromHex(traceID)
	spanID, err2 := oteltrace.SpanIDFromHex(spanID)
	state, err3 := oteltrace.ParseTraceState(tracestate)
	members, err4 := baggage.Parse(bag)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	span := oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: oteltrace.FlagsSampled, TraceState: state,
	})
	return baggage.ContextWithBaggage(oteltrace.ContextWithSpanContext(t.Context(), span), members)
}

// send puts tasks through a tracer to a broker that answers with errs, or takes all.
func send(ctx context.Context, tracer *trace.Tracer, tasks []*zeroq.Task, errs ...error) {
	tracer.Send(func(_ context.Context, tasks []*zeroq.Task) []error {
		if errs == nil {
			return make([]error, len(tasks))
		}
		return errs
	})(ctx, tasks)
}

// attributes are those of a span, as text.
func attributes(span sdktrace.ReadOnlySpan) map[string]string {
	all := make(map[string]string)
	for _, a := range span.Attributes() {
		all[string(a.Key)] = a.Value.Emit()
	}
	return all
}

func traceOf(ctx context.Context) string {
	return oteltrace.SpanContextFromContext(ctx).TraceID().String()
}
