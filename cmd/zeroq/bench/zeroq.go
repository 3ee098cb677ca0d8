package bench

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/contender"
	"github.com/zeroq-dev/zeroq/producer"
	"github.com/zeroq-dev/zeroq/worker"
)

// taskType is that of all tasks.
const taskType = "bench"

// ours is zeroq as other programs use it, with its defaults.
type ours struct {
	conf     zeroq.RedisConf
	producer *producer.Producer
	// broker is asked what is unfinished.
	broker *redisq.Broker
}

func openOurs(o contender.Order) (contender.System, error) {
	conf := zeroq.RedisConf{Addrs: []string{o.Redis}}
	p, err := producer.New(producer.Conf{Redis: conf})
	if err != nil {
		return nil, err
	}
	b, err := redisq.Open(conf)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return &ours{conf: conf, producer: p, broker: b}, nil
}

// Enqueue implements [contender.System].
func (s *ours) Enqueue(ctx context.Context, data [][]byte, delay time.Duration) error {
	tasks := make([]*zeroq.Task, len(data))
	for i, d := range data {
		tasks[i] = zeroq.NewTask(taskType, json.RawMessage(d), zeroq.Delay(delay))
	}
	return s.producer.Enqueue(ctx, tasks...)
}

// Work implements [contender.System].
func (s *ours) Work(concurrency int, handle func(data []byte)) (stop func() error, err error) {
	mux := zeroq.NewMux()
	mux.HandleFunc(taskType, func(_ context.Context, task *zeroq.Task) error {
		handle(task.Data)
		return nil
	})
	w, err := worker.New(worker.Conf{Redis: s.conf, Pools: []worker.PoolConf{{Concurrency: concurrency}}}, mux)
	if err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Start()
	}()
	return func() error {
		w.Stop()
		<-ended
		return nil
	}, nil
}

// Unfinished implements [contender.System].
func (s *ours) Unfinished(ctx context.Context) (int, error) {
	info, err := s.broker.Queue(ctx, zeroq.DefaultQueue)
	if errors.Is(err, zeroq.ErrNotFound) {
		return 0, nil
	}
	n := int64(0)
	for state, count := range info.Counts {
		if !state.Finished() {
			n += count
		}
	}
	return int(n), err
}

// Close implements [contender.System].
func (s *ours) Close() error { return errors.Join(s.producer.Close(), s.broker.Close()) }
