//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// How long a failed task waits: short, so that runs end soon.
const (
	firstDelay = 100 * time.Millisecond
	maxDelay   = time.Second
)

// work runs deeds until ctx ends, then drains.
func work(ctx context.Context, p plan.Plan, log *ledger.Log) error {
	doer := deed.Doer{Log: log, Folder: p.Folder}
	if p.Work.Places {
		client := placesClient(p.Redis)
		defer client.Close()
		doer.Pass = func(ctx context.Context, place string) { client.Echo(ctx, place) }
	}
	server := asynq.NewServer(connection(p.Redis), asynq.Config{
		Concurrency:     p.Work.Concurrency,
		ShutdownTimeout: p.Work.Drain,
		Queues:          map[string]int{p.Queue: 1},
		RetryDelayFunc:  soon,
	})
	log.Add(ledger.Record{Kind: ledger.Up})
	if err := server.Start(handler{doer}); err != nil {
		return err
	}
	<-ctx.Done()
	server.Shutdown()
	log.Add(ledger.Record{Kind: ledger.Down})
	return nil
}

// placesClient tells Redis of places. It does not retry: each place is passed once.
func placesClient(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Network: network(addr), Addr: addr, MaxRetries: -1})
}

// soon is asynq's RetryDelayFunc: n is how many attempts went wrong before this one.
func soon(n int, _ error, _ *asynq.Task) time.Duration {
	delay := firstDelay
	for ; n > 0 && delay < maxDelay; n-- {
		delay *= 2
	}
	return min(delay, maxDelay)
}

// handler runs deeds as asynq's tasks.
type handler struct{ doer deed.Doer }

// ProcessTask implements [asynq.Handler].
func (h handler) ProcessTask(ctx context.Context, task *asynq.Task) error {
	var d deed.Deed
	if err := json.Unmarshal(task.Payload(), &d); err != nil {
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	}
	retried, _ := asynq.GetRetryCount(ctx)
	err := h.doer.Do(ctx, d, retried+1)
	if errors.Is(err, deed.ErrHopeless) {
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	}
	return err
}
