package trace_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

func TestSend_OneTask(t *testing.T) {
	t.Parallel()
	tracer, recorder := newTracer(sdktrace.AlwaysSample())
	task := &zeroq.Task{ID: "a", Type: "x", Queue: "mail"}
	send(within(t, "", ""), tracer, []*zeroq.Task{task})
	span := recorder.Ended()[0]
	if span.Name() != "enqueue mail" || span.SpanKind() != oteltrace.SpanKindProducer || span.Status().Code != codes.Unset {
		t.Errorf("%s %v %v", span.Name(), span.SpanKind(), span.Status())
	}
	want := map[string]string{
		"messaging.system": "zeroq", "messaging.operation.name": "enqueue", "messaging.operation.type": "send",
		"messaging.destination.name": "mail", "messaging.message.id": "a",
	}
	if got := attributes(span); !maps.Equal(got, want) {
		t.Errorf("attributes %v", got)
	}
	if span.Parent().SpanID().String() != spanID || span.Parent().TraceID().String() != traceID {
		t.Errorf("parent %v", span.Parent())
	}
	if want := "00-" + traceID + "-" + span.SpanContext().SpanID().String() + "-01"; task.Headers["traceparent"] != want {
		t.Errorf("headers %v, want traceparent %s", task.Headers, want)
	}
}

func TestSend_SeveralTasksShareOneSpan(t *testing.T) {
	t.Parallel()
	tracer, recorder := newTracer(sdktrace.AlwaysSample())
	send(t.Context(), tracer, []*zeroq.Task{{ID: "a", Queue: "mail"}, {ID: "b", Queue: "mail"}})
	tasks := []*zeroq.Task{{ID: "a", Queue: "mail"}, {ID: "b", Queue: "mail"}, {ID: "c", Queue: "other"}}
	send(t.Context(), tracer, tasks, nil, zeroq.ErrQueueFull, fmt.Errorf("b: %w", zeroq.ErrQueueFull))
	spans := recorder.Ended()
	if len(spans) != 2 || spans[0].Name() != "enqueue mail" || attributes(spans[0])["messaging.batch.message_count"] != "2" {
		t.Fatalf("spans %v", spans)
	}
	if got := spans[1]; got.Name() != "enqueue" || got.Status().Description != "2 of 3 tasks were refused" ||
		attributes(got)["messaging.destination.name"] != "" || attributes(got)["messaging.message.id"] != "" {
		t.Errorf("%s %v %v", got.Name(), got.Status(), attributes(got))
	}
	if tasks[0].Headers["traceparent"] == "" || tasks[0].Headers["traceparent"] != tasks[2].Headers["traceparent"] {
		t.Errorf("headers %v %v", tasks[0].Headers, tasks[2].Headers)
	}
}

func TestSend_RefusedTaskIsAnError(t *testing.T) {
	t.Parallel()
	tracer, recorder := newTracer(sdktrace.AlwaysSample())
	send(t.Context(), tracer, []*zeroq.Task{{Queue: "mail"}}, &zeroq.FieldError{Field: "group", Reason: "is refused"})
	span := recorder.Ended()[0]
	if span.Status().Code != codes.Error || !strings.Contains(span.Status().Description, "group") ||
		attributes(span)["error.type"] != "*zeroq.FieldError" {
		t.Errorf("%v %v", span.Status(), attributes(span))
	}
}

func TestSend_NoTaskIsNoSpan(t *testing.T) {
	t.Parallel()
	tracer, recorder := newTracer(sdktrace.AlwaysSample())
	send(t.Context(), tracer, nil)
	if n := len(recorder.Ended()); n != 0 {
		t.Errorf("%d spans", n)
	}
}

// A trace that this process begins and drops would have workers drop it too.
func TestSend_TraceThatNobodySeesIsNotBegun(t *testing.T) {
	t.Parallel()
	tracer, _ := newTracer(sdktrace.ParentBased(sdktrace.NeverSample()))
	task := &zeroq.Task{Queue: "mail"}
	send(t.Context(), tracer, []*zeroq.Task{task})
	if len(task.Headers) != 0 {
		t.Errorf("headers %v", task.Headers)
	}
	send(within(t, "", ""), tracer, []*zeroq.Task{task})
	if !strings.Contains(task.Headers["traceparent"], traceID) {
		t.Errorf("the caller's trace is lost: %v", task.Headers)
	}
}

func TestSend_WithoutAProviderTheContextGoesThrough(t *testing.T) {
	t.Parallel()
	task := &zeroq.Task{Queue: "mail"}
	send(within(t, "vendor=1", "user=7"), trace.New(otel.GetTracerProvider()), []*zeroq.Task{task})
	want := map[string]string{"traceparent": traceparent, "tracestate": "vendor=1", "baggage": "user=7"}
	if !maps.Equal(task.Headers, want) {
		t.Errorf("headers %v", task.Headers)
	}
}

func TestSend_LeavesTheProducersHeadersAlone(t *testing.T) {
	t.Parallel()
	none := trace.New(otel.GetTracerProvider())
	many := func(n int) map[string]string {
		all := make(map[string]string)
		for i := range n {
			all[fmt.Sprint("own", i)] = "x"
		}
		return all
	}
	for name, tt := range map[string]struct {
		own               map[string]string
		tracestate, bag   string
		parent, state, bg string
	}{
		"its own traceparent": {own: map[string]string{"traceparent": "mine"}, tracestate: "v=1", bag: "a=1", parent: "mine"},
		"its own baggage":     {own: map[string]string{"baggage": "mine"}, tracestate: "v=1", bag: "a=1", parent: traceparent, state: "v=1", bg: "mine"},
		"no room":             {own: many(zeroq.MaxHeaders), tracestate: "v=1", bag: "a=1"},
		"room for one":        {own: many(zeroq.MaxHeaders - 1), tracestate: "v=1", bag: "a=1", parent: traceparent},
		"room for two":        {own: many(zeroq.MaxHeaders - 2), tracestate: "v=1", bag: "a=1", parent: traceparent, state: "v=1"},
		"large baggage":       {bag: "a=" + strings.Repeat("x", zeroq.MaxHeaderBytes-len("baggage")-1), parent: traceparent},
		"baggage that fits":   {bag: "a=" + strings.Repeat("x", zeroq.MaxHeaderBytes-len("baggage")-2), parent: traceparent, bg: "a=" + strings.Repeat("x", zeroq.MaxHeaderBytes-len("baggage")-2)},
	} {
		before := maps.Clone(tt.own)
		task := &zeroq.Task{Type: "x", Queue: "mail", Headers: tt.own}
		send(within(t, tt.tracestate, tt.bag), none, []*zeroq.Task{task})
		if !maps.Equal(tt.own, before) {
			t.Errorf("%s: the producer's map has become %v", name, tt.own)
		}
		if h := task.Headers; h["traceparent"] != tt.parent || h["tracestate"] != tt.state || h["baggage"] != tt.bg {
			t.Errorf("%s: headers %v", name, h)
		}
		for key, value := range before {
			if task.Headers[key] != value {
				t.Errorf("%s: header %s is %q", name, key, task.Headers[key])
			}
		}
		task.SetDefaults()
		if err := task.Validate(task.EnqueuedAt); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// AllocsPerRun does not stand parallel tests.
func TestSend_CostsNothingWithoutATrace(t *testing.T) {
	put := trace.New(otel.GetTracerProvider()).Send(func(context.Context, []*zeroq.Task) []error { return nil })
	ctx, tasks := t.Context(), []*zeroq.Task{{Queue: "mail"}}
	if n := testing.AllocsPerRun(100, func() { put(ctx, tasks) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
