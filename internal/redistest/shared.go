package redistest

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redisserver"
)

const (
	// sharedDatabases is the highest database of a Redis with its default settings; 0 has the locks.
	sharedDatabases = 15
	// lockFor outlives go test's timeout of 10 minutes, and frees what a killed test held.
	lockFor = 11 * time.Minute
	// lockWait is how long a test waits for others to free a database.
	lockWait = 2 * time.Minute
)

// unlock deletes a lock that is still its owner's.
var unlock = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`)

// patience bounds the wait for a shared server to answer.
const patience = 20 * time.Second

// shared is a Redis that other test binaries use as well.
type shared struct {
	addr  string
	locks *redis.Client
}

func openShared(addr string) (*shared, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := redisserver.Ping(ctx, addr); err != nil {
		return nil, fmt.Errorf("%s=%s: %w", sharedEnv, addr, err)
	}
	return &shared{addr: addr, locks: dial(addr, 0)}, nil
}

func (s *shared) take(t testing.TB) zeroq.RedisConf {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	db, err := s.lock(ctx, t)
	if err == nil {
		err = flush(s.addr, db)
	}
	if err != nil {
		t.Fatalf("redistest: take a database of %s: %v", s.addr, err)
	}
	return zeroq.RedisConf{Addrs: []string{s.addr}, DB: db}
}

// lock takes the first free database, and waits for one while there is none.
func (s *shared) lock(ctx context.Context, t testing.TB) (int, error) {
	owner := rand.Text()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		for db := 1; db <= sharedDatabases; db++ {
			key := fmt.Sprintf("zeroq:test:lock:%d", db)
			locked, err := s.locks.SetNX(ctx, key, owner, lockFor).Result()
			if err != nil {
				return 0, err
			}
			if locked {
				t.Cleanup(func() { unlock.Run(context.Background(), s.locks, []string{key}, owner) })
				return db, nil
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return 0, fmt.Errorf("all %d are locked", sharedDatabases)
		}
	}
}

func (s *shared) close() { s.locks.Close() }
