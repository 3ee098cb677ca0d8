//go:build linux

package suite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
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
	err := stage.run(ctx, row, s.Name(), rig.Always, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		first, err := s.begin(ctx, r)
		if err != nil {
			return check.Rules{}, err
		}
		for end := time.Now().Add(s.For); time.Now().Before(end); {
			if err := s.hit(ctx, r, random); err != nil {
				return check.Rules{}, err
			}
		}
		ticks, err := s.end(ctx, r, first)
		row.note(fmt.Sprintf("%d times of %d schedules", len(ticks), schedules))
		return check.Rules{Ticks: ticks}, err
	})
	return []*Row{row}, err
}

func (Schedules) worker(ctx context.Context, r *rig.Rig) error {
	_, err := r.Worker(ctx, plan.Work{Concurrency: 4, Lease: lease, Drain: lease, Schedules: schedules})
	return err
}

// begin starts two workers, and returns the first time of each schedule.
func (s Schedules) begin(ctx context.Context, r *rig.Rig) ([]time.Time, error) {
	return ticking(ctx, r, func() error {
		for range 2 {
			if err := s.worker(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// ticking has f start the workers that make the schedules, and returns the first time of each schedule:
// looked at while they start, as it passes soon.
func ticking(ctx context.Context, r *rig.Rig, f func() error) ([]time.Time, error) {
	both, within := errgroup.WithContext(ctx)
	both.Go(f)
	var first []time.Time
	both.Go(func() (err error) {
		first, err = firstTicks(within, r)
		return err
	})
	err := both.Wait()
	return first, err
}

// firstTicks waits until all schedules are there, and returns the first time of each.
func firstTicks(ctx context.Context, r *rig.Rig) ([]time.Time, error) {
	first := make([]time.Time, schedules)
	for i := range first {
		err := await(ctx, func() (bool, error) {
			at, err := r.Redis.Client().ZScore(ctx, "zq:{"+r.Queue+"}:schedules:next", plan.Schedule(i).Name()).Result()
			first[i] = time.UnixMilli(int64(at))
			return err == nil, ignore(err, redis.Nil)
		})
		if err != nil {
			return nil, fmt.Errorf("schedule %d: %w", i, err)
		}
	}
	return first, nil
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

// end pauses the schedules and returns all times that must have run.
func (Schedules) end(ctx context.Context, r *rig.Rig, first []time.Time) ([]uint64, error) {
	b, err := redisq.Open(zeroq.RedisConf{Addrs: []string{r.Redis.Addr}})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	var ticks []uint64
	for i := range plan.Schedule(schedules) {
		if err := b.PauseSchedule(ctx, i.Name()); err != nil {
			return nil, err
		}
		s, err := b.Schedule(ctx, i.Name())
		if err != nil {
			return nil, err
		}
		if s.LastRun.IsZero() {
			return nil, errors.New(i.Name() + " never ran")
		}
		for at := first[i]; !at.After(s.LastRun); at = at.Add(time.Second) {
			ticks = append(ticks, plan.Tick(at, int(i)))
		}
	}
	return ticks, nil
}
