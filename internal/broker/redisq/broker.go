package redisq

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// formatVersion is the version of the data in Redis that this program reads and writes.
const formatVersion = 1

// Broker is a [broker.Broker] on Redis with every power there is. It is safe for concurrent use.
type Broker struct {
	calls redis.UniversalClient
	waits redis.UniversalClient
	clock clock
	known sync.Map // queue -> met
	ids   sequences

	driver   *driver
	batchers sync.Map // queue -> *batcher

	bell  *bell
	stops *stops
	timed timedQueues
}

var (
	_ broker.Broker    = (*Broker)(nil)
	_ broker.Inspector = (*Broker)(nil)
	_ broker.Registry  = (*Broker)(nil)
	_ broker.Keeper    = (*Broker)(nil)

	_ broker.Controller = (*Broker)(nil)
	_ broker.Operator   = (*Broker)(nil)
	_ broker.Timetable  = (*Broker)(nil)
	_ broker.Ledger     = (*Broker)(nil)
)

// Open connects to Redis. It does not wait for Redis to answer: see [Broker.Ping].
func Open(conf zeroq.RedisConf) (*Broker, error) {
	calls, waits, err := connect(conf)
	if err != nil {
		return nil, err
	}
	b := &Broker{calls: calls, waits: waits, driver: newDriver()}
	b.bell, b.stops = newBell(calls), newStops(calls)
	return b, nil
}

// Ping asks Redis for a sign of life, and for the time.
func (b *Broker) Ping(ctx context.Context) error {
	now, err := b.calls.Time(ctx).Result()
	if err != nil {
		return explain(err)
	}
	b.clock.sync(now.UnixMilli())
	return nil
}

// Close ends all connections.
func (b *Broker) Close() error {
	b.driver.stop()
	b.bell.close()
	b.stops.close()
	err := b.waits.Close()
	if closing := b.calls.Close(); closing != nil {
		err = closing
	}
	b.driver.active.Wait()
	return err
}

// CheckStore answers with [zeroq.ErrUnsafeStore] when Redis may evict tasks to make room, and with
// sure = false when Redis does not say whether it may.
func (b *Broker) CheckStore(ctx context.Context) (sure bool, err error) {
	if err := b.Ping(ctx); err != nil {
		return false, err
	}
	info, err := b.calls.Info(ctx, "memory").Result()
	if err != nil {
		if unavailable := explain(err); unavailable != err || redis.IsAuthError(err) {
			return false, unavailable
		}
		return false, nil // the command is not there, or not allowed
	}
	for line := range strings.Lines(info) {
		policy, found := strings.CutPrefix(strings.TrimSpace(line), "maxmemory_policy:")
		if found && policy != "noeviction" {
			return true, fmt.Errorf("%w: maxmemory-policy is %s, it must be noeviction", zeroq.ErrUnsafeStore, policy)
		}
		if found {
			return true, nil
		}
	}
	return false, nil
}

// CheckQueue registers a queue, and answers with [zeroq.ErrFormat] when its data is of a format that
// this program does not know.
func (b *Broker) CheckQueue(ctx context.Context, queue string) error {
	_, err := b.meet(ctx, queue)
	return err
}

// Now is the time of Redis; before its first answer, that of this machine.
func (b *Broker) Now() time.Time { return b.clock.now() }

// met is a queue that was found registered, and its format known.
type met struct {
	at     time.Time
	keys   queueKeys
	powers broker.Powers // of what carries its tasks
}

// meetEvery is how long a process relies on a queue being registered: a Redis that lost its data is
// told again.
const meetEvery = 10 * time.Second

// meet registers a queue and checks its format. What is there already is not written again, so that
// a worker can start while Redis is full.
func (b *Broker) meet(ctx context.Context, queue string) (queueKeys, error) {
	if known, ok := b.known.Load(queue); ok && time.Since(known.(*met).at) < meetEvery {
		return known.(*met).keys, nil
	}
	keys := keysOf(queue)
	listed, err := b.calls.SIsMember(ctx, keyQueues, queue).Result()
	if err != nil {
		return keys, explain(err)
	}
	if !listed {
		if err := b.calls.SAdd(ctx, keyQueues, queue).Err(); err != nil {
			return keys, explain(err)
		}
	}
	if err := b.checkFormat(ctx, keys.version); err != nil {
		return keys, fmt.Errorf("queue %s: %w", queue, err)
	}
	powers, err := b.powers(ctx, queue)
	if err != nil {
		return keys, err
	}
	b.known.Store(queue, &met{at: time.Now(), keys: keys, powers: powers})
	return keys, nil
}

// checkUsed answers zeroq.ErrNotFound for a queue that was never used.
func (b *Broker) checkUsed(ctx context.Context, queue string) error {
	used, err := b.calls.SIsMember(ctx, keyQueues, queue).Result()
	if err == nil && !used {
		return zeroq.ErrNotFound
	}
	return explainNil(err)
}

func (b *Broker) checkFormat(ctx context.Context, key string) error {
	text, err := b.calls.Get(ctx, key).Result()
	if err == redis.Nil {
		return explainNil(b.calls.SetNX(ctx, key, formatVersion, 0).Err())
	}
	if err != nil {
		return explain(err)
	}
	if version, err := strconv.Atoi(text); err != nil || version > formatVersion {
		return fmt.Errorf("%w: %s, this program knows %d", zeroq.ErrFormat, text, formatVersion)
	}
	return nil
}

func explainNil(err error) error {
	if err == nil {
		return nil
	}
	return explain(err)
}
