package redisq

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Wait implements [broker.Member]. What wakes it lies in landing afterwards, where the next fetch
// of any worker takes it first.
func (m *member) Wait(ctx context.Context) (bool, error) {
	if m.join.Mode == broker.AtMostOnce {
		return m.waitAtMostOnce(ctx)
	}
	return m.waiter.block(ctx, func(conn *redis.Conn, timeout time.Duration) error {
		return conn.BLMove(context.WithoutCancel(ctx), m.keys.ready, m.keys.landing, "RIGHT", "LEFT", timeout).Err()
	})
}

// waitAtMostOnce waits with a plain BRPOP: what is on its way when the worker dies is gone, which
// is what at-most-once allows. The connection does not send again, as a second push would make it
// run twice.
func (m *member) waitAtMostOnce(ctx context.Context) (bool, error) {
	return m.waiter.block(ctx, func(conn *redis.Conn, timeout time.Duration) error {
		calm := context.WithoutCancel(ctx)
		popped, err := conn.BRPop(calm, timeout, m.keys.ready).Result()
		if err != nil {
			return err
		}
		_, err = m.broker.run(calm, conn, scriptAdmit, []string{m.keys.groups, m.keys.landing}, popped[1])
		if err != nil {
			return fmt.Errorf("a task of an at-most-once queue may be lost: %w", err)
		}
		return nil
	})
}

// Wake implements [broker.Member].
func (m *member) Wake(ctx context.Context) { m.waiter.wake(ctx) }

// Yield implements [broker.Member].
func (m *member) Yield(ctx context.Context) error {
	_, err := m.broker.run(ctx, m.broker.calls, scriptYield, []string{m.keys.landing, m.keys.ready}, 1)
	return err
}
