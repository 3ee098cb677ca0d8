package trace

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.39.0"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/zeroq-dev/zeroq"
)

// Put puts tasks on their queues, as Enqueue of a broker does.
type Put = func(ctx context.Context, tasks []*zeroq.Task) []error

// Send returns put with the trace context in the headers of its tasks and one span around each call.
// It sets Headers of the tasks, and leaves the maps that were there alone.
func (t *Tracer) Send(put Put) Put {
	return func(ctx context.Context, tasks []*zeroq.Task) []error {
		if len(tasks) == 0 {
			return put(ctx, tasks)
		}
		if t.idle() {
			inject(ctx, tasks)
			return put(ctx, tasks)
		}
		sending, span := t.startSend(ctx, tasks)
		defer span.End()
		if begins(ctx, span) && !span.SpanContext().IsSampled() {
			// Nobody will see the trace. It would only keep workers from beginning one of their own.
			inject(ctx, tasks)
		} else {
			inject(sending, tasks)
		}
		errs := put(sending, tasks)
		endSend(span, tasks, errs)
		return errs
	}
}

// begins reports whether the span is the first of its trace.
func begins(ctx context.Context, span oteltrace.Span) bool {
	return oteltrace.SpanContextFromContext(ctx).TraceID() != span.SpanContext().TraceID()
}

func inject(ctx context.Context, tasks []*zeroq.Task) {
	headers := headersOf(ctx)
	for _, task := range tasks {
		carry(task, headers)
	}
}

func (t *Tracer) startSend(ctx context.Context, tasks []*zeroq.Task) (context.Context, oteltrace.Span) {
	name := "enqueue"
	attributes := []attribute.KeyValue{
		system, semconv.MessagingOperationName("enqueue"), semconv.MessagingOperationTypeSend,
	}
	if queue := queueOf(tasks); queue != "" {
		name += " " + queue
		attributes = append(attributes, semconv.MessagingDestinationName(queue))
	}
	if len(tasks) > 1 {
		attributes = append(attributes, semconv.MessagingBatchMessageCount(len(tasks)))
	}
	return t.start(ctx, name, oteltrace.SpanKindProducer, attributes)
}

// queueOf is the queue of all tasks; "" when they have several.
func queueOf(tasks []*zeroq.Task) string {
	for _, task := range tasks[1:] {
		if task.Queue != tasks[0].Queue {
			return ""
		}
	}
	return tasks[0].Queue
}

// endSend notes what became of the tasks. The ids are known only now.
func endSend(span oteltrace.Span, tasks []*zeroq.Task, errs []error) {
	if !span.IsRecording() {
		return
	}
	if len(tasks) == 1 && tasks[0].ID != "" {
		span.SetAttributes(semconv.MessagingMessageID(tasks[0].ID))
	}
	refused := 0
	for _, err := range errs {
		if err != nil {
			refused++
		}
	}
	switch {
	case refused == 0:
		return
	case len(tasks) == 1:
		span.SetStatus(codes.Error, errs[0].Error())
	default:
		span.SetStatus(codes.Error, fmt.Sprintf("%d of %d tasks were refused", refused, len(tasks)))
	}
	typ, _ := describe(errors.Join(errs...))
	span.SetAttributes(semconv.ErrorTypeKey.String(typ))
}
