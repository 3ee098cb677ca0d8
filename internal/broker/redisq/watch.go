package redisq

import (
	"bytes"
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
)

// A watcher looks every second, as the bell is only a hint. It asks for the bell again long before
// those who ring it forget that somebody waits.
const (
	lookAgain  = time.Second
	askAgain   = 30 * time.Second
	waitersFor = 2 * time.Minute
)

// WaitTask implements [broker.Inspector].
func (b *Broker) WaitTask(ctx context.Context, id, queue string) (*zeroq.TaskInfo, error) {
	var last *zeroq.TaskInfo
	err := b.WatchTask(ctx, id, queue, func(info *zeroq.TaskInfo) error {
		last = info
		return nil
	})
	if err != nil {
		return nil, err
	}
	return last, nil
}

// WatchTask implements [broker.Inspector]. A task that is deleted while it is watched is not found.
func (b *Broker) WatchTask(ctx context.Context, id, queue string, see func(*zeroq.TaskInfo) error) error {
	seen, err := b.Task(ctx, id, queue)
	if err != nil {
		return err
	}
	if err := see(seen); err != nil || seen.State.Finished() {
		return err
	}
	ring := b.bell.listen(id)
	defer b.bell.leave(id, ring)
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	keys, asked := keysOf(seen.Queue), time.Time{}
	for {
		if time.Since(asked) >= askAgain {
			b.await(ctx, keys, id)
			asked = time.Now()
		}
		fresh, err := b.Task(context.WithoutCancel(ctx), id, seen.Queue)
		if err != nil {
			return err
		}
		if changed(seen, fresh) {
			if err := see(fresh); err != nil {
				return err
			}
		}
		if seen = fresh; seen.State.Finished() {
			return nil
		}
		select {
		case <-ring:
			asked = time.Time{} // who rings for the end of a task takes it off the list of those awaited
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// changed reports whether there is something to show.
func changed(a, b *zeroq.TaskInfo) bool {
	return a.State != b.State || a.Attempt != b.Attempt || a.CancelRequested != b.CancelRequested ||
		!bytes.Equal(a.Progress, b.Progress)
}

// await asks whoever finishes the task, or reports its progress, to ring the bell.
func (b *Broker) await(ctx context.Context, keys queueKeys, id string) {
	// One transaction: without a time to live the set would outlast those who wait.
	_, _ = b.calls.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.SAdd(ctx, keys.waiters, id)
		p.Expire(ctx, keys.waiters, waitersFor)
		return nil
	})
}
