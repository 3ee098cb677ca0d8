//go:build linux

package suite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Recovery measures how long tasks wait for others after something has died, at default settings.
type Recovery struct{}

const (
	// recoveries is how many workers are killed, each in a run of its own; restarts how often Redis is.
	recoveries, restarts = 5, 8
	// maxRecovery is how long after the death of a worker its tasks may begin again.
	maxRecovery = 20 * time.Second
	// maxResume is how long after Redis serves again the first task may begin.
	maxResume = 2 * time.Second
	// maxAway is how long Redis is away: long enough for workers to come to their longest pauses.
	maxAway = 6 * time.Second
	// usualBeat is that of a worker at default settings: it may die at any time between two, and nobody
	// minds if a busy machine keeps it from telling of its tasks for so long.
	usualBeat = 3 * time.Second
)

// Name implements [Suite].
func (Recovery) Name() string { return "recovery" }

// Run implements [Suite].
func (Recovery) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	worker, redis := NewRow("kill -9 of a worker, default settings"), NewRow("kill -9 of Redis, default settings")
	var runs errgroup.Group
	for i := range recoveries {
		name := fmt.Sprintf("recovery %d", i)
		runs.Go(func() error {
			return stage.run(ctx, worker, name, rig.Never, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
				return check.Rules{Settle: usualBeat, Answered: true}, dies(ctx, r, stage.Random(name))
			})
		})
	}
	runs.Go(func() error {
		return stage.run(ctx, redis, "resume", rig.Always, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
			return check.Rules{Settle: usualBeat, Answered: true}, returns(ctx, r, stage.Random("resume"))
		})
	})
	err := runs.Wait()
	worker.within("tasks of a dead worker", worker.Recovery, recoveries, maxRecovery)
	redis.within("the first task after Redis was back", redis.Resume, restarts, maxResume)
	return []*Row{worker, redis}, err
}

// within notes a problem if the last of some sorted times is later than promised, or if there are fewer
// than there have to be.
func (r *Row) within(what string, times []time.Duration, least int, most time.Duration) {
	switch n := len(times); {
	case n < least:
		r.fail(fmt.Sprintf("%s: %d times were measured, not %d", what, n, least))
	case times[n-1] > most:
		r.fail(fmt.Sprintf("%s: began after %v, later than %v", what, times[n-1].Round(time.Millisecond), most))
	}
}

// dies kills one of three workers amid its tasks, at any time between two of its heartbeats.
func dies(ctx context.Context, r *rig.Rig, random *rand.Rand) error {
	victim, err := worksUsually(ctx, r, 3)
	if err != nil {
		return err
	}
	begun, err := r.Producer(ctx, plan.Load{
		Way: plan.Direct, First: 1, Count: 1500, Batch: 5, Rate: 50, Seed: random.Uint64(),
		Mix: []plan.Share{{Weight: 1, Deed: deed.Deed{Nap: 500 * time.Millisecond}}},
	})
	if err != nil {
		return err
	}
	rest(ctx, usualBeat+time.Duration(random.Int64N(int64(usualBeat))))
	victim.Kill("amid tasks")
	return begun.Wait(ctx)
}

// returns kills Redis and starts it again, some times, while tasks wait.
func returns(ctx context.Context, r *rig.Rig, random *rand.Rand) error {
	if _, err := worksUsually(ctx, r, 2); err != nil {
		return err
	}
	// More than they can do by then: 20 slots do 100 a second.
	err := r.Send(ctx, plan.Load{
		Way: plan.Direct, First: 1, Count: 3500, Batch: 100, Seed: random.Uint64(),
		Mix: []plan.Share{{Weight: 1, Deed: deed.Deed{Nap: 200 * time.Millisecond}}},
	})
	if err != nil {
		return err
	}
	for range restarts {
		rest(ctx, 2*time.Second+time.Duration(random.Int64N(int64(time.Second))))
		r.Redis.Kill()
		rest(ctx, time.Duration(random.Int64N(int64(maxAway))))
		if err := r.Redis.Restart(); err != nil {
			return err
		}
	}
	return nil
}

// worksUsually starts workers at default settings, and returns one of them.
func worksUsually(ctx context.Context, r *rig.Rig, workers int) (one *rig.Process, err error) {
	for range workers {
		if one, err = r.Worker(ctx, plan.Work{Concurrency: 10}); err != nil {
			return nil, err
		}
	}
	return one, nil
}
