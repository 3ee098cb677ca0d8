package worker_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

func TestWorker_RunsWhatIsEnqueued(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	const n = 2000
	var ran atomic.Int64
	all := make(chan struct{})
	mux := zeroq.NewMux()
	mux.HandleFunc("count", func(ctx context.Context, task *zeroq.Task) error {
		if task.Attempt == 1 && ran.Load()%10 == 0 {
			ran.Add(1)
			return zeroq.RetryAfter(0, errors.New("once more"))
		}
		if ran.Add(1) == n {
			close(all)
		}
		return nil
	})
	start(t, worker.Conf{Redis: conf}, mux)
	tasks := make([]*zeroq.Task, n)
	for i := range tasks {
		tasks[i] = zeroq.NewTask("count", i)
	}
	enqueue(t, conf, tasks...)
	select {
	case <-all:
	case <-time.After(20 * time.Second):
		t.Fatalf("only %d ran", ran.Load())
	}
}

// A handler that decrypts its data in place, and fails, must not touch the message.
func TestWorker_HandlerMayScribbleOnItsTask(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	var seen atomic.Int64
	mux := handle("scribble", func(_ context.Context, task *zeroq.Task) error {
		if string(task.Data) == `{"n":1}` && task.Headers["h"] == "v" {
			seen.Add(1)
		}
		for i := range task.Data {
			task.Data[i] ^= 0x55
		}
		delete(task.Headers, "h")
		return zeroq.RetryAfter(0, errors.New("once more"))
	})
	start(t, worker.Conf{Redis: conf, Drain: time.Second}, mux)
	task := zeroq.NewTask("scribble", map[string]int{"n": 1}, zeroq.MaxAttempts(3), zeroq.Header("h", "v"))
	enqueue(t, conf, task)
	if info := finished(t, conf, task.ID); info.State != zeroq.Dead || string(info.Data) != `{"n":1}` || seen.Load() != 3 {
		t.Errorf("seen %d times, the task is %+v", seen.Load(), info)
	}
}
