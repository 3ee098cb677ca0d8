package trace

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.39.0"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/zeroq-dev/zeroq"
)

// What spans of attempts say that OpenTelemetry has no name for.
const (
	typeKey    = attribute.Key("zeroq.task.type")
	attemptKey = attribute.Key("zeroq.task.attempt")
	outcomeKey = attribute.Key("zeroq.task.outcome")
)

// Span is that of one attempt, or of the attempts that a batch handler makes at once. It is used by
// one goroutine at a time.
type Span struct {
	span          oteltrace.Span
	tasks, failed int
}

// Process begins the span of an attempt, a child of the span that enqueued the task. Without a provider
// the context has the trace all the same, for logs and for the handler's own calls.
func (t *Tracer) Process(ctx context.Context, task *zeroq.Task) (context.Context, *Span) {
	ctx = contextOf(ctx, task)
	if t.idle() {
		return ctx, nil
	}
	ctx, span := t.start(ctx, "process "+task.Type, oteltrace.SpanKindConsumer, append(processing(task),
		semconv.MessagingMessageID(task.ID), attemptKey.Int(task.Attempt)))
	return ctx, &Span{span: span, tasks: 1}
}

// ProcessBatch begins the span of several attempts of one type. It begins a trace, as the tasks may
// come from many, and has a link to the span that enqueued each.
func (t *Tracer) ProcessBatch(ctx context.Context, tasks []*zeroq.Task) (context.Context, *Span) {
	if t.idle() {
		return ctx, nil
	}
	var links []oteltrace.Link
	for _, task := range tasks {
		link := oteltrace.LinkFromContext(contextOf(ctx, task),
			semconv.MessagingMessageID(task.ID), attemptKey.Int(task.Attempt))
		if link.SpanContext.IsValid() {
			links = append(links, link)
		}
	}
	ctx, span := t.start(ctx, "process "+tasks[0].Type, oteltrace.SpanKindConsumer, append(processing(tasks[0]),
		semconv.MessagingBatchMessageCount(len(tasks))), links...)
	return ctx, &Span{span: span, tasks: len(tasks)}
}

// processing is what all spans of attempts say.
func processing(task *zeroq.Task) []attribute.KeyValue {
	return []attribute.KeyValue{
		system, semconv.MessagingOperationName("process"), semconv.MessagingOperationTypeProcess,
		semconv.MessagingDestinationName(task.Queue), typeKey.String(task.Type),
	}
}

// Settle notes what became of a task: its state, and if the attempt failed, as what and by which error
// of its handler.
func (s *Span) Settle(task *zeroq.Task, state zeroq.State, failure *zeroq.AttemptError, err error) {
	if s == nil || !s.span.IsRecording() {
		return
	}
	if s.tasks == 1 {
		s.span.SetAttributes(outcomeKey.String(string(state)))
	}
	if failure == nil {
		return
	}
	s.failed++
	typ, stack := describe(err)
	message := failure.Message
	if stack != "" { // which stands behind the text there
		message, _, _ = strings.Cut(message, "\ngoroutine ")
	}
	event := []attribute.KeyValue{semconv.ExceptionMessage(message), semconv.ExceptionType(typ)}
	if stack != "" {
		event = append(event, semconv.ExceptionStacktrace(stack))
	}
	if s.tasks > 1 {
		event = append(event, semconv.MessagingMessageID(task.ID), outcomeKey.String(string(state)))
	}
	s.span.AddEvent(semconv.ExceptionEventName, oteltrace.WithAttributes(event...))
	s.span.SetAttributes(semconv.ErrorTypeKey.String(typ))
	if s.tasks == 1 {
		s.span.SetStatus(codes.Error, message)
	} else {
		s.span.SetStatus(codes.Error, fmt.Sprintf("%d of %d tasks failed", s.failed, s.tasks))
	}
}

// End ends the span.
func (s *Span) End() {
	if s != nil {
		s.span.End()
	}
}
