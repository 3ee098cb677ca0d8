package redisq

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// blockTime bounds one blocking call, in whole seconds, which is all the client library sends. A
// call that is not answered in time is given up, so a dead connection is noticed.
const blockTime = 2 * time.Second

// waiter makes blocking calls, one at a time, on a connection of its own that CLIENT UNBLOCK can
// find. Cancelling a context does not end such a call, and closing the connection may lose what
// the call has just taken.
type waiter struct {
	broker *Broker
	key    string // the key that is waited for: names the node in Redis Cluster

	mu   sync.Mutex
	node *redis.Client
	conn *redis.Conn
	id   int64 // 0: the server cannot tell

	blocked atomic.Pointer[blocked]
}

// blocked is a call that is under way.
type blocked struct {
	node *redis.Client
	id   int64
	done chan struct{}
}

func newWaiter(b *Broker, key string) *waiter { return &waiter{broker: b, key: key} }

// block makes one blocking call; found is false when the call ended without taking anything.
func (w *waiter) block(ctx context.Context, do func(conn *redis.Conn, timeout time.Duration) error) (found bool, err error) {
	if ctx.Err() != nil {
		return false, nil
	}
	if err := w.connect(context.WithoutCancel(ctx)); err != nil {
		return false, err
	}
	call := &blocked{node: w.node, id: w.id, done: make(chan struct{})}
	w.blocked.Store(call)
	stop := context.AfterFunc(ctx, func() { w.wake(context.WithoutCancel(ctx)) })
	defer stop()
	timeout := blockTime
	if w.id == 0 {
		timeout = time.Second // it cannot be woken
	}
	err = do(w.conn, timeout)
	close(call.done)
	w.blocked.Store(nil)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, redis.Nil):
		return false, nil
	}
	w.close()
	return false, explain(err)
}

// wake ends the call that is under way and returns when it has ended. The call may not have reached
// the server yet, so it is told again until it ends.
func (w *waiter) wake(ctx context.Context) {
	call := w.blocked.Load()
	if call == nil || call.id == 0 {
		return
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		select {
		case <-call.done:
			return
		default:
		}
		if err := call.node.ClientUnblock(ctx, call.id).Err(); err != nil {
			return // Redis is away: the call ends by its own timeout
		}
		select {
		case <-call.done:
			return
		case <-time.After(pause):
		}
	}
}

func (w *waiter) connect(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil {
		return nil
	}
	node, err := nodeOf(ctx, w.broker.waits, w.key)
	if err != nil {
		return explain(err)
	}
	conn := node.Conn()
	id, err := conn.ClientID(ctx).Result()
	if err != nil {
		var answered redis.Error
		if !errors.As(err, &answered) {
			_ = conn.Close()
			return explain(err)
		}
		id = 0 // this server has no CLIENT ID
	}
	w.node, w.conn, w.id = node, conn, id
	return nil
}

func (w *waiter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// nodeOf returns the client of the server that has the key.
func nodeOf(ctx context.Context, client redis.UniversalClient, key string) (*redis.Client, error) {
	if cluster, ok := client.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, key)
	}
	return client.(*redis.Client), nil
}
