package trace_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/zeromicro/go-zero/core/logx"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

func traced(id string) *zeroq.Task {
	return &zeroq.Task{ID: id, Type: "email", Queue: "mail", Attempt: 2, Headers: map[string]string{
		"traceparent": traceparent, "tracestate": "vendor=1", "baggage": "user=7",
	}}
}

func TestProcess_IsAChildOfWhatEnqueuedTheTask(t *testing.T) {
	t.Parallel()
	tracer, recorder := newTracer(sdktrace.AlwaysSample())
	ctx, span := tracer.Process(t.Context(), traced("a"))
	span.Settle(traced("a"), zeroq.Succeeded, nil, nil)
	span.End()
	got := recorder.Ended()[0]
	if got.Name() != "process email" || got.SpanKind() != oteltrace.SpanKindConsumer || got.Status().Code != codes.Unset {
		t.Errorf("%s %v %v", got.Name(), got.SpanKind(), got.Status())
	}
	if p := got.Parent(); p.SpanID().String() != spanID || p.TraceID().String() != traceID || p.TraceState().String() != "vendor=1" {
		t.Errorf("parent %v", p)
	}
	if got.SpanContext().SpanID() != oteltrace.SpanContextFromContext(ctx).SpanID() {
		t.Error("the handler's context has another span")
	}
	if user := baggage.FromContext(ctx).Member("user").Value(); user != "7" {
		t.Errorf("baggage of user %q", user)
	}
	want := map[string]string{
		"messaging.system": "zeroq", "messaging.operation.name": "process", "messaging.operation.type": "process",
		"messaging.destination.name": "mail", "messaging.message.id": "a",
		"zeroq.task.type": "email", "zeroq.task.attempt": "2", "zeroq.task.outcome": "succeeded",
	}
	if got := attributes(got); !maps.Equal(got, want) {
		t.Errorf("attributes %v", got)
	}
}

func TestProcess_WithoutAProviderTheContextHasTheTrace(t *testing.T) {
	t.Parallel()
	ctx, span := trace.New(otel.GetTracerProvider()).Process(t.Context(), traced("a"))
	span.Settle(traced("a"), zeroq.Dead, &zeroq.AttemptError{}, errors.New("x"))
	span.End()
	if traceOf(ctx) != traceID || !oteltrace.SpanContextFromContext(ctx).IsRemote() {
		t.Errorf("trace %s", traceOf(ctx))
	}
}

// The log of go-zero is one for the process; no other test here writes to it.
func TestProcess_LogsHaveTheTrace(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logx.SetWriter(logx.NewWriter(&log))
	ctx, _ := trace.New(otel.GetTracerProvider()).Process(t.Context(), traced("a"))
	logx.WithContext(ctx).Info("at work")
	if text := log.String(); !strings.Contains(text, `"trace":"`+traceID+`"`) || !strings.Contains(text, `"span":"`+spanID+`"`) {
		t.Errorf("log %s", text)
	}
}

func TestProcess_MalformedHeadersAreNoContext(t *testing.T) {
	t.Parallel()
	tracer, recorder := newTracer(sdktrace.AlwaysSample())
	for _, text := range []string{
		"", "x", "00-x", "00-" + traceID + "-" + spanID, "ff-" + traceID + "-" + spanID + "-01",
		"00-00000000000000000000000000000000-" + spanID + "-01", "00-" + traceID + "-0000000000000000-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" + spanID + "-01", traceparent + "-more",
	} {
		task := traced("a")
		task.Headers["traceparent"] = text
		task.Headers["baggage"] = "=;"
		_, span := tracer.Process(t.Context(), task)
		span.End()
		ended := recorder.Ended()
		if got := ended[len(ended)-1]; got.Parent().IsValid() || got.SpanContext().TraceID().String() == traceID {
			t.Errorf("traceparent %q is taken for %v", text, got.Parent())
		}
	}
}

type failing struct{}

func (failing) Error() string { panic("no text") }
func (failing) Unwrap() error { panic("no cause") }

func TestSettle_FailureIsNoted(t *testing.T) {
	t.Parallel()
	failure := &zeroq.AttemptError{Message: "gone"}
	for want, err := range map[string]error{
		"*zeroq.FieldError":   zeroq.Permanent(fmt.Errorf("send: %w", &zeroq.FieldError{})),
		"*errors.errorString": errors.Join(errors.New("x"), &zeroq.FieldError{}),
		"*zeroq.PanicError":   &zeroq.PanicError{Value: "x", Stack: []byte("main.go:7")},
		"_OTHER":              failing{},
	} {
		tracer, recorder := newTracer(sdktrace.AlwaysSample())
		_, span := tracer.Process(t.Context(), traced("a"))
		span.Settle(traced("a"), zeroq.Retry, failure, err)
		span.End()
		got := recorder.Ended()[0]
		if all := attributes(got); got.Status().Code != codes.Error || got.Status().Description != "gone" ||
			all["zeroq.task.outcome"] != "retry" || all["error.type"] != want {
			t.Errorf("%v %v, want %s", got.Status(), all, want)
		}
		event := make(map[string]string)
		for _, a := range got.Events()[0].Attributes {
			event[string(a.Key)] = a.Value.Emit()
		}
		stack := ""
		if want == "*zeroq.PanicError" {
			stack = "main.go:7"
		}
		if got.Events()[0].Name != "exception" || event["exception.message"] != "gone" || event["exception.type"] != want ||
			event["exception.stacktrace"] != stack {
			t.Errorf("event %v", event)
		}
	}
}

func TestProcessBatch_LinksToEachTrace(t *testing.T) {
	t.Parallel()
	tracer, recorder := newTracer(sdktrace.AlwaysSample())
	tasks := []*zeroq.Task{traced("a"), {ID: "b", Type: "email", Queue: "mail"}, traced("c")}
	_, span := tracer.ProcessBatch(t.Context(), tasks)
	span.Settle(tasks[0], zeroq.Succeeded, nil, nil)
	span.Settle(tasks[1], zeroq.Retry, &zeroq.AttemptError{Message: "gone"}, errors.New("gone"))
	span.Settle(tasks[2], zeroq.Dead, &zeroq.AttemptError{Message: "gone"}, errors.New("gone"))
	span.End()
	got := recorder.Ended()[0]
	if got.Parent().IsValid() || got.SpanContext().TraceID().String() == traceID {
		t.Errorf("the span belongs to %v", got.Parent())
	}
	if links := got.Links(); len(links) != 2 || links[1].SpanContext.SpanID().String() != spanID ||
		links[1].Attributes[0].Value.Emit() != "c" {
		t.Errorf("links %v", links)
	}
	if all := attributes(got); all["messaging.batch.message_count"] != "3" || all["zeroq.task.outcome"] != "" {
		t.Errorf("attributes %v", all)
	}
	if len(got.Events()) != 2 || got.Status().Description != "2 of 3 tasks failed" {
		t.Errorf("%v %v", got.Status(), got.Events())
	}
}
