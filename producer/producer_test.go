package producer_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/producer"
)

func TestMain(m *testing.M) {
	logx.Disable()
	logging.Disable()
	os.Exit(redistest.Main(m, redistest.GoZero...))
}

func open(t *testing.T, conf producer.Conf, middleware ...zeroq.EnqueueMiddleware) *producer.Producer {
	t.Helper()
	p, err := producer.New(conf, middleware...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// count returns how many tasks of a queue are in a state.
func count(t *testing.T, conf zeroq.RedisConf, queue string, state zeroq.State) int64 {
	t.Helper()
	b, err := redisq.Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	info, err := b.Queue(t.Context(), queue)
	if err != nil && !errors.Is(err, zeroq.ErrNotFound) {
		t.Fatal(err)
	}
	return info.Counts[state]
}

func TestEnqueue_SetsWhatTheQueueDecides(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	p := open(t, producer.Conf{Redis: redis})
	task := zeroq.NewTask("x", []int{1})
	if err := p.Enqueue(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(task.ID, "default~") || task.Queue != "default" || time.Since(task.EnqueuedAt).Abs() > time.Minute {
		t.Errorf("%+v", task)
	}
	if task.MaxAttempts != 0 || task.Timeout != 0 || task.Attempt != 0 {
		t.Errorf("what the caller left to the defaults is filled in: %+v", task)
	}
	if n := count(t, redis, "default", zeroq.Ready); n != 1 {
		t.Errorf("%d tasks are ready", n)
	}
	if err := p.Enqueue(t.Context()); err != nil {
		t.Errorf("no task: %v", err)
	}
}

func TestEnqueue_ClosedQueuesTakeNothingElse(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	p := open(t, producer.Conf{Redis: redis, Queues: []string{"mail", "default"}})
	for queue, want := range map[string]error{"": nil, "default": nil, "mail": nil, "mails": zeroq.ErrUnknownQueue} {
		task := zeroq.NewTask("x", nil, zeroq.Queue(queue))
		if err := p.Enqueue(t.Context(), task); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("queue %q: %v", queue, err)
		}
	}
	if n := count(t, redis, "mails", zeroq.Ready); n != 0 {
		t.Errorf("%d tasks are in the unknown queue", n)
	}
	narrow := open(t, producer.Conf{Redis: redis, Queues: []string{"mail"}})
	if err := narrow.Enqueue(t.Context(), zeroq.NewTask("x", nil)); !errors.Is(err, zeroq.ErrUnknownQueue) {
		t.Errorf("the default queue is not listed, and takes a task: %v", err)
	}
}

func TestEnqueue_OfSeveralTasksTheGoodOnesAreIn(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	p := open(t, producer.Conf{Redis: redis, Queues: []string{"a", "b"}})
	first := zeroq.NewTask("x", nil, zeroq.Queue("a"), zeroq.ID("one"))
	if err := p.Enqueue(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	tasks := []*zeroq.Task{
		zeroq.NewTask("x", nil, zeroq.Queue("a")),
		zeroq.NewTask("no type", nil, zeroq.Queue("a")),
		zeroq.NewTask("x", nil, zeroq.Queue("c")),
		zeroq.NewTask("x", nil, zeroq.Queue("a"), zeroq.ID("one")),
		zeroq.NewTask("x", nil, zeroq.Queue("b"), zeroq.ID("one")),
		zeroq.NewTask("x", make(chan int), zeroq.Queue("a")),
	}
	err := p.Enqueue(t.Context(), tasks...)
	var batch *zeroq.BatchError
	if !errors.As(err, &batch) || len(batch.Errors) != len(tasks) {
		t.Fatalf("%v", err)
	}
	for i, want := range []error{nil, zeroq.ErrInvalidTask, zeroq.ErrUnknownQueue, zeroq.ErrDuplicateID, nil, zeroq.ErrInvalidTask} {
		if got := batch.Errors[i]; !errors.Is(got, want) {
			t.Errorf("task %d: %v, want %v", i, got, want)
		}
		if in := !tasks[i].EnqueuedAt.IsZero(); in != (want == nil) {
			t.Errorf("task %d: enqueued at %v", i, tasks[i].EnqueuedAt)
		}
	}
	if a, b := count(t, redis, "a", zeroq.Ready), count(t, redis, "b", zeroq.Ready); a != 2 || b != 1 {
		t.Errorf("%d tasks in a, %d in b", a, b)
	}
}

func TestEnqueue_LeavesARefusedTaskAsItWas(t *testing.T) {
	t.Parallel()
	down := zeroq.RedisConf{Addrs: []string{"/nowhere/redis.sock"}}
	p := open(t, producer.Conf{Redis: down})
	for _, options := range [][]zeroq.Option{{}, {zeroq.ID("mine")}, {zeroq.Delay(time.Hour)}, {zeroq.Queue("Bad")}} {
		task := zeroq.NewTask("x", nil, options...)
		was := *task
		if err := p.Enqueue(t.Context(), task); err == nil {
			t.Error("no error without Redis")
		}
		if task.ID != was.ID || task.Queue != was.Queue || task.Delay != was.Delay || !task.EnqueuedAt.IsZero() || !task.RunAt.IsZero() || task.MaxAttempts != 0 {
			t.Errorf("%+v, it was %+v", task, was)
		}
	}
}

func TestEnqueue_ATaskThatIsInAlreadyIsADuplicate(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	p := open(t, producer.Conf{Redis: redis})
	for _, task := range []*zeroq.Task{zeroq.NewTask("x", nil), zeroq.NewTask("x", nil, zeroq.ID("mine"))} {
		if err := p.Enqueue(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		was := *task
		if err := p.Enqueue(t.Context(), task); !errors.Is(err, zeroq.ErrDuplicateID) {
			t.Errorf("the second time: %v", err)
		}
		if task.ID != was.ID || task.EnqueuedAt != was.EnqueuedAt {
			t.Errorf("%+v, it was %+v", task, was)
		}
	}
	if n := count(t, redis, "default", zeroq.Ready); n != 2 {
		t.Errorf("%d tasks are ready, want 2", n)
	}
	forged := zeroq.NewTask("x", nil, zeroq.ID("default~0~0000000001"))
	if err := p.Enqueue(t.Context(), forged); !errors.Is(err, zeroq.ErrInvalidTask) {
		t.Errorf("an id that only a queue may assign: %v", err)
	}
}

func TestEnqueue_MiddlewareWrapsItTheFirstOutermost(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	var seen []string
	see := func(name string) zeroq.EnqueueMiddleware {
		return func(next zeroq.Enqueuer) zeroq.Enqueuer {
			return zeroq.EnqueueFunc(func(ctx context.Context, tasks ...*zeroq.Task) error {
				seen = append(seen, name)
				tasks[0].Headers = map[string]string{"by": name}
				err := next.Enqueue(ctx, tasks...)
				seen = append(seen, "after "+name)
				return err
			})
		}
	}
	p := open(t, producer.Conf{Redis: redis}, see("outer"), see("inner"))
	task := zeroq.NewTask("x", nil)
	if err := p.Enqueue(t.Context(), task); err != nil || task.Headers["by"] != "inner" {
		t.Errorf("%v, %+v", err, task)
	}
	if want := []string{"outer", "inner", "after inner", "after outer"}; !slices.Equal(seen, want) {
		t.Errorf("seen %q", seen)
	}
}

func TestEnqueue_SaysInBoundedTimeThatRedisIsAway(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	p := open(t, producer.Conf{Redis: server.Conf()})
	if err := p.Enqueue(t.Context(), zeroq.NewTask("x", nil)); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	began := time.Now()
	if err := p.Enqueue(t.Context(), zeroq.NewTask("x", nil)); !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	server.Restart()
	if err := p.Enqueue(t.Context(), zeroq.NewTask("x", nil)); err != nil {
		t.Errorf("Redis is back, and the answer is %v", err)
	}
}

func TestEnqueue_SaysThatRedisIsFull(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t, "--appendonly", "no", "--maxmemory", "8mb")
	p := open(t, producer.Conf{Redis: server.Conf()})
	large := strings.Repeat("x", 500_000)
	for range 100 {
		task := zeroq.NewTask("x", large)
		err := p.Enqueue(t.Context(), task)
		if errors.Is(err, zeroq.ErrStoreFull) {
			if task.ID != "" {
				t.Errorf("%+v", task)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Error("50 MB fit into 8")
}

func TestEnqueue_ManyAtOnce(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	p := open(t, producer.Conf{Redis: redis})
	var callers sync.WaitGroup
	var mu sync.Mutex
	ids := make(map[string]bool)
	for range 32 {
		callers.Go(func() {
			for range 20 {
				task := zeroq.NewTask("x", nil)
				if err := p.Enqueue(t.Context(), task); err != nil {
					t.Error(err)
				}
				mu.Lock()
				ids[task.ID] = true
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	if n := count(t, redis, "default", zeroq.Ready); n != 640 || len(ids) != 640 {
		t.Errorf("%d tasks are ready, of %d ids", n, len(ids))
	}
}

func TestNew_NamesTheMistakeByItsKey(t *testing.T) {
	t.Parallel()
	for want, conf := range map[string]producer.Conf{
		"Queues: \"Bad\"": {Redis: zeroq.RedisConf{Addrs: []string{"a:1"}}, Queues: []string{"good", "Bad"}},
		"Redis.Addrs:":    {Redis: zeroq.RedisConf{Addrs: []string{"a:1", "b:1"}}},
		"Redis.TLS.CAFile": {Redis: zeroq.RedisConf{Addrs: []string{"a:1"},
			TLS: zeroq.TLSConf{Enabled: true, CAFile: "/nowhere"}}},
	} {
		if _, err := producer.New(conf); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
