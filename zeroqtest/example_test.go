package zeroqtest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/zeroqtest"
)

// t stands for the *testing.T of a test.
var t = &inExample{}

type inExample struct{ testing.TB }

func (*inExample) Helper()                           {}
func (*inExample) Context() context.Context          { return context.Background() }
func (*inExample) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func ExampleRun() {
	busy := zeroq.HandlerFunc(func(ctx context.Context, task *zeroq.Task) error {
		return zeroq.RetryAfter(time.Minute, errors.New("the mail server is busy"))
	})
	got := zeroqtest.Run(t, busy, zeroq.NewTask("invoice.send", 7))
	fmt.Println(got.State, got.Delay, got.Error)

	got = zeroqtest.Run(t, busy, zeroq.NewTask("invoice.send", 7, zeroq.MaxAttempts(1)))
	fmt.Println(got.State)
	// Output:
	// retry 1m0s the mail server is busy
	// dead
}

func ExampleRun_interrupted() {
	slow := zeroq.HandlerFunc(func(ctx context.Context, task *zeroq.Task) error {
		<-ctx.Done()
		return context.Cause(ctx)
	})
	for _, cause := range []error{zeroq.ErrTimeout, zeroq.ErrCancelled, zeroq.ErrShutdown} {
		got := zeroqtest.Run(t, slow, zeroq.NewTask("report.build", nil), zeroqtest.Interrupted(cause))
		fmt.Printf("%v: %s\n", cause, got.State)
	}
	// Output:
	// attempt timed out: retry
	// task was cancelled: cancelled
	// worker is shutting down: ready
}

// signUp is code under test.
func signUp(ctx context.Context, tasks zeroq.Enqueuer, address string) error {
	return tasks.Enqueue(ctx,
		zeroq.NewTask("email.welcome", address, zeroq.UniqueKey(address, zeroq.UntilFinished)),
		zeroq.NewTask("email.tips", address, zeroq.Delay(24*time.Hour)),
	)
}

func ExampleNew() {
	ctx := t.Context()
	mux := zeroq.NewMux()
	mux.HandleFunc("email.*", func(ctx context.Context, task *zeroq.Task) error {
		if task.Attempt == 1 {
			return errors.New("no connection")
		}
		return zeroq.SetResult(ctx, "sent")
	})

	q := zeroqtest.New(t, mux)
	if err := signUp(ctx, q, "ann@example.com"); err != nil {
		t.Fatalf("%v", err)
	}
	welcome := q.WantEnqueued("email.welcome", 1)[0]
	fmt.Println(zeroqtest.Decode[string](t, welcome.Data))

	q.RunReady(ctx)
	fmt.Println(q.WantState(welcome.ID, zeroq.Retry).Error)

	q.Drain(ctx) // the retries, and the next day's tips
	q.WantSucceeded()
	fmt.Println(string(q.Task(welcome.ID).Result))
	// Output:
	// ann@example.com
	// no connection
	// "sent"
}

func ExampleQueues_Refuse() {
	q := zeroqtest.New(t, nil)
	q.Refuse(zeroq.ErrUnavailable)
	fmt.Println(signUp(t.Context(), q, "ann@example.com"))
	// Output: 2 of 2 tasks refused, the first: broker is not available
}

func ExampleQueues_Advance() {
	q := zeroqtest.New(t, nil)
	task := zeroq.NewTask("email.tips", nil, zeroq.Delay(24*time.Hour))
	if err := q.Enqueue(t.Context(), task); err != nil {
		t.Fatalf("%v", err)
	}
	fmt.Println(q.Task(task.ID).State)
	q.Advance(24 * time.Hour)
	fmt.Println(q.Task(task.ID).State)
	// Output:
	// scheduled
	// ready
}
