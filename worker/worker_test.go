package worker_test

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/producer"
	"github.com/zeroq-dev/zeroq/worker"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m, redistest.GoZero...)) }

// start runs a worker until the test ends.
func start(t *testing.T, conf worker.Conf, mux *zeroq.Mux, options ...worker.Option) *worker.Worker {
	t.Helper()
	w, err := worker.New(conf, mux, options...)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Start()
	}()
	t.Cleanup(func() {
		w.Stop()
		<-ended
	})
	return w
}

func TestWorker_RunsWhatIsEnqueued(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	p, err := producer.New(producer.Conf{Redis: conf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
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
	start(t, worker.Conf{Redis: conf, Drain: time.Second}, mux)
	tasks := make([]*zeroq.Task, n)
	for i := range tasks {
		tasks[i] = zeroq.NewTask("count", i)
	}
	if err := p.Enqueue(t.Context(), tasks...); err != nil {
		t.Fatal(err)
	}
	select {
	case <-all:
	case <-time.After(20 * time.Second):
		t.Fatalf("only %d ran", ran.Load())
	}
}
