package trace

import (
	"context"
	"maps"
	"net/http"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/zeroq-dev/zeroq"
)

// parent is the header that names a trace and the span in it that is the parent; the others say more
// of it, and may be left out.
const parent = "traceparent"

var names = []string{parent, "tracestate", "baggage"}

var w3c = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// headersOf returns the trace context of ctx as headers, without those that are too long for a task;
// nil when it has none.
func headersOf(ctx context.Context) map[string]string {
	if !oteltrace.SpanContextFromContext(ctx).IsValid() && baggage.FromContext(ctx).Len() == 0 {
		return nil
	}
	headers := propagation.MapCarrier{}
	w3c.Inject(ctx, headers)
	maps.DeleteFunc(headers, func(name, value string) bool { return len(name)+len(value) > zeroq.MaxHeaderBytes })
	return headers
}

// carry adds headers to those of the task, which are left as they are where its producer has chosen
// them. What would be too many is left out.
func carry(task *zeroq.Task, headers map[string]string) {
	if len(task.Headers) == 0 {
		task.Headers = headers // shared by all such tasks of a call, and only read from here on
		return
	}
	if _, chosen := task.Headers[parent]; chosen || len(headers) == 0 {
		return
	}
	all := maps.Clone(task.Headers)
	for _, name := range names {
		value, there := headers[name]
		if _, chosen := all[name]; there && !chosen && len(all) < zeroq.MaxHeaders {
			all[name] = value
		}
	}
	task.Headers = all
}

// contextOf returns ctx with the trace context of the task's headers, as far as they are well-formed.
func contextOf(ctx context.Context, task *zeroq.Task) context.Context {
	if len(task.Headers) == 0 {
		return ctx
	}
	return w3c.Extract(ctx, propagation.MapCarrier(task.Headers))
}

// Incoming has requests carry the trace context of their headers, whether or not a middleware of
// go-zero begins a span for them.
func Incoming(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header["Traceparent"]) == 0 && len(r.Header["Baggage"]) == 0 {
			next.ServeHTTP(w, r) // as there is nothing to carry
			return
		}
		if ctx := w3c.Extract(r.Context(), propagation.HeaderCarrier(r.Header)); ctx != r.Context() {
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// Outgoing adds the trace context of ctx to the headers of a request, unless they name a trace.
func Outgoing(ctx context.Context, header http.Header) {
	if header.Get(parent) == "" {
		w3c.Inject(ctx, propagation.HeaderCarrier(header))
	}
}
