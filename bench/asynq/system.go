package main

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq/internal/contender"
)

// taskType is that of all tasks.
const taskType = "bench"

// errBulk is why a call of many tasks fails.
var errBulk = errors.New("asynq enqueues one task a call")

// system is asynq with its defaults, but for its log, which would tell of every start and stop, and for as
// many connections as there are callers, or tasks at once: its default would have them wait for one.
type system struct {
	conn       asynq.RedisClientOpt
	keep, poll time.Duration
	role       string
	client     *asynq.Client
	// redis is asked what is unfinished.
	redis *redis.Client
}

func open(o contender.Order) (contender.System, error) {
	network := "tcp"
	if strings.HasPrefix(o.Redis, "/") {
		network = "unix"
	}
	conn := asynq.RedisClientOpt{Network: network, Addr: o.Redis, PoolSize: max(o.Callers, o.Concurrency, 10*runtime.GOMAXPROCS(0))}
	return &system{
		conn: conn, keep: o.Keep, poll: o.Poll, role: o.Role, client: asynq.NewClient(conn),
		redis: redis.NewClient(&redis.Options{Network: network, Addr: o.Redis}),
	}, nil
}

// Enqueue implements [contender.System].
func (s *system) Enqueue(ctx context.Context, data [][]byte, delay time.Duration) error {
	if len(data) != 1 {
		return errBulk
	}
	var options []asynq.Option
	if delay > 0 {
		options = append(options, asynq.ProcessIn(delay))
	}
	if s.keep > 0 {
		options = append(options, asynq.Retention(s.keep))
	}
	_, err := s.client.EnqueueContext(ctx, asynq.NewTask(taskType, data[0], options...))
	return err
}

// Work implements [contender.System].
func (s *system) Work(concurrency int, handle func(data []byte)) (stop func() error, err error) {
	server := asynq.NewServer(s.conn, asynq.Config{Concurrency: concurrency, TaskCheckInterval: s.poll, LogLevel: asynq.ErrorLevel})
	err = server.Start(asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
		handle(task.Payload())
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return func() error {
		if s.role == contender.Steady {
			server.Shutdown()
		} // else nothing is in flight: the process ends, and Shutdown would wait for the next look at the queue
		return nil
	}, nil
}

// Unfinished implements [contender.System]. asynq's own inspector would scan the queue for its memory.
func (s *system) Unfinished(ctx context.Context) (int, error) {
	pipe := s.redis.Pipeline()
	counts := []*redis.IntCmd{
		pipe.LLen(ctx, "asynq:{default}:pending"),
		pipe.LLen(ctx, "asynq:{default}:active"),
		pipe.ZCard(ctx, "asynq:{default}:scheduled"),
		pipe.ZCard(ctx, "asynq:{default}:retry"),
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, err
	}
	n := int64(0)
	for _, count := range counts {
		n += count.Val()
	}
	return int(n), nil
}

// Close implements [contender.System].
func (s *system) Close() error { return errors.Join(s.client.Close(), s.redis.Close()) }
