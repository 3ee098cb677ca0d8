//go:build linux

package suite

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Storm is random chaos: workers, an API and producers of all kinds, and all that can happen to them
// and their Redis, at any time and at the same time.
type Storm struct {
	// For is how long things break.
	For time.Duration
}

const (
	// stormLease is how long a worker of a storm may be silent.
	stormLease = 1200 * time.Millisecond
	// stormSettle is how long an outcome may be on its way: as long as worker and Redis can be slow on a busy
	// machine before the worker gives up its lease, and then some.
	stormSettle = 2 * stormLease
	// stormRate is how many tasks a second are sent, shortRate that of a storm shorter than a minute.
	stormRate, shortRate = 800, 150
)

// What a storm of full length has to show.
const (
	fullStorm  = 5 * time.Minute
	manyFaults = 300
	manyTasks  = 200_000
	// maxAgain is how many runs no outcome asked for, in parts of all tasks.
	maxAgain = 0.005
)

// stormFaults is how many faults of each kind there have to be at least.
var stormFaults = map[ledger.Code]int{
	ledger.Kill: few, ledger.Stop: few, ledger.Term: few, ledger.Exit: few, ledger.Reset: few, ledger.BlackHole: few,
	ledger.LostReply: few, ledger.Latency: few, ledger.RedisKill: few, ledger.RedisStop: few, ledger.ScriptFlush: few,
}

// few is more than by accident.
const few = 3

// Name implements [Suite].
func (Storm) Name() string { return "storm" }

// Run implements [Suite].
func (s Storm) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	row := NewRow("random chaos")
	err := stage.run(ctx, row, "storm", rig.Always, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		return check.Rules{Settle: stormSettle, Memory: tidy}, tempest(ctx, stage, r, s.For, func(c *crew) []vandal {
			return []vandal{
				{faults: onWorkers, posts: c.workers[:2], pause: 2 * time.Second},
				{faults: onWorkers, posts: c.workers[2:], pause: 2 * time.Second},
				{faults: onSenders, posts: c.senders, pause: 2 * time.Second},
				{faults: onRedis, pause: 10 * time.Second},
			}
		})
	})
	s.judge(row)
	return []*Row{row}, err
}

// judge compares a storm of full length with what it has to show. In a shorter one a few faults weigh
// more.
func (s Storm) judge(row *Row) {
	row.note(fmt.Sprintf("%d tasks called off", row.Cancelled))
	if s.For < fullStorm || row.Runs == 0 {
		return
	}
	row.show(stormFaults)
	if row.Cancelled == 0 {
		row.fail("no task was called off")
	}
	if row.Faults < manyFaults || row.Tasks < manyTasks {
		row.fail(fmt.Sprintf("%d faults and %d tasks are too few: a storm has %d and %d", row.Faults, row.Tasks, manyFaults, manyTasks))
	}
	if again := float64(row.Duplicates) / float64(row.Tasks); again > maxAgain {
		row.fail(fmt.Sprintf("%.2f %% of the tasks ran again, more than %.1f %%", 100*again, 100*maxAgain))
	}
}

// tempest lets vandals loose on a crew for some time, and returns when all its tasks are done.
func tempest(ctx context.Context, stage *Stage, r *rig.Rig, length time.Duration, vandals func(*crew) []vandal) error {
	ctx, cancel := context.WithTimeout(ctx, length+drainWithin)
	defer cancel()
	rate := stormRate
	if length < time.Minute {
		rate = shortRate
	}
	over := time.Now().Add(length)
	c, err := muster(ctx, r, int(length.Seconds())*rate, stage.Seed, over)
	if err != nil {
		return err
	}
	defer c.dismiss()
	broken, breaking := errgroup.WithContext(ctx)
	for i, v := range vandals(c) {
		v.rig, v.random = r, stage.Random(fmt.Sprintf("vandal %d of %v", i, length))
		broken.Go(func() error { return v.rage(breaking, over) })
	}
	if err := broken.Wait(); err != nil {
		return err
	}
	if err := c.sent(); err != nil {
		return err
	}
	// Poison may be left, so workers are started again until nothing is.
	if err := r.Drain(ctx); err != nil {
		return err
	}
	return c.dismiss()
}
