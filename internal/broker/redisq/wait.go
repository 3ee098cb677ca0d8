package redisq

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Wait implements [broker.Member]. What wakes it lies in landing afterwards, where the next fetch
// of any worker takes it first.
func (m *member) Wait(ctx context.Context) (bool, error) {
	return m.waiter.land(ctx, m.keys)
}

// land waits for a message to be ready, which lies in landing then.
func (w *waiter) land(ctx context.Context, k queueKeys) (bool, error) {
	return w.block(ctx, func(conn *redis.Conn, timeout time.Duration) error {
		return conn.BLMove(context.WithoutCancel(ctx), k.ready, k.landing, "RIGHT", "LEFT", timeout).Err()
	})
}

// Wake implements [broker.Member].
func (m *member) Wake(ctx context.Context) { m.waiter.wake(ctx) }

// Yield implements [broker.Member].
func (m *member) Yield(ctx context.Context) error {
	_, err := m.broker.run(ctx, m.broker.calls, scriptYield, []string{m.keys.landing, m.keys.ready}, 1)
	return err
}
