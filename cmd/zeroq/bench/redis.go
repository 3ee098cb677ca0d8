package bench

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/zeroq-dev/zeroq/internal/contender"
)

// plainKey is the list of [plain].
const plainKey = "bench"

// plain is go-redis and nothing else: LPUSH one by one and BRPOP one by one. What is popped is gone, so it
// does less than any queue should.
type plain struct {
	addr   string
	client *redis.Client
	// inFlight is how many tasks were popped and have not ended.
	inFlight atomic.Int64
}

// popWait is how long a BRPOP waits, in seconds: what waits longer when it is told to stop holds that up.
const popWait = "0.1"

func openPlain(o contender.Order) (contender.System, error) {
	return &plain{addr: o.Redis, client: dial(o.Redis, max(o.Callers, 1))}, nil
}

// dial returns a client with so many connections at most.
func dial(addr string, connections int) *redis.Client {
	network := "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	return redis.NewClient(&redis.Options{
		Network: network, Addr: addr, PoolSize: connections, MaxRetries: -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// Enqueue implements [contender.System].
func (s *plain) Enqueue(ctx context.Context, data [][]byte, _ time.Duration) error {
	values := make([]any, len(data))
	for i, d := range data {
		values[i] = d
	}
	return s.client.LPush(ctx, plainKey, values...).Err()
}

// Work implements [contender.System]. It has a connection for each caller, and all wait in BRPOP.
func (s *plain) Work(concurrency int, handle func(data []byte)) (stop func() error, err error) {
	client := dial(s.addr, concurrency)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	errs := make(chan error, concurrency)
	for range concurrency {
		running.Go(func() {
			for ctx.Err() == nil {
				// BRPop knows whole seconds only. A context that ends would lose what is popped.
				popped, err := client.Do(context.Background(), "BRPOP", plainKey, popWait).StringSlice()
				switch {
				case err == nil:
					s.inFlight.Add(1)
					handle([]byte(popped[1]))
					s.inFlight.Add(-1)
				case !errors.Is(err, redis.Nil):
					errs <- err
					return
				}
			}
		})
	}
	return func() error {
		cancel()
		running.Wait()
		close(errs)
		return errors.Join(<-errs, client.Close())
	}, nil
}

// Unfinished implements [contender.System].
func (s *plain) Unfinished(ctx context.Context) (int, error) {
	n, err := s.client.LLen(ctx, plainKey).Result()
	return int(n + s.inFlight.Load()), err
}

// Close implements [contender.System].
func (s *plain) Close() error { return s.client.Close() }
