package zeroq_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/zeroqtest"
)

// inExample stands for the *testing.T of a test.
type inExample struct{ testing.TB }

func (inExample) Helper()                           {}
func (inExample) Context() context.Context          { return context.Background() }
func (inExample) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func ExampleWithRetry() {
	mux := zeroq.NewMux()
	mux.HandleFunc("webhook", func(context.Context, *zeroq.Task) error {
		return errors.New("no answer")
	}, zeroq.WithRetry(zeroq.RetryPolicy{Base: 10 * time.Second, Max: time.Minute, Jitter: 0.5}))

	q := zeroqtest.New(inExample{}, mux) // without jitter
	task := zeroq.NewTask("webhook", nil, zeroq.MaxAttempts(6))
	if err := q.Enqueue(context.Background(), task); err != nil {
		panic(err)
	}
	for q.RunReady(context.Background()) > 0 {
		info := q.Task(task.ID)
		if info.State != zeroq.Retry {
			fmt.Println("attempt", info.Attempt, "is the last: the task is", info.State)
			break
		}
		delay := info.NextRunAt.Sub(q.Now())
		fmt.Println("attempt", info.Attempt, "failed, the next is in", delay)
		q.Advance(delay)
	}
	// Output:
	// attempt 1 failed, the next is in 10s
	// attempt 2 failed, the next is in 20s
	// attempt 3 failed, the next is in 40s
	// attempt 4 failed, the next is in 1m0s
	// attempt 5 failed, the next is in 1m0s
	// attempt 6 is the last: the task is dead
}

func ExampleSnooze() {
	polls := 0
	render := zeroq.HandlerFunc(func(ctx context.Context, task *zeroq.Task) error {
		if polls++; polls < 100 {
			return zeroq.Snooze(time.Minute) // it is still being rendered elsewhere
		}
		return zeroq.SetResult(ctx, fmt.Sprintf("attempt %d", task.Attempt))
	})
	mux := zeroq.NewMux()
	mux.Handle("film.render", render)

	q := zeroqtest.New(inExample{}, mux)
	task := zeroq.NewTask("film.render", nil)
	if err := q.Enqueue(context.Background(), task); err != nil {
		panic(err)
	}
	runs := q.Drain(context.Background())
	info := q.Task(task.ID)
	fmt.Println(runs, "runs:", info.State, string(info.Result), len(info.Errors), "errors")
	// Output: 100 runs: succeeded "attempt 1" 0 errors
}
