//go:build linux

package suite

import (
	"context"
	"strconv"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// waiting hits a worker that finds tasks when it starts.
func (c *cell) waiting(ctx context.Context) (*rig.Process, *proxy.Armed, error) {
	if err := c.send(ctx); err != nil {
		return nil, nil, err
	}
	return c.worker(ctx)
}

// idle hits a worker that waits for tasks, which come one by one.
func (c *cell) idle(ctx context.Context) (*rig.Process, *proxy.Armed, error) {
	victim, armed, err := c.worker(ctx)
	if err == nil {
		_, err = c.sending(ctx)
	}
	return victim, armed, err
}

// landed tells whether a task has woken a worker that has not fetched it: it may have waited in vain.
func (c *cell) landed(ctx context.Context) (bool, error) {
	n, err := c.rig.Redis.Client().LLen(ctx, c.key("landing")).Result()
	return n > 0, err
}

func (c *cell) key(name string) string { return "zq:{" + c.rig.Queue + "}:" + name }

// onceDue hits a worker that finds delayed tasks when it starts, all of them due.
func (c *cell) onceDue(ctx context.Context) (*rig.Process, *proxy.Armed, error) {
	if err := c.send(ctx); err != nil {
		return nil, nil, err
	}
	err := await(ctx, func() (bool, error) {
		now := strconv.FormatInt(time.Now().UnixMilli(), 10)
		due, err := c.rig.Redis.Client().ZCount(ctx, c.key("scheduled"), "-inf", now).Result()
		return int(due) == c.load.Count, err
	})
	if err != nil {
		return nil, nil, err
	}
	return c.worker(ctx)
}

// afterDeath hits a worker that looks after the tasks of one that was killed before.
func (c *cell) afterDeath(ctx context.Context) (*rig.Process, *proxy.Armed, error) {
	if err := c.send(ctx); err != nil {
		return nil, nil, err
	}
	dead, err := c.rig.Worker(ctx, c.work, executed("fetch"))
	if err != nil {
		return nil, nil, err
	}
	select {
	case <-dead.Traps[0].Tripped():
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	dead.Kill("before")
	return c.worker(ctx)
}

// byAPI hits an API that a producer sends to. It is started again where it was.
func (c *cell) byAPI(ctx context.Context) (*rig.Process, *proxy.Armed, error) {
	if err := c.rescue(ctx); err != nil {
		return nil, nil, err
	}
	api, err := c.rig.API(ctx, c.trap())
	if err != nil {
		return nil, nil, err
	}
	c.load.URL = api.URL()
	_, err = c.sending(ctx)
	return api, api.Traps[0], err
}

// byProducer hits a producer.
func (c *cell) byProducer(ctx context.Context) (*rig.Process, *proxy.Armed, error) {
	if err := c.rescue(ctx); err != nil {
		return nil, nil, err
	}
	p, err := c.sending(ctx, c.trap())
	if err != nil {
		return nil, nil, err
	}
	return p, p.Traps[0], nil
}

// draining hits a worker that was told to end while it runs tasks.
func (c *cell) draining(ctx context.Context) (*rig.Process, *proxy.Armed, error) {
	if err := c.send(ctx); err != nil {
		return nil, nil, err
	}
	victim, err := c.rig.Worker(ctx, c.work, sent(deed.During))
	if err != nil {
		return nil, nil, err
	}
	runs := victim.Traps[0]
	select {
	case <-runs.Tripped():
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	armed := victim.Way.Arm(c.trap())
	runs.Release()
	ended := make(chan error, 1)
	go func() { ended <- victim.Term(ctx) }()
	c.waits = append(c.waits, func(context.Context) error { return <-ended })
	return victim, armed, nil
}

// ticking hits a worker that looks after a schedule, which is there before it.
func (c *cell) ticking(ctx context.Context) (*rig.Process, *proxy.Armed, error) {
	err := asOperator(c.rig, func(b *redisq.Broker) (err error) {
		c.firstTick, err = makeSchedule(ctx, c.rig, b, c.schedule())
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return c.worker(ctx)
}

// schedule is the one of a run.
func (*cell) schedule() plan.Schedule { return 0 }

// stopTicking pauses the schedule once it has gone on after the hit.
func (c *cell) stopTicking(ctx context.Context, rules *check.Rules) error {
	return asOperator(c.rig, func(b *redisq.Broker) (err error) {
		rules.Ticks, err = stopSchedule(ctx, c.rig, b, c.schedule(), c.firstTick)
		return err
	})
}
