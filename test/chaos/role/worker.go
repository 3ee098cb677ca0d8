//go:build linux

package role

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/zeromicro/go-zero/core/proc"
	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/cron"
	"github.com/zeroq-dev/zeroq/internal/signals"
	"github.com/zeroq-dev/zeroq/internal/taskid"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/worker"
)

// keepAll is more tasks than any run has: what became of each is looked at in the end.
const (
	keepAll = 5_000_000
	keepFor = 24 * time.Hour
)

// soon is how long tasks wait that failed as they were told.
var soon = zeroq.RetryPolicy{Base: 100 * time.Millisecond, Max: time.Second, Jitter: 0.2}

// work is a worker as users embed it: in a service group of go-zero that SIGTERM ends.
func work(p plan.Plan) error {
	log, err := ledger.Open(p.Folder, p.Process)
	if err != nil {
		return err
	}
	defer log.Close()
	conf := workerConf(p)
	shutdown := conf.NeededShutdown()
	signals.Hold(shutdown.WaitTime)
	proc.Setup(shutdown)
	conf.Shutdown = shutdown
	w, err := worker.New(conf, handlers(p, log))
	if err != nil {
		return err
	}
	group := service.NewServiceGroup()
	w.AddTo(group)
	log.Add(ledger.Record{Kind: ledger.Up, Key: uint64(time.Now().Unix())})
	group.Start()
	group.Stop()
	log.Add(ledger.Record{Kind: ledger.Down})
	return nil
}

func workerConf(p plan.Plan) worker.Conf {
	mode := "at-least-once"
	if p.Work.Once {
		mode = "at-most-once"
	}
	queue := worker.QueueConf{Name: p.Queue, Mode: mode, Retention: keepFor}
	conf := worker.Conf{
		Redis: zeroq.RedisConf{Addrs: []string{p.Redis}},
		Lease: p.Work.Lease, Drain: p.Work.Drain, Retry: soon,
		MaxFinished: keepAll, MaxDead: keepAll,
	}
	if p.Broker != nil {
		conf.Brokers, queue.Broker = []zeroq.BrokerConf{*p.Broker}, p.Broker.Name
	}
	conf.Pools = []worker.PoolConf{{Concurrency: p.Work.Concurrency, Queues: []worker.QueueConf{queue}}}
	return conf
}

func handlers(p plan.Plan, log *ledger.Log) *zeroq.Mux {
	mux := zeroq.NewMux()
	if p.Work.Blind {
		mux.HandleFunc("another", func(context.Context, *zeroq.Task) error { return nil })
		return mux
	}
	doer := deed.Doer{Log: log, Folder: p.Folder}
	if p.Work.Places {
		doer.Pass = passTo(p.Redis)
	}
	mux.HandleFunc(Type, func(ctx context.Context, task *zeroq.Task) error {
		var d deed.Deed
		if err := json.Unmarshal(task.Data, &d); err != nil {
			return zeroq.Permanent(err)
		}
		err := doer.Do(ctx, d, task.Attempt)
		if errors.Is(err, deed.ErrHopeless) {
			return zeroq.Permanent(err)
		}
		return err
	})
	mux.HandleFunc(TickType, func(ctx context.Context, task *zeroq.Task) error {
		d, err := tick(task)
		if err != nil {
			return zeroq.Permanent(err)
		}
		return doer.Do(ctx, d, task.Attempt)
	})
	return mux
}

// tick is the deed of a task that a schedule enqueued. Its number is that of its id, its key the time
// and, as ms, the number in the schedule's name: times are whole seconds.
func tick(task *zeroq.Task) (deed.Deed, error) {
	_, _, n, ok := taskid.Parse(task.ID)
	at, err := time.Parse(time.RFC3339, task.Headers[cron.HeaderTime])
	index, wrong := strconv.Atoi(strings.TrimPrefix(task.Headers[cron.HeaderName], plan.ScheduleName))
	if err := errors.Join(err, wrong); err != nil || !ok {
		return deed.Deed{}, fmt.Errorf("task %s is no tick: %w", task.ID, err)
	}
	return deed.Deed{N: n + 1, Key: plan.Tick(at, index)}, nil
}

// passTo tells of places by an ECHO on the way to Redis that all else of the process takes. It
// does not matter whether Redis answers.
func passTo(addr string) func(context.Context, string) {
	client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	return func(_ context.Context, place string) {
		_ = client.Echo(context.Background(), place).Err()
	}
}
