//go:build linux

package role

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// pusher enqueues by LPUSH, as a program that knows nothing of zeroq does: bare messages, or garbage.
type pusher struct {
	redis   *redis.Client
	ready   string
	garbage bool
}

func newPusher(p plan.Plan) pusher {
	return pusher{
		redis: redis.NewClient(&redis.Options{Addr: p.Redis, MaxRetries: -1}),
		ready: "zq:{" + p.Queue + "}:ready", garbage: p.Load.Way == plan.Garbage,
	}
}

func (p pusher) Close() error { return p.redis.Close() }

// Enqueue implements zeroq.Enqueuer.
func (p pusher) Enqueue(ctx context.Context, tasks ...*zeroq.Task) error {
	messages := make([]any, len(tasks))
	for i, task := range tasks {
		message, err := p.message(task)
		if err != nil {
			return err
		}
		messages[i] = message
	}
	err := p.redis.LPush(ctx, p.ready, messages...).Err()
	if err != nil && strings.HasPrefix(err.Error(), "OOM ") {
		return errors.Join(zeroq.ErrStoreFull, err)
	}
	return err
}

func (p pusher) message(task *zeroq.Task) (string, error) {
	if p.garbage {
		var d struct{ N uint64 }
		if err := json.Unmarshal(task.Data, &d); err != nil {
			return "", err
		}
		return plan.GarbageOf(d.N), nil
	}
	message := map[string]any{"type": task.Type, "data": task.Data}
	if task.Delay > 0 {
		message["delay"] = task.Delay.String()
	}
	text, err := json.Marshal(message)
	return string(text), err
}
