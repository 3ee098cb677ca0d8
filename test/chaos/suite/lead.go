//go:build linux

package suite

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
	"github.com/zeroq-dev/zeroq/test/chaos/role"
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
	err := c.asOperator(func(b *redisq.Broker) error {
		_, err := b.PutSchedule(ctx, zeroq.Schedule{
			Name: c.schedule().Name(), Spec: "* * * * * *", CatchUp: zeroq.CatchUpAll,
			Task: zeroq.NewTask(role.TickType, nil, zeroq.Queue(c.rig.Queue)),
		})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	at, err := c.rig.Redis.Client().ZScore(ctx, c.key("schedules:next"), c.schedule().Name()).Result()
	if err != nil {
		return nil, nil, err
	}
	c.firstTick = time.UnixMilli(int64(at))
	return c.worker(ctx)
}

// schedule is the one of a run.
func (*cell) schedule() plan.Schedule { return 0 }

// stopTicking pauses the schedule once it has gone on after the hit. All its times up to then must have
// run.
func (c *cell) stopTicking(ctx context.Context, rules *check.Rules) error {
	return c.asOperator(func(b *redisq.Broker) error {
		until := time.Now().Add(time.Second)
		err := await(ctx, func() (bool, error) {
			s, err := b.Schedule(ctx, c.schedule().Name())
			return s.LastRun.After(until), err
		})
		if err != nil {
			return errors.Join(errors.New("the schedule does not go on"), err)
		}
		if err := b.PauseSchedule(ctx, c.schedule().Name()); err != nil {
			return err
		}
		s, err := b.Schedule(ctx, c.schedule().Name())
		for at := c.firstTick; !at.After(s.LastRun); at = at.Add(time.Second) {
			rules.Ticks = append(rules.Ticks, plan.Tick(at, int(c.schedule())))
		}
		return err
	})
}

// asOperator does something to the queue that no process of the run does.
func (c *cell) asOperator(do func(*redisq.Broker) error) error {
	b, err := redisq.Open(zeroq.RedisConf{Addrs: []string{c.rig.Redis.Addr}})
	if err != nil {
		return err
	}
	return errors.Join(do(b), b.Close())
}
