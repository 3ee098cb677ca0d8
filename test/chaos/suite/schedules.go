//go:build linux

package suite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
	"github.com/zeroq-dev/zeroq/test/chaos/role"
)

// Schedules has two to five workers keep some schedules that tick each second, while any of them are
// killed, halted and told to end. Each time of each schedule must run exactly once.
type Schedules struct {
	// For is how long workers are hit.
	For time.Duration
}

// schedules is how many there are.
const schedules = 3

// Name implements [Suite].
func (Schedules) Name() string { return "schedules" }

// Run implements [Suite].
func (s Schedules) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	row, random := NewRow("2 to 5 schedulers killed and halted at will"), stage.Random("schedules")
	err := stage.run(ctx, row, s.Name(), rig.Never, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		first, err := makeSchedules(ctx, r)
		if err != nil {
			return check.Rules{}, err
		}
		for range 2 {
			if err := s.worker(ctx, r); err != nil {
				return check.Rules{}, err
			}
		}
		for end := time.Now().Add(s.For); time.Now().Before(end); {
			if err := s.hit(ctx, r, random); err != nil {
				return check.Rules{}, err
			}
		}
		ticks, err := stopSchedules(ctx, r, first)
		row.note(fmt.Sprintf("%d times of %d schedules", len(ticks), schedules))
		return check.Rules{Ticks: ticks}, err
	})
	return []*Row{row}, err
}

func (Schedules) worker(ctx context.Context, r *rig.Rig) error {
	_, err := r.Worker(ctx, plan.Work{Concurrency: 4, Lease: lease, Drain: lease})
	return err
}

// makeSchedules makes the schedules that the workers keep, and returns the first time of each: nobody is
// there yet for whom it could pass.
func makeSchedules(ctx context.Context, r *rig.Rig) ([]time.Time, error) {
	first := make([]time.Time, schedules)
	err := asOperator(r, func(b *redisq.Broker) (err error) {
		for i := range first {
			if first[i], err = makeSchedule(ctx, r, b, plan.Schedule(i)); err != nil {
				return fmt.Errorf("schedule %d: %w", i, err)
			}
		}
		return nil
	})
	return first, err
}

// makeSchedule makes one that ticks each second, and returns its first time.
func makeSchedule(ctx context.Context, r *rig.Rig, b *redisq.Broker, s plan.Schedule) (time.Time, error) {
	_, err := b.PutSchedule(ctx, zeroq.Schedule{
		Name: s.Name(), Spec: "* * * * * *", CatchUp: zeroq.CatchUpAll,
		Task: zeroq.NewTask(role.TickType, nil, zeroq.Queue(r.Queue)),
	})
	if err != nil {
		return time.Time{}, err
	}
	at, err := r.Redis.Client().ZScore(ctx, "zq:{"+r.Queue+"}:schedules:next", s.Name()).Result()
	return time.UnixMilli(int64(at)), err
}

// hit does one thing to one worker, and sees to it that two to five are there.
func (s Schedules) hit(ctx context.Context, r *rig.Rig, random *rand.Rand) error {
	workers := r.Processes(plan.Worker)
	victim := workers[random.IntN(len(workers))]
	switch random.IntN(4) {
	case 0:
		victim.Kill("")
	case 1:
		victim.Stop()
		rest(ctx, lease/2+time.Duration(random.Int64N(int64(2*lease))))
		victim.Continue("")
	case 2:
		if err := victim.Term(ctx); err != nil {
			return err
		}
	}
	for n := len(r.Processes(plan.Worker)); n < 2+random.IntN(4); n++ {
		if err := s.worker(ctx, r); err != nil {
			return err
		}
	}
	rest(ctx, time.Duration(random.Int64N(int64(time.Second))))
	return ctx.Err()
}

// stopSchedules pauses the schedules and returns all times that must have run.
func stopSchedules(ctx context.Context, r *rig.Rig, first []time.Time) ([]uint64, error) {
	var ticks []uint64
	err := asOperator(r, func(b *redisq.Broker) error {
		for i := range first {
			some, err := stopSchedule(ctx, r, b, plan.Schedule(i), first[i])
			if err != nil {
				return fmt.Errorf("schedule %d: %w", i, err)
			}
			ticks = append(ticks, some...)
		}
		return nil
	})
	return ticks, err
}

// stopSchedule pauses a schedule once it has come to the present, and returns all its times up to then:
// what the clock of Redis says is due, not what the schedule believes it has done.
func stopSchedule(ctx context.Context, r *rig.Rig, b *redisq.Broker, one plan.Schedule, first time.Time) ([]uint64, error) {
	now, err := r.Redis.Client().Time(ctx).Result()
	if err != nil {
		return nil, err
	}
	err = await(ctx, func() (bool, error) {
		s, err := b.Schedule(ctx, one.Name())
		return s.LastRun.After(now), err
	})
	if err != nil {
		return nil, errors.Join(errors.New("it does not go on"), err)
	}
	if err := b.PauseSchedule(ctx, one.Name()); err != nil {
		return nil, err
	}
	s, err := b.Schedule(ctx, one.Name())
	var ticks []uint64
	for at := first; !at.After(s.LastRun); at = at.Add(time.Second) {
		ticks = append(ticks, plan.Tick(at, int(one)))
	}
	return ticks, err
}

// asOperator does something to the queue that no process of the run does.
func asOperator(r *rig.Rig, do func(*redisq.Broker) error) error {
	b, err := redisq.Open(zeroq.RedisConf{Addrs: []string{r.Redis.Addr}})
	if err != nil {
		return err
	}
	return errors.Join(do(b), b.Close())
}
