package redisq

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// sweepSize is how many tasks one sweeping script forgets at most: about a millisecond of Redis.
const sweepSize = 256

// Promote implements [broker.Keeper].
func (b *Broker) Promote(ctx context.Context, queue string) (int, error) {
	keys := keysOf(queue)
	total := 0
	for _, from := range [][]string{
		{keys.scheduled, keys.scheduledD, keys.ready, keys.high, keys.low},
		{keys.retry, keys.retryD, keys.ready, keys.high, keys.low},
	} {
		for moved := int64(maxBatch); moved == maxBatch; total += int(moved) {
			answer, err := b.run(ctx, b.calls, scriptPromote, from, maxBatch)
			if err != nil {
				return total, err
			}
			moved = answer.number(0)
		}
	}
	return total, nil
}

// LiveWorkers implements [broker.Keeper].
func (b *Broker) LiveWorkers(ctx context.Context, queue string) (int, error) {
	n, err := b.calls.ZCount(ctx, keysOf(queue).groups, strconv.FormatInt(b.clock.now().UnixMilli(), 10), "+inf").Result()
	return int(n), explainNil(err)
}

// Sweep implements [broker.Keeper].
func (b *Broker) Sweep(ctx context.Context, queue string, keep broker.Keep) (broker.Swept, error) {
	keys := keysOf(queue)
	var swept broker.Swept
	n, err := b.sweep(ctx, scriptSweepList, []string{keys.finished}, keys.prefix, sweepSize, keep.Finished)
	swept.Finished += n
	for _, index := range []struct{ key, mark string }{
		{keys.finishedAt, string(markDone)}, {keys.cancelled, string(markCancelled)}, {keys.expired, string(markExpired)},
	} {
		if err == nil {
			n, err = b.sweep(ctx, scriptSweepIndex, []string{index.key, keys.parked, keys.counters}, keys.prefix, 0, sweepSize, keep.Finished, index.mark)
			swept.Finished += n
		}
	}
	if err == nil {
		swept.Dead, err = b.sweep(ctx, scriptSweepIndex, []string{keys.dead, keys.parked, keys.counters},
			keys.prefix, keep.DeadFor.Milliseconds(), sweepSize, keep.Dead, string(markDead))
	}
	return swept, err
}

// sweep runs a sweeping script until it finds nothing more.
func (b *Broker) sweep(ctx context.Context, script *redis.Script, keys []string, args ...any) (int, error) {
	total := 0
	for {
		answer, err := b.run(ctx, b.calls, script, keys, args...)
		if err != nil {
			return total, err
		}
		total += int(answer.number(0))
		if answer.number(0) == 0 {
			return total, nil
		}
	}
}

// drainSize is how many messages are moved in one round trip once there is more than one.
const drainSize = 64

// Intake implements [broker.Keeper].
func (b *Broker) Intake(ctx context.Context, list, queue string) error {
	keys, err := b.meet(ctx, queue)
	if err != nil {
		return err
	}
	waiter := newWaiter(b, keys.ready)
	defer waiter.close()
	for ctx.Err() == nil {
		found, err := waiter.block(ctx, func(conn *redis.Conn, timeout time.Duration) error {
			return conn.BLMove(context.WithoutCancel(ctx), list, keys.ready, "RIGHT", "LEFT", timeout).Err()
		})
		for moved := drainSize; err == nil && found && moved == drainSize && ctx.Err() == nil; {
			moved, err = b.moveMany(ctx, list, keys.ready)
		}
		if err != nil {
			return fmt.Errorf("intake %s: %w", list, err)
		}
	}
	return nil
}

func (b *Broker) moveMany(ctx context.Context, from, to string) (int, error) {
	moves, err := b.waits.Pipelined(ctx, func(p redis.Pipeliner) error {
		for range drainSize {
			p.LMove(ctx, from, to, "RIGHT", "LEFT")
		}
		return nil
	})
	if err != nil && err != redis.Nil {
		return 0, explain(err)
	}
	moved := 0
	for _, move := range moves {
		if move.Err() == nil {
			moved++
		}
	}
	return moved, nil
}

// SameSlot reports whether a foreign list can be drained into the queue in Redis Cluster: its name
// must carry the queue's hash tag.
func SameSlot(list, queue string) bool { return strings.Contains(list, "{"+queue+"}") }
