package worker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

func TestWorker_SetsTheLimitsOfItsQueues(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	limits := zeroq.Limits{Rate: 2.5, Burst: 7, Concurrency: 3, MaxLength: 40}
	start(t, worker.Conf{Redis: redis, Pools: []worker.PoolConf{{Queues: []worker.QueueConf{
		{Name: "bounded", Limits: limits}, {Name: "free"},
	}}}}, handle("x", noop))
	b := look(t, redis)
	eventually(t, "the limits are set", func() bool {
		info, err := b.Queue(t.Context(), "bounded")
		return err == nil && info.Limits == limits
	})
	if info, err := b.Queue(t.Context(), "free"); err == nil && info.Limits != (zeroq.Limits{}) {
		t.Errorf("the other queue has %+v", info.Limits)
	}
}

func TestWorker_APolicyOfTheQueueHoldsThere(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	day := zeroq.RetryPolicy{Base: 24 * time.Hour, Max: 24 * time.Hour}
	start(t, worker.Conf{Redis: redis, Retry: zeroq.RetryPolicy{Base: 1, Max: 1}, Pools: []worker.PoolConf{{Queues: []worker.QueueConf{
		{Name: "slow", Retry: day}, {Name: "fast"},
	}}}}, handle("x", func(_ context.Context, task *zeroq.Task) error { return errors.New(task.Queue) }))
	slow, fast := zeroq.NewTask("x", nil, zeroq.Queue("slow")), zeroq.NewTask("x", nil, zeroq.Queue("fast"), zeroq.MaxAttempts(2))
	enqueue(t, redis, slow, fast)
	if info := finished(t, redis, fast.ID); info.State != zeroq.Dead {
		t.Errorf("it is %s", info.State)
	}
	b := look(t, redis)
	eventually(t, "the other waits a day", func() bool {
		info, err := b.Task(t.Context(), slow.ID, "")
		return err == nil && info.State == zeroq.Retry && time.Until(info.NextRunAt) > 23*time.Hour
	})
}
