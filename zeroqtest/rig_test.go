package zeroqtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/zeroqtest"
)

func TestMain(m *testing.M) {
	logx.Disable()
	logging.Disable()
	os.Exit(redistest.Main(m, redistest.GoZero...)) // it looks for goroutines that are left behind
}

var (
	start    = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	errFails = errors.New("handler failed")
)

func answers(err error) zeroq.HandlerFunc {
	return func(context.Context, *zeroq.Task) error { return err }
}

// handle is a mux of one handler.
func handle(typ string, handler zeroq.HandlerFunc, options ...zeroq.RouteOption) *zeroq.Mux {
	mux := zeroq.NewMux()
	mux.HandleFunc(typ, handler, options...)
	return mux
}

func enqueue(t *testing.T, q *zeroqtest.Queues, tasks ...*zeroq.Task) {
	t.Helper()
	if err := q.Enqueue(t.Context(), tasks...); err != nil {
		t.Fatal(err)
	}
}

func at(n int) zeroq.Option { return func(t *zeroq.Task) { t.Attempt = n } }

// failure is a test that notes why it failed, and goes on no further.
type failure struct {
	*testing.T
	text string
}

func (f *failure) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	panic(f)
}

// fails returns what the test says that f fails.
func fails(t *testing.T, f func(t zeroqtest.TB)) (text string) {
	t.Helper()
	fake := &failure{T: t}
	defer func() {
		if value := recover(); value != nil && value != fake {
			panic(value)
		}
		text = fake.text
	}()
	f(fake)
	t.Error("the test does not fail")
	return ""
}

// contains checks that a text has all of the parts.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}
