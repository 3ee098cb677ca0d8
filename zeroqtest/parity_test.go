package zeroqtest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/producer"
	"github.com/zeroq-dev/zeroq/worker"
	"github.com/zeroq-dev/zeroq/zeroqtest"
)

// scenario is what must come out alike in memory and on Redis.
type scenario struct {
	name   string
	mode   string
	policy []zeroq.RouteOption // of the type
	// handler is that of every type.
	handler func(h hands) zeroq.HandlerFunc
	// tasks are enqueued one after the other; now is the time of the queue.
	tasks func(now time.Time) []*zeroq.Task
	// pause is how long it is until a worker starts.
	pause time.Duration
	// cancelled: the first task is called off before a worker starts.
	cancelled bool
	// errs are what the enqueues answer; nil if all are accepted.
	errs []error
	// ends are what becomes of the tasks that are accepted.
	ends []end
}

// hands are what a handler can do to the queues.
type hands interface {
	zeroq.Enqueuer
	Cancel(id string) (zeroq.State, error)
}

// onRedis are hands on the real thing.
type onRedis struct {
	*producer.Producer
	broker *redisq.Broker
}

func (h onRedis) Cancel(id string) (zeroq.State, error) {
	return h.broker.Cancel(context.Background(), id, "")
}

// end is what became of a task.
type end struct {
	state   zeroq.State
	attempt int
	errors  int // that the task carries
	result  string
}

func (e end) String() string {
	return fmt.Sprintf("%s at attempt %d with %d errors and result %q", e.state, e.attempt, e.errors, e.result)
}

func endOf(info *zeroq.TaskInfo) end {
	return end{info.State, info.Attempt, len(info.Errors), string(info.Result)}
}

// fast is a policy that a real worker need not wait for.
var fast = zeroq.RetryPolicy{Base: 10 * time.Millisecond, Max: 10 * time.Millisecond}

func always(err error) func(hands) zeroq.HandlerFunc {
	return func(hands) zeroq.HandlerFunc { return answers(err) }
}

// failsUntil answers err before an attempt, and from then on nil, with the number of the attempt.
func failsUntil(good int, err error) func(hands) zeroq.HandlerFunc {
	return func(hands) zeroq.HandlerFunc {
		return func(ctx context.Context, task *zeroq.Task) error {
			if task.Attempt < good {
				return err
			}
			return zeroq.SetResult(ctx, task.Attempt)
		}
	}
}

// calledOff calls its own task off, and answers err once it is told so.
func calledOff(err error) func(hands) zeroq.HandlerFunc {
	return func(h hands) zeroq.HandlerFunc {
		return func(ctx context.Context, task *zeroq.Task) error {
			if state, err := h.Cancel(task.ID); state != zeroq.Leased || err != nil {
				return zeroq.Permanent(fmt.Errorf("it is %s: %w", state, err))
			}
			<-ctx.Done()
			return err
		}
	}
}

func one(options ...zeroq.Option) func(time.Time) []*zeroq.Task {
	return func(time.Time) []*zeroq.Task { return []*zeroq.Task{zeroq.NewTask("x", nil, options...)} }
}

func several(tasks ...*zeroq.Task) func(time.Time) []*zeroq.Task {
	return func(time.Time) []*zeroq.Task {
		own := make([]*zeroq.Task, len(tasks))
		for i, task := range tasks {
			copied := *task
			own[i] = &copied
		}
		return own
	}
}

var scenarios = []scenario{
	{name: "a success", handler: failsUntil(1, nil), tasks: one(), ends: []end{{zeroq.Succeeded, 1, 0, "1"}}},
	{name: "a failure, then a success", handler: failsUntil(3, errFails), tasks: one(), ends: []end{{zeroq.Succeeded, 3, 2, "3"}}},
	{name: "attempts used up", handler: always(errFails), tasks: one(zeroq.MaxAttempts(7)), ends: []end{{zeroq.Dead, 7, 5, ""}}},
	{name: "a permanent error", handler: always(zeroq.Permanent(errFails)), tasks: one(), ends: []end{{zeroq.Dead, 1, 1, ""}}},
	{name: "its own delay", handler: failsUntil(2, zeroq.RetryAfter(0, errFails)), tasks: one(), ends: []end{{zeroq.Succeeded, 2, 1, "2"}}},
	{name: "a policy of the type", handler: always(errFails), tasks: one(),
		policy: []zeroq.RouteOption{zeroq.WithRetry(zeroq.RetryPolicy{Base: 24 * time.Hour, Max: 24 * time.Hour})}, ends: []end{{zeroq.Retry, 1, 1, ""}}},
	{name: "a panic", handler: func(hands) zeroq.HandlerFunc {
		return func(context.Context, *zeroq.Task) error { panic("boom") }
	}, tasks: one(zeroq.MaxAttempts(2)), ends: []end{{zeroq.Dead, 2, 2, ""}}},
	{name: "an error where nothing starts twice", mode: "at-most-once", handler: always(errFails), tasks: one(), ends: []end{{zeroq.Dead, 1, 1, ""}}},
	{name: "a snooze where nothing starts twice", mode: "at-most-once", handler: always(zeroq.Snooze(0)), tasks: one(), ends: []end{{zeroq.Dead, 1, 1, ""}}},
	{name: "a snooze", handler: always(zeroq.Snooze(24 * time.Hour)), tasks: one(zeroq.MaxAttempts(1)), ends: []end{{zeroq.Retry, 1, 0, ""}}},
	{name: "a snooze past the deadline", handler: always(zeroq.Snooze(24 * time.Hour)), tasks: func(now time.Time) []*zeroq.Task {
		return one(zeroq.Deadline(now.Add(time.Hour)))(now)
	}, ends: []end{{zeroq.Dead, 1, 1, ""}}},
	{name: "a retry past the deadline", handler: always(zeroq.RetryAfter(2*time.Hour, errFails)), tasks: func(now time.Time) []*zeroq.Task {
		return one(zeroq.Deadline(now.Add(time.Hour)))(now)
	}, ends: []end{{zeroq.Dead, 1, 1, ""}}},
	{name: "the deadline before the start", handler: always(nil), pause: 200 * time.Millisecond, tasks: func(now time.Time) []*zeroq.Task {
		return one(zeroq.Deadline(now.Add(50 * time.Millisecond)))(now)
	}, ends: []end{{zeroq.Dead, 0, 1, ""}}},
	{name: "the expiry before the start", handler: always(nil), pause: 200 * time.Millisecond, tasks: func(now time.Time) []*zeroq.Task {
		return one(zeroq.ExpiresAt(now.Add(50 * time.Millisecond)))(now)
	}, ends: []end{{zeroq.Expired, 0, 0, ""}}},
	{name: "the expiry after the start", handler: func(hands) zeroq.HandlerFunc {
		return func(_ context.Context, task *zeroq.Task) error {
			if !task.ExpiresAt.IsZero() {
				return zeroq.Snooze(time.Until(task.ExpiresAt) + 50*time.Millisecond) // started once, it cannot expire
			}
			return nil
		}
	}, tasks: func(time.Time) []*zeroq.Task { return one(zeroq.ExpiresAt(time.Now().Add(time.Second)))(time.Time{}) },
		ends: []end{{zeroq.Succeeded, 1, 0, ""}}},
	{name: "a delay", handler: always(nil), tasks: several(zeroq.NewTask("x", nil, zeroq.Delay(20*time.Millisecond)), zeroq.NewTask("x", nil, zeroq.Delay(1))),
		ends: []end{{zeroq.Succeeded, 1, 0, ""}, {zeroq.Succeeded, 1, 0, ""}}},
	{name: "an id that is known", handler: always(nil), tasks: several(zeroq.NewTask("x", nil, zeroq.ID("mine")), zeroq.NewTask("x", nil, zeroq.ID("mine")), zeroq.NewTask("x", nil, zeroq.ID("other"))),
		errs: []error{nil, zeroq.ErrDuplicateID, nil}, ends: []end{{zeroq.Succeeded, 1, 0, ""}, {zeroq.Succeeded, 1, 0, ""}}},
	{name: "what no queue takes", handler: always(nil), tasks: several(
		zeroq.NewTask("no type", nil), zeroq.NewTask("x", nil, zeroq.Timeout(1)), zeroq.NewTask("x", nil, zeroq.ID("a~b")),
		&zeroq.Task{Type: "x", Data: []byte(`{"a":1,"a":2}`)}),
		errs: []error{zeroq.ErrInvalidTask, zeroq.ErrInvalidTask, zeroq.ErrInvalidTask, zeroq.ErrInvalidTask}},
	{name: "a task that makes a task", handler: func(h hands) zeroq.HandlerFunc {
		return func(ctx context.Context, task *zeroq.Task) error {
			if task.ID == "child" {
				return zeroq.Permanent(errFails)
			}
			return h.Enqueue(ctx, zeroq.NewTask("x", nil, zeroq.ID("child")))
		}
	}, tasks: several(zeroq.NewTask("x", nil, zeroq.ID("parent"))), ends: []end{{zeroq.Succeeded, 1, 0, ""}}},

	{name: "called off before the start", cancelled: true, handler: always(nil), tasks: one(), ends: []end{{zeroq.Cancelled, 0, 0, ""}}},
	{name: "called off while it waits for its time", cancelled: true, handler: always(nil), tasks: one(zeroq.Delay(time.Hour)),
		ends: []end{{zeroq.Cancelled, 0, 0, ""}}},
	{name: "called off while it runs", handler: calledOff(errFails), tasks: one(), ends: []end{{zeroq.Cancelled, 1, 0, ""}}},
	{name: "called off in its last attempt", handler: calledOff(errFails), tasks: one(zeroq.MaxAttempts(1)), ends: []end{{zeroq.Cancelled, 1, 0, ""}}},
	{name: "called off too late", handler: calledOff(nil), tasks: one(), ends: []end{{zeroq.Succeeded, 1, 0, ""}}},
	{name: "a unique key of what is called off", cancelled: true, handler: func(h hands) zeroq.HandlerFunc {
		return func(ctx context.Context, task *zeroq.Task) error {
			return h.Enqueue(ctx, zeroq.NewTask("x", nil, zeroq.UniqueKey("k", "")))
		}
	}, tasks: several(zeroq.NewTask("x", nil, zeroq.UniqueFor("k", time.Hour)), zeroq.NewTask("x", nil, zeroq.MaxAttempts(1))),
		ends: []end{{zeroq.Cancelled, 0, 0, ""}, {zeroq.Succeeded, 1, 0, ""}}},
	{name: "a unique key until the start", handler: always(errFails), tasks: several(
		zeroq.NewTask("x", nil, zeroq.UniqueKey("k", zeroq.UntilStarted), zeroq.MaxAttempts(1)), zeroq.NewTask("x", nil, zeroq.UniqueKey("k", zeroq.UntilStarted))),
		errs: []error{nil, zeroq.ErrDuplicate}, ends: []end{{zeroq.Dead, 1, 1, ""}}},
	{name: "a unique key until the end", handler: always(nil), tasks: several(
		zeroq.NewTask("x", nil, zeroq.UniqueKey("k", "")), zeroq.NewTask("x", nil, zeroq.UniqueKey("k", zeroq.UntilFinished)),
		zeroq.NewTask("x", nil, zeroq.UniqueKey("other", zeroq.UntilFinished))),
		errs: []error{nil, zeroq.ErrDuplicate, nil}, ends: []end{{zeroq.Succeeded, 1, 0, ""}, {zeroq.Succeeded, 1, 0, ""}}},
	{name: "a unique key for a time", handler: always(nil), tasks: several(
		zeroq.NewTask("x", nil, zeroq.UniqueFor("k", time.Hour)), zeroq.NewTask("x", nil, zeroq.UniqueFor("k", time.Hour))),
		errs: []error{nil, zeroq.ErrDuplicate}, ends: []end{{zeroq.Succeeded, 1, 0, ""}}},
	{name: "a debounced task", handler: func(hands) zeroq.HandlerFunc {
		return func(ctx context.Context, task *zeroq.Task) error { return zeroq.SetResult(ctx, task.Data) }
	}, tasks: several(
		zeroq.NewTask("x", 1, zeroq.UniqueKey("k", zeroq.Debounce), zeroq.Delay(300*time.Millisecond)),
		zeroq.NewTask("x", 2, zeroq.UniqueKey("k", zeroq.Debounce), zeroq.Delay(300*time.Millisecond)),
		zeroq.NewTask("x", 3, zeroq.UniqueKey("k", zeroq.UntilFinished))),
		errs: []error{nil, nil, zeroq.ErrDuplicate}, ends: []end{{zeroq.Succeeded, 1, 0, "2"}, {zeroq.Succeeded, 1, 0, "2"}}},
}

func TestParity_InMemory(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			options := []zeroqtest.Option{zeroqtest.Retry(fast)}
			if s.mode != "" {
				options = append(options, zeroqtest.AtMostOnce())
			}
			mux := zeroq.NewMux()
			q := zeroqtest.New(t, mux, options...)
			mux.HandleFunc("*", s.handler(q), s.policy...)
			ids := s.enqueue(t, q, q.Now())
			q.Advance(s.pause)
			for end := q.Now().Add(time.Hour); q.Now().Before(end); q.Advance(time.Minute) {
				q.RunReady(t.Context())
			}
			for i, id := range ids {
				if got := endOf(q.Task(id)); got != s.ends[i] {
					t.Errorf("task %d is %v, want %v", i, got, s.ends[i])
				}
			}
		})
	}
}

func TestParity_OnRedis(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			redis, _ := redistest.New(t)
			p, err := producer.New(producer.Conf{Redis: redis})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			b, err := redisq.Open(redis)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			h := onRedis{p, b}
			ids := s.enqueue(t, h, time.Now())
			<-time.After(s.pause)
			s.work(t, redis, h)
			for i, id := range ids {
				s.await(t, b, i, id)
			}
		})
	}
}

// enqueue enqueues the tasks of the scenario and returns the ids of those that are accepted.
func (s scenario) enqueue(t *testing.T, h hands, now time.Time) (ids []string) {
	t.Helper()
	for i, task := range s.tasks(now) {
		var want error
		if s.errs != nil {
			want = s.errs[i]
		}
		err := h.Enqueue(t.Context(), task)
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Fatalf("task %d: %v, want %v", i, err, want)
		}
		if err == nil {
			ids = append(ids, task.ID)
		}
	}
	if s.cancelled {
		if state, err := h.Cancel(ids[0]); state != zeroq.Cancelled || err != nil {
			t.Fatalf("called off, it is %s: %v", state, err)
		}
	}
	return ids
}

// work runs a worker for the scenario until the test ends.
func (s scenario) work(t *testing.T, redis zeroq.RedisConf, h hands) {
	t.Helper()
	mux := zeroq.NewMux()
	mux.HandleFunc("*", s.handler(h), s.policy...)
	w, err := worker.New(worker.Conf{
		Redis: redis, Retry: fast, Drain: time.Second,
		Pools: []worker.PoolConf{{Queues: []worker.QueueConf{{Name: zeroq.DefaultQueue, Mode: s.mode}}}},
	}, mux)
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
}

// await waits until a task has come to its end.
func (s scenario) await(t *testing.T, b *redisq.Broker, i int, id string) {
	t.Helper()
	late := time.After(15 * time.Second)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		info, err := b.Task(t.Context(), id, "")
		if err != nil {
			t.Fatal(err)
		}
		got := endOf(info)
		if got == s.ends[i] {
			return
		}
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("task %d is %v, want %v", i, got, s.ends[i])
		}
	}
}
