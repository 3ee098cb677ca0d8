package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq"
)

// IgnoreCurrent leaves out the goroutine with which go-zero, used to load configurations, waits for
// signals from its init on.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

var errCalledOff = errors.New("called off")

// run runs a handler as a worker does, on the second attempt of a task of this data.
func run(ctx context.Context, handler zeroq.Handler, data string) (json.RawMessage, error) {
	task := &zeroq.Task{ID: "task-1", Type: "some.type", Data: json.RawMessage(data), Attempt: 2}
	task.SetDefaults()
	return zeroq.Run(ctx, handler, task)
}

// encode returns data as the JSON of a task's data.
func encode(t *testing.T, data any) string {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func mustSucceed(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v", err)
	}
}

// mustBePermanent checks for a Permanent error with a text.
func mustBePermanent(t *testing.T, err error, text string) {
	t.Helper()
	mustFail(t, err, text)
	if !zeroq.IsPermanent(err) {
		t.Fatalf("error %q is not permanent", err)
	}
}

// mustRetry checks for an error with a text that is not Permanent.
func mustRetry(t *testing.T, err error, text string) {
	t.Helper()
	mustFail(t, err, text)
	if zeroq.IsPermanent(err) {
		t.Fatalf("error %q is permanent", err)
	}
}

func mustFail(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one with %q", text)
	}
	if !strings.Contains(err.Error(), text) {
		t.Fatalf("error %q lacks %q", err, text)
	}
}

// cancelled returns a context that has ended.
func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errCalledOff)
	return ctx
}
