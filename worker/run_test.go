package worker_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

var errHandler = errors.New("no luck")

func TestWorker_FailedTaskRunsAgainAfterItsBackoff(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	var starts []time.Time
	start(t, worker.Conf{Redis: conf, Retry: zeroq.RetryPolicy{Base: 100 * time.Millisecond, Max: time.Hour}},
		handle("x", func(ctx context.Context, task *zeroq.Task) error {
			starts = append(starts, time.Now())
			if task.Attempt < 3 {
				return errHandler
			}
			return zeroq.SetResult(ctx, map[string]int{"attempt": task.Attempt})
		}))
	task := zeroq.NewTask("x", nil)
	enqueue(t, conf, task)
	info := finished(t, conf, task.ID)
	if info.State != zeroq.Succeeded || info.Attempt != 3 || string(info.Result) != `{"attempt":3}` || len(info.Errors) != 2 {
		t.Errorf("%+v", info)
	}
	if len(starts) != 3 || starts[1].Sub(starts[0]) < 99*time.Millisecond || starts[2].Sub(starts[1]) < 199*time.Millisecond {
		t.Errorf("started at %v", starts)
	}
}

func TestWorker_DelayedTaskStartsWithinASecondOfItsTime(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	started := make(chan time.Time, 1)
	start(t, worker.Conf{Redis: conf}, handle("x", func(context.Context, *zeroq.Task) error {
		started <- time.Now()
		return nil
	}))
	task := zeroq.NewTask("x", nil, zeroq.Delay(1500*time.Millisecond))
	enqueue(t, conf, task)
	due := task.EnqueuedAt.Add(task.Delay)
	if late := receive(t, started).Sub(due); late < -2*time.Millisecond || late > time.Second {
		t.Errorf("it started %v after its time", late)
	}
}

func TestWorker_TimeoutEndsTheContext(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	cause := make(chan error, 1)
	start(t, worker.Conf{Redis: conf}, handle("x", func(ctx context.Context, _ *zeroq.Task) error {
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return ctx.Err()
	}))
	task := zeroq.NewTask("x", nil, zeroq.Timeout(time.Second), zeroq.MaxAttempts(1))
	enqueue(t, conf, task)
	if err := receive(t, cause); !errors.Is(err, zeroq.ErrTimeout) {
		t.Errorf("cause %v", err)
	}
	if info := finished(t, conf, task.ID); info.State != zeroq.Dead || !strings.Contains(info.Error, "timed out after 1s") {
		t.Errorf("%+v", info)
	}
}

func TestWorker_PermanentErrorMakesADeadLetterWithItsErrors(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	w := start(t, worker.Conf{Redis: conf, Retry: zeroq.RetryPolicy{Base: time.Millisecond, Max: time.Hour}},
		handle("x", func(_ context.Context, task *zeroq.Task) error {
			if task.Attempt == 1 {
				return errHandler
			}
			return zeroq.Permanent(errors.New("never"))
		}))
	task := zeroq.NewTask("x", []int{1, 2})
	enqueue(t, conf, task)
	info := finished(t, conf, task.ID)
	if info.State != zeroq.Dead || info.Error != "never" || len(info.Errors) != 2 || string(info.Data) != "[1,2]" || info.Worker != w.ID() {
		t.Fatalf("%+v", info)
	}
	if first := info.Errors[0]; first.Message != errHandler.Error() || first.Attempt != 1 || first.Worker != w.ID() {
		t.Errorf("first error %+v", first)
	}
}

func TestWorker_AtMostOnceRunsAFailedTaskNoMore(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	pools := queues("once")
	pools[0].Queues[0].Mode = "at-most-once"
	ran := make(chan string, 10)
	start(t, worker.Conf{Redis: conf, Pools: pools}, handle("x", func(_ context.Context, task *zeroq.Task) error {
		ran <- string(task.Data)
		if string(task.Data) == "1" {
			return errHandler
		}
		return nil
	}))
	bad, good := zeroq.NewTask("x", 1, zeroq.Queue("once")), zeroq.NewTask("x", 2, zeroq.Queue("once"))
	enqueue(t, conf, bad, good)
	if info := finished(t, conf, bad.ID); info.State != zeroq.Dead || info.Error != errHandler.Error() {
		t.Errorf("%+v", info)
	}
	if info := finished(t, conf, good.ID); info.State != zeroq.Succeeded || len(ran) != 2 {
		t.Errorf("%+v, %d runs", info, len(ran))
	}
}

func TestWorker_StrictAndWeightedOrder(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{true, false} {
		conf, _ := redistest.New(t)
		const each = 60
		var tasks []*zeroq.Task
		for range each { // the queues' weights are 1 and 20
			tasks = append(tasks, zeroq.NewTask("x", nil, zeroq.Queue("light")), zeroq.NewTask("x", nil, zeroq.Queue("heavy")))
		}
		enqueue(t, conf, tasks...)
		order := make(chan string, 2*each)
		pools := queues("light", "heavy")
		pools[0].Strict, pools[0].Queues[1].Weight = strict, 20
		start(t, worker.Conf{Redis: conf, Pools: pools}, handle("x", func(_ context.Context, task *zeroq.Task) error {
			order <- task.Queue
			return nil
		}))
		light := 0
		for range each {
			if receive(t, order) == "light" {
				light++
			}
		}
		if strict && light != each || !strict && light > each/3 {
			t.Errorf("strict %v: %d of the first %d come from the first queue, which is light", strict, light, each)
		}
	}
}

func TestWorker_BatchHandlerGetsSeveralTasks(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	tasks := []*zeroq.Task{zeroq.NewTask("x", 0), zeroq.NewTask("x", 1), zeroq.NewTask("x", 2)}
	enqueue(t, conf, tasks...)
	sizes := make(chan int, 10)
	mux := zeroq.NewMux()
	mux.HandleBatch("x", zeroq.Batch{Size: 3, Wait: patience}, zeroq.BatchHandlerFunc(func(_ context.Context, tasks []*zeroq.Task) []error {
		sizes <- len(tasks)
		return []error{nil, zeroq.Permanent(errHandler), nil}
	}))
	start(t, worker.Conf{Redis: conf}, mux)
	if n := receive(t, sizes); n != 3 {
		t.Errorf("a batch of %d", n)
	}
	for i, want := range []zeroq.State{zeroq.Succeeded, zeroq.Dead, zeroq.Succeeded} {
		if info := finished(t, conf, tasks[i].ID); info.State != want {
			t.Errorf("task %d is %s", i, info.State)
		}
	}
}

func TestNew_RefusesABatchThatNoPoolCanGather(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	mux := zeroq.NewMux()
	mux.HandleBatch("x", zeroq.Batch{Size: 11}, zeroq.BatchHandlerFunc(func(context.Context, []*zeroq.Task) []error { return nil }))
	if _, err := worker.New(worker.Conf{Redis: conf}, mux); err == nil || !strings.HasPrefix(err.Error(), "Pools[0].Concurrency:") {
		t.Errorf("%v", err)
	}
}

func TestWorker_DefaultHandlerAndMiddlewareMeetEveryTask(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	var mu sync.Mutex
	var seen []string
	see := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, what)
	}
	mux := handle("known", func(context.Context, *zeroq.Task) error { see("known"); return nil })
	mux.HandleDefault(zeroq.HandlerFunc(func(_ context.Context, task *zeroq.Task) error { see("default " + task.Type); return nil }))
	for _, name := range []string{"outer", "inner"} {
		mux.Use(func(next zeroq.Handler) zeroq.Handler {
			return zeroq.HandlerFunc(func(ctx context.Context, task *zeroq.Task) error {
				see(name)
				return next.Handle(ctx, task)
			})
		})
	}
	start(t, worker.Conf{Redis: conf, Pools: queues("default")}, mux)
	known, other := zeroq.NewTask("known", nil), zeroq.NewTask("other", nil)
	enqueue(t, conf, known, other)
	finished(t, conf, known.ID)
	finished(t, conf, other.ID)
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"outer", "inner", "known", "outer", "inner", "default other"}; !slices.Equal(seen, want) {
		t.Errorf("seen %q, want %q", seen, want)
	}
}

func TestWorker_RunsWhatAnybodyPushes(t *testing.T) {
	t.Parallel()
	conf, client := redistest.New(t)
	ran := make(chan *zeroq.Task, 10)
	mux := handle("*", func(_ context.Context, task *zeroq.Task) error { ran <- task; return nil })
	dead := make(chan worker.Event, 10)
	start(t, worker.Conf{Redis: conf, Pools: queues("default")}, mux, worker.Observe(func(e worker.Event) {
		if e.State == zeroq.Dead {
			dead <- e
		}
	}))
	for _, message := range []string{`{"Type":1,"Data":{}}`, `not JSON`, `{"type":"email","data":{"big":12345678901234567890}}`} {
		if err := client.LPush(t.Context(), "zq:{default}:ready", message).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if task := receive(t, ran); task.Type != "1" || string(task.Data) != "{}" || task.ID == "" || task.Attempt != 1 {
		t.Errorf("%+v", task)
	}
	if task := receive(t, ran); task.Type != "email" || string(task.Data) != `{"big":12345678901234567890}` {
		t.Errorf("%+v", task)
	}
	if e := receive(t, dead); e.Task != nil || e.Err == nil {
		t.Errorf("%+v", e)
	}
}

func TestWorker_TakesForeignListsIn(t *testing.T) {
	t.Parallel()
	conf, client := redistest.New(t)
	const n = 200 // more than one round trip moves
	for range n {
		if err := client.LPush(t.Context(), "legacy", `{"type":"x"}`).Err(); err != nil {
			t.Fatal(err)
		}
	}
	pools := queues("default")
	pools[0].Queues[0].Intake = []string{"legacy"}
	ran := make(chan string, n+1)
	start(t, worker.Conf{Redis: conf, Pools: pools}, handle("x", func(_ context.Context, task *zeroq.Task) error {
		ran <- task.ID
		return nil
	}))
	ids := make(map[string]bool)
	for range n {
		ids[receive(t, ran)] = true
	}
	if left, err := client.LLen(t.Context(), "legacy").Result(); err != nil || left != 0 || len(ids) != n {
		t.Errorf("%d ids, %d messages left, %v", len(ids), left, err)
	}
	if err := client.LPush(t.Context(), "legacy", `{"type":"x"}`).Err(); err != nil {
		t.Fatal(err)
	}
	receive(t, ran)
}
