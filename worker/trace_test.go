package worker_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

// recorder has the spans of all tests of this process, as otel's provider is one for all.
var recorder = sync.OnceValue(func() *tracetest.SpanRecorder {
	r := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r)))
	return r
})

// caller begins a trace, as whoever enqueues.
func caller(t *testing.T) (context.Context, oteltrace.SpanContext) {
	t.Helper()
	recorder()
	ctx, span := otel.Tracer("test").Start(t.Context(), "caller")
	t.Cleanup(func() { span.End() })
	return ctx, span.SpanContext()
}

// spansOf waits until a trace has n spans that have ended.
func spansOf(t *testing.T, trace oteltrace.TraceID, n int) (spans []sdktrace.ReadOnlySpan) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d spans", n), func() bool {
		spans = nil
		for _, span := range recorder().Ended() {
			if span.SpanContext().TraceID() == trace {
				spans = append(spans, span)
			}
		}
		return len(spans) >= n
	})
	if len(spans) > n {
		t.Fatalf("%d spans, want %d: %v", len(spans), n, spans)
	}
	return spans
}

// named returns the span of the name.
func named(t *testing.T, spans []sdktrace.ReadOnlySpan, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	for _, span := range spans {
		if span.Name() == name {
			return span
		}
	}
	t.Fatalf("no span %q", name)
	return nil
}

func attribute(span sdktrace.ReadOnlySpan, key string) string {
	for _, a := range span.Attributes() {
		if string(a.Key) == key {
			return a.Value.Emit()
		}
	}
	return ""
}

// newClient returns a client of an API of its own.
func newClient(t *testing.T, redis zeroq.RedisConf, traces bool) *client.Client {
	t.Helper()
	conf := app.DefaultConf()
	conf.Port, conf.Log = 0, logx.LogConf{Mode: "console", Level: "severe"}
	if traces {
		// No exporter of this name: go-zero's middleware begins spans, and the provider stays as it is.
		conf.Telemetry.Endpoint, conf.Telemetry.Batcher = "here", "recorder"
	}
	b := look(t, redis)
	api, err := app.New(conf, app.Deps{Enqueuer: newProducer(t, redis), Inspector: b, Ledger: b, Ping: b.Ping})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		api.Start()
	}()
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		api.Stop()
		<-ended
	})
	c, err := client.New("http://"+api.Addr().String(), client.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A request enqueues a task, whose handler enqueues another: all of it is one trace.
func TestTrace_GoesFromARequestThroughTasksThatMakeTasks(t *testing.T) {
	t.Parallel()
	for name, traces := range map[string]bool{"a span of go-zero": true, "no span of go-zero": false} {
		redis, _ := redistest.New(t)
		ctx, root := caller(t)
		c, p := newClient(t, redis, traces), newProducer(t, redis)
		mux := zeroq.NewMux()
		mux.HandleFunc("first", func(ctx context.Context, task *zeroq.Task) error {
			if task.Headers["order"] != "17" {
				t.Errorf("%s: headers %v", name, task.Headers)
			}
			return p.Enqueue(ctx, zeroq.NewTask("second", nil, zeroq.Queue("mail")))
		})
		headers := make(chan map[string]string, 1)
		mux.HandleFunc("second", func(_ context.Context, task *zeroq.Task) error {
			headers <- task.Headers
			return nil
		})
		start(t, worker.Conf{Redis: redis, Pools: queues("default", "mail")}, mux)
		task := zeroq.NewTask("first", nil, zeroq.Header("order", "17"))
		if err := c.Enqueue(ctx, task); err != nil {
			t.Fatal(err)
		}
		receive(t, headers)

		parent, n := root.SpanID(), 4
		if traces {
			n = 5
		}
		spans := spansOf(t, root.TraceID(), n)
		chain := []string{"enqueue default", "process first", "enqueue mail", "process second"}
		if traces {
			chain = append([]string{"/v1/tasks"}, chain...)
		}
		for _, link := range chain {
			span := named(t, spans, link)
			if span.Parent().SpanID() != parent {
				t.Errorf("%s: the parent of %q is %v", name, link, span.Parent().SpanID())
			}
			parent = span.SpanContext().SpanID()
		}
		if id := attribute(named(t, spans, "process first"), "messaging.message.id"); id != task.ID {
			t.Errorf("%s: the span is of task %q, not %s", name, id, task.ID)
		}
		if len(task.Headers) != 1 {
			t.Errorf("%s: the caller's headers have become %v", name, task.Headers)
		}
	}
}

func TestTrace_EachAttemptHasASpan(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	ctx, root := caller(t)
	conf := worker.Conf{Redis: redis, Retry: zeroq.RetryPolicy{Base: time.Millisecond, Max: time.Millisecond}}
	start(t, conf, handle("x", func(_ context.Context, task *zeroq.Task) error {
		if task.Attempt == 1 {
			return errors.New("not yet")
		}
		return nil
	}))
	if err := newProducer(t, redis).Enqueue(ctx, zeroq.NewTask("x", nil)); err != nil {
		t.Fatal(err)
	}
	spans := spansOf(t, root.TraceID(), 3)
	enqueued := named(t, spans, "enqueue default").SpanContext().SpanID()
	outcomes := make(map[string]string)
	for _, span := range spans {
		if span.Name() == "process x" {
			if span.Parent().SpanID() != enqueued {
				t.Errorf("the parent is %v", span.Parent())
			}
			outcomes[attribute(span, "zeroq.task.attempt")] = attribute(span, "zeroq.task.outcome") + span.Status().Description
		}
	}
	if outcomes["1"] != "retrynot yet" || outcomes["2"] != "succeeded" {
		t.Errorf("outcomes %v", outcomes)
	}
}

func TestTrace_BareMessageWithHeadersBelongsToItsTrace(t *testing.T) {
	t.Parallel()
	_, root := caller(t)
	redis, pusher := redistest.New(t)
	headers := make(chan map[string]string, 1)
	start(t, worker.Conf{Redis: redis}, handle("x", func(ctx context.Context, task *zeroq.Task) error {
		headers <- task.Headers
		return nil
	}))
	message := fmt.Sprintf(`{"type":"x","headers":{"traceparent":"00-%s-%s-01","order":"17"}}`, root.TraceID(), root.SpanID())
	if err := pusher.LPush(t.Context(), "zq:{default}:ready", message).Err(); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, headers); len(got) != 2 || got["order"] != "17" {
		t.Errorf("headers %v", got)
	}
	if span := spansOf(t, root.TraceID(), 1)[0]; span.Parent().SpanID() != root.SpanID() {
		t.Errorf("parent %v", span.Parent())
	}
}

func TestTrace_BatchHasOneSpanWithLinks(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	first, one := caller(t)
	second, two := caller(t)
	p := newProducer(t, redis)
	spans := make(chan oteltrace.SpanContext, 1)
	mux := zeroq.NewMux()
	mux.HandleBatch("x", zeroq.Batch{Size: 2, Wait: patience}, zeroq.BatchHandlerFunc(
		func(ctx context.Context, _ []*zeroq.Task) []error {
			spans <- oteltrace.SpanContextFromContext(ctx)
			return []error{nil, zeroq.Permanent(errors.New("broken"))}
		}))
	start(t, worker.Conf{Redis: redis}, mux)
	for _, ctx := range []context.Context{first, second} {
		if err := p.Enqueue(ctx, zeroq.NewTask("x", nil)); err != nil {
			t.Fatal(err)
		}
	}
	span := spansOf(t, receive(t, spans).TraceID(), 1)[0]
	linked := make(map[oteltrace.TraceID]bool)
	for _, link := range span.Links() {
		linked[link.SpanContext.TraceID()] = true
	}
	if !linked[one.TraceID()] || !linked[two.TraceID()] || span.Parent().IsValid() {
		t.Errorf("links %v, parent %v", span.Links(), span.Parent())
	}
	if span.Status().Description != "1 of 2 tasks failed" {
		t.Errorf("status %v", span.Status())
	}
}

// What a schedule enqueues was asked for by nobody who waits: its trace begins with it.
func TestTrace_ScheduledTaskBeginsOne(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	ctx, root := caller(t)
	spans := make(chan oteltrace.SpanContext, 1)
	start(t, worker.Conf{Redis: redis}, handle("x", func(ctx context.Context, task *zeroq.Task) error {
		if task.Headers["traceparent"] != "" {
			t.Errorf("headers %v", task.Headers)
		}
		spans <- oteltrace.SpanContextFromContext(ctx)
		return nil
	}))
	b := look(t, redis)
	yearly := zeroq.Schedule{Name: "yearly", Spec: "@yearly", Task: &zeroq.Task{Type: "x"}}
	if _, err := b.PutSchedule(ctx, yearly); err != nil {
		t.Fatal(err)
	}
	if _, err := b.RunSchedule(ctx, "yearly"); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, spans); !got.IsValid() || got.TraceID() == root.TraceID() {
		t.Errorf("trace %v", got.TraceID())
	}
}

// Nothing of a trace makes a task another one: not for its unique key, not for its Idempotency-Key.
func TestTrace_IsNoPartOfWhatATaskIs(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	c := newClient(t, redis, false)
	first, _ := caller(t)
	second, _ := caller(t)
	one, two := zeroq.NewTask("x", nil), zeroq.NewTask("x", nil)
	if err := c.Enqueue(client.WithIdempotencyKey(first, "key"), one); err != nil {
		t.Fatal(err)
	}
	if err := c.Enqueue(client.WithIdempotencyKey(second, "key"), two); err != nil || one.ID != two.ID {
		t.Errorf("%s and %s, %v", one.ID, two.ID, err)
	}
	p := newProducer(t, redis)
	if err := p.Enqueue(first, zeroq.NewTask("y", nil, zeroq.UniqueKey("k", zeroq.UntilFinished))); err != nil {
		t.Fatal(err)
	}
	if err := p.Enqueue(second, zeroq.NewTask("y", nil, zeroq.UniqueKey("k", zeroq.UntilFinished))); !errors.Is(err, zeroq.ErrDuplicate) {
		t.Errorf("err = %v", err)
	}
}

// However an attempt ends, its span does too and says how.
func TestTrace_SpanEndsWithItsAttempt(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	b, p := look(t, redis), newProducer(t, redis)
	mux := zeroq.NewMux()
	mux.HandleFunc("panics", func(context.Context, *zeroq.Task) error { panic("no way") })
	mux.HandleFunc("goes", func(context.Context, *zeroq.Task) error {
		runtime.Goexit()
		return nil
	})
	mux.HandleFunc("snoozes", func(context.Context, *zeroq.Task) error { return zeroq.Snooze(time.Hour) })
	begun := make(chan struct{})
	mux.HandleFunc("waits", func(ctx context.Context, _ *zeroq.Task) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	})
	start(t, worker.Conf{Redis: redis}, mux)
	for typ, want := range map[string]string{
		"panics": "dead panic: no way", "goes": "dead handler ended its goroutine by runtime.Goexit",
		"snoozes": "retry ", "waits": "cancelled ",
	} {
		ctx, root := caller(t)
		task := zeroq.NewTask(typ, nil, zeroq.MaxAttempts(1))
		if err := p.Enqueue(ctx, task); err != nil {
			t.Fatal(err)
		}
		if typ == "waits" {
			receive(t, begun)
			if _, err := b.Cancel(t.Context(), task.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		span := named(t, spansOf(t, root.TraceID(), 2), "process "+typ)
		if got := attribute(span, "zeroq.task.outcome") + " " + span.Status().Description; got != want {
			t.Errorf("%s: the span says %q, want %q", typ, got, want)
		}
		if !strings.HasPrefix(want, "dead") {
			continue
		}
		// A dead letter that is run again belongs to the trace that it always had.
		eventually(t, "a dead letter", func() bool { return b.Retry(t.Context(), task.ID, "") == nil })
		spansOf(t, root.TraceID(), 3)
	}
}
