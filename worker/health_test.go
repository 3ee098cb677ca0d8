package worker_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

func TestNew_RefusesARedisThatEvictsTasks(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t, "--maxmemory-policy", "allkeys-lru", "--appendonly", "no")
	if _, err := worker.New(worker.Conf{Redis: server.Conf()}, zeroq.NewMux()); !errors.Is(err, zeroq.ErrUnsafeStore) {
		t.Errorf("%v", err)
	}
}

func TestNew_RefusesDataOfANewerFormat(t *testing.T) {
	t.Parallel()
	redis, client := redistest.New(t)
	if err := client.Set(t.Context(), "zq:{mail}:v", 2, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := worker.New(worker.Conf{Redis: redis, Pools: queues("default", "mail")}, zeroq.NewMux()); !errors.Is(err, zeroq.ErrFormat) {
		t.Errorf("%v", err)
	}
	w, err := worker.New(worker.Conf{Redis: redis}, zeroq.NewMux()) // has no business with that queue
	if err != nil {
		t.Fatal(err)
	}
	w.Stop()
}

func TestNew_RefusesAPasswordThatIsWrong(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t, "--appendonly", "no")
	if err := server.Client().ConfigSet(t.Context(), "requirepass", "secret").Err(); err != nil {
		t.Fatal(err)
	}
	redis := server.Conf()
	for password, ok := range map[string]bool{"": false, "wrong": false, "secret": true} {
		redis.Password = password
		w, err := worker.New(worker.Conf{Redis: redis}, zeroq.NewMux())
		if (err == nil) != ok {
			t.Errorf("password %q: %v", password, err)
		}
		if err == nil {
			w.Stop()
		}
	}
}

func TestNew_WaitsForARedisThatIsFull(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t, "--appendonly", "no")
	client := server.Client()
	if err := client.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	ran := make(chan struct{}, 1)
	start(t, worker.Conf{Redis: server.Conf()}, handle("x", func(context.Context, *zeroq.Task) error {
		ran <- struct{}{}
		return nil
	}))
	if err := client.ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	enqueue(t, server.Conf(), zeroq.NewTask("x", nil))
	receive(t, ran)
}

func TestWorker_DoesNotStartWithAnUnsafeRedisThatCameLate(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t, "--maxmemory-policy", "allkeys-lru")
	server.Stop()
	ran := make(chan struct{}, 1)
	w := start(t, worker.Conf{Redis: server.Conf()}, handle("x", func(context.Context, *zeroq.Task) error {
		ran <- struct{}{}
		return nil
	}))
	server.Restart()
	if err := server.Client().LPush(t.Context(), "zq:{default}:ready", `{"type":"x"}`).Err(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ran:
		t.Error("a task ran")
	case <-time.After(2 * time.Second): // it looks every second
	}
	if w.Ready() == nil {
		t.Error("the worker calls itself ready")
	}
}

// It takes ten seconds, after which a silent worker is not ready any more.
func TestReady_FollowsTheFetches(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	server.Stop()
	w := start(t, worker.Conf{Redis: server.Conf()}, handle("x", noop))
	if w.Ready() == nil {
		t.Error("ready before Redis was ever there")
	}
	server.Restart()
	eventually(t, "ready with Redis", func() bool { return w.Ready() == nil })
	server.Kill()
	if err := w.Ready(); err != nil {
		t.Errorf("not ready at the first hiccup: %v", err)
	}
	eventually(t, "not ready without Redis", func() bool { return w.Ready() != nil })
	server.Restart()
	eventually(t, "ready again", func() bool { return w.Ready() == nil })
}

// It takes ten seconds too.
func TestReady_NamesTheQueueThatCannotBeFetchedFrom(t *testing.T) {
	t.Parallel()
	redis, client := redistest.New(t)
	w := start(t, worker.Conf{Redis: redis, Pools: queues("well", "sick")}, handle("x", noop))
	eventually(t, "ready", func() bool { return w.Ready() == nil })
	if err := client.Set(t.Context(), "zq:{sick}:ready", "not a list", 0).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "not ready", func() bool { return w.Ready() != nil })
	if text := w.Ready().Error(); !strings.Contains(text, "pool well: queue sick: ") || !strings.Contains(text, "WRONGTYPE") {
		t.Errorf("Ready answers %s", text)
	}
	task := zeroq.NewTask("x", nil, zeroq.Queue("well"))
	enqueue(t, redis, task)
	finished(t, redis, task.ID) // the other queue is served
	if err := client.Del(t.Context(), "zq:{sick}:ready").Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ready again", func() bool { return w.Ready() == nil })
}

func TestReady_AFullPoolIsReady(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	running := make(chan struct{})
	w := start(t, worker.Conf{Redis: redis, Pools: queues("default"), Drain: time.Millisecond}, handle("x", func(ctx context.Context, _ *zeroq.Task) error {
		close(running)
		<-ctx.Done()
		return ctx.Err()
	}))
	enqueue(t, redis, zeroq.NewTask("x", nil))
	receive(t, running)
	if err := w.Ready(); err != nil {
		t.Error(err)
	}
}

func TestWorkers_ListsWhoRunsWhat(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	w := start(t, worker.Conf{Redis: redis, Lease: time.Second, Pools: queues("a", "b")}, handle("x", func(ctx context.Context, _ *zeroq.Task) error {
		<-ctx.Done()
		return ctx.Err()
	}))
	task := zeroq.NewTask("x", nil, zeroq.Queue("b"))
	enqueue(t, redis, task)
	b := look(t, redis)
	eventually(t, "the task is listed", func() bool {
		workers, err := b.Workers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(workers) == 1 && len(workers[0].Running) == 1
	})
	workers, err := b.Workers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	info := workers[0]
	if info.ID != w.ID() || info.Slots != 1 || len(info.Queues) != 2 || info.PID == 0 || info.Host == "" || info.StartedAt.IsZero() {
		t.Errorf("%+v", info)
	}
	if running := info.Running[0]; running.ID != task.ID || running.Queue != "b" || running.Type != "x" || running.Attempt != 1 || running.StartedAt.IsZero() || running.Stuck {
		t.Errorf("%+v", running)
	}
	w.Stop()
	if workers, err := b.Workers(t.Context()); err != nil || len(workers) != 0 {
		t.Errorf("after its end: %+v, %v", workers, err)
	}
}

func TestServices_MayBeStoppedInAnyOrderAndAnyNumberOfTimes(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	enqueue(t, redis, zeroq.NewTask("x", nil))
	for name, drive := range map[string]func(w *worker.Worker){
		"stop before start": func(w *worker.Worker) { w.Stop(); w.Start(); w.Stop() },
		"stop at the start": func(w *worker.Worker) {
			var calls sync.WaitGroup
			calls.Go(w.Start)
			calls.Go(w.Stop)
			calls.Go(w.Stop)
			calls.Wait()
		},
		"a group": func(w *worker.Worker) {
			group := service.NewServiceGroup()
			w.AddTo(group)
			var run sync.WaitGroup
			run.Go(func() {
				for _, s := range w.Services() { // as the group does, without its listener on signals
					run.Go(s.Start)
				}
			})
			group.Stop()
			run.Wait()
			group.Stop()
		},
		"only some parts started": func(w *worker.Worker) {
			services := w.Services()
			go services[len(services)-1].Start() // the announcer waits for the pools
			w.Stop()
		},
	} {
		w, err := worker.New(worker.Conf{Redis: redis, Drain: time.Second}, handle("x", noop))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			drive(w)
		}()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatalf("%s: it hangs", name)
		}
	}
}

func TestStop_IsQuickWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	running := make(chan struct{})
	w := start(t, worker.Conf{Redis: server.Conf(), Drain: time.Second}, handle("x", func(ctx context.Context, _ *zeroq.Task) error {
		close(running)
		<-ctx.Done()
		return ctx.Err()
	}))
	enqueue(t, server.Conf(), zeroq.NewTask("x", nil))
	receive(t, running)
	server.Kill()
	began := time.Now()
	w.Stop()
	// Its drain, a second for the handler, five to settle in vain, and a few to leave.
	if took := time.Since(began); took > 12*time.Second {
		t.Errorf("stopping took %v", took)
	}
}
