package worker_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/producer"
	"github.com/zeroq-dev/zeroq/worker"
)

func TestMain(m *testing.M) {
	logx.Disable()
	logging.Disable()
	if conf := os.Getenv(childEnv); conf != "" {
		runChild(conf)
		return
	}
	for name, value := range map[string]string{"ZEROQ_KAFKA_PASSWORD": "k-secret", "ZEROQ_RABBITMQ_PASSWORD": "r-secret"} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "32"); err != nil { // the tests wait more than they work
		panic(err)
	}
	os.Exit(redistest.Main(rabbittest.With(m), redistest.GoZero...))
}

// patience is how long a test waits for what should happen at once.
const patience = 15 * time.Second

// eventually waits until ok, and fails the test when that takes too long.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(patience)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

// receive takes a value from a channel.
func receive[T any](t *testing.T, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(patience):
		t.Fatalf("nothing came in %v", patience)
	}
	return value
}

// start runs a worker until the test ends.
func start(t *testing.T, conf worker.Conf, mux *zeroq.Mux, options ...worker.Option) *worker.Worker {
	t.Helper()
	if conf.Drain == 0 {
		conf.Drain = time.Second
	}
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

// newProducer makes a producer that is closed when the test ends.
func newProducer(t *testing.T, conf zeroq.RedisConf) *producer.Producer {
	t.Helper()
	p, err := producer.New(producer.Conf{Redis: conf})
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

// enqueue puts tasks on their queues, whether a worker is there or not.
func enqueue(t *testing.T, conf zeroq.RedisConf, tasks ...*zeroq.Task) {
	t.Helper()
	if err := newProducer(t, conf).Enqueue(t.Context(), tasks...); err != nil {
		t.Fatal(err)
	}
}

// look opens the broker for looking at it.
func look(t *testing.T, conf zeroq.RedisConf) *redisq.Broker {
	t.Helper()
	b, err := redisq.Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// finished waits until a task is finished.
func finished(t *testing.T, conf zeroq.RedisConf, id string) *zeroq.TaskInfo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	info, err := look(t, conf).WaitTask(ctx, id, "")
	if err != nil {
		t.Fatal(err)
	}
	if !info.State.Finished() {
		t.Fatalf("after %v task %s is %s", patience, id, info.State)
	}
	return info
}

func handle(typ string, handler zeroq.HandlerFunc) *zeroq.Mux {
	mux := zeroq.NewMux()
	mux.HandleFunc(typ, handler)
	return mux
}

// queues is a pool of one slot for the named queues, each with as much weight as its place.
func queues(names ...string) []worker.PoolConf {
	pool := worker.PoolConf{Concurrency: 1}
	for i, name := range names {
		pool.Queues = append(pool.Queues, worker.QueueConf{Name: name, Weight: i + 1})
	}
	return []worker.PoolConf{pool}
}
