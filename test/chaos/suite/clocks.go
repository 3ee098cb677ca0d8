//go:build linux

package suite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Clocks has workers, producers and APIs whose wall clocks are two hours fast and two hours slow beside
// right ones, and kills workers. Tasks are due by the clock of Redis, whoever sends and runs them.
type Clocks struct {
	// For is how long tasks are sent.
	For time.Duration
}

const (
	// wrong is by how much clocks are.
	wrong = 2 * time.Hour
	// clockRate is how many tasks a second each producer sends.
	clockRate = 60
	// beyond is the number of the first task: those of schedules have numbers of the queue's, from 1.
	beyond = 1 << 40
)

// clocks are those of workers, producers and APIs.
var clocks = []time.Duration{0, wrong, -wrong}

// Name implements [Suite].
func (Clocks) Name() string { return "clocks" }

// Run implements [Suite].
func (c Clocks) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	row, random := NewRow("wall clocks 2 h fast and slow, workers killed"), stage.Random("clocks")
	err := stage.run(ctx, row, c.Name(), rig.Never, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		rules := check.Rules{Spared: true, Answered: true, Pause: leastPause}
		apis, err := c.apis(ctx, r) // first: they take the time to build the program
		if err != nil {
			return rules, err
		}
		first, err := makeSchedules(ctx, r)
		if err != nil {
			return rules, err
		}
		if err := c.workers(ctx, r); err != nil {
			return rules, err
		}
		if err := c.send(ctx, r, apis, random); err != nil {
			return rules, err
		}
		if err := c.kill(ctx, r, random); err != nil {
			return rules, err
		}
		if err := c.sure(r); err != nil {
			return rules, err
		}
		rules.Ticks, err = stopSchedules(ctx, r, first)
		return rules, err
	})
	row.note(fmt.Sprintf("begun %s", row.late()))
	return []*Row{row}, err
}

// apis starts one API of each clock.
func (Clocks) apis(ctx context.Context, r *rig.Rig) ([]*rig.Process, error) {
	var all []*rig.Process
	for _, clock := range clocks {
		api, err := r.WrongAPI(ctx, clock)
		if err != nil {
			return nil, err
		}
		all = append(all, api)
	}
	return all, nil
}

func (c Clocks) workers(ctx context.Context, r *rig.Rig) error {
	for _, clock := range clocks {
		if err := c.worker(ctx, r, clock); err != nil {
			return err
		}
	}
	return nil
}

func (Clocks) worker(ctx context.Context, r *rig.Rig, clock time.Duration) error {
	_, err := r.Start(ctx, plan.Plan{
		Role: plan.Worker, Clock: clock, Work: plan.Work{Concurrency: 10, Lease: longLease, Drain: lease},
	})
	return err
}

// send starts two producers of each clock. Those by HTTP have the API that comes next, so that their clocks
// differ.
func (c Clocks) send(ctx context.Context, r *rig.Rig, apis []*rig.Process, random *rand.Rand) error {
	mix := []plan.Share{
		{Weight: 2, Deed: deed.Deed{Nap: 100 * time.Millisecond}},
		{Weight: 2, Delay: time.Second},
		{Weight: 2, Delay: 3 * time.Second},
		{Weight: 1, Deed: deed.Deed{Do: deed.Fail, Times: 2}},
		{Weight: 1, Deed: deed.Deed{Do: deed.Fail, Times: 1}, Delay: 2 * time.Second},
	}
	count := int(c.For.Seconds() * clockRate)
	first := uint64(beyond)
	for i, clock := range clocks {
		for _, way := range []string{plan.Direct, plan.ByHTTP} {
			_, err := r.Start(ctx, plan.Plan{Role: plan.Producer, Clock: clock, Load: plan.Load{
				Way: way, URL: apis[(i+1)%len(apis)].URL(), First: first, Count: count, Rate: clockRate, Seed: random.Uint64(), Mix: mix,
			}})
			if err != nil {
				return err
			}
			first += uint64(count)
		}
	}
	return nil
}

// kill kills workers, each of which is followed by one of the same clock, until all is sent.
func (c Clocks) kill(ctx context.Context, r *rig.Rig, random *rand.Rand) error {
	for len(r.Processes(plan.Producer)) > 0 {
		rest(ctx, time.Second+time.Duration(random.Int64N(int64(2*time.Second))))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		workers := r.Processes(plan.Worker)
		victim := workers[random.IntN(len(workers))]
		victim.Kill("clock")
		if err := c.worker(ctx, r, victim.Plan.Clock); err != nil {
			return err
		}
	}
	return nil
}

// sure tells whether the clocks are as wrong as they should be: a run with right ones proves nothing.
func (Clocks) sure(r *rig.Rig) error {
	records, err := ledger.Read(r.Folder)
	if err != nil {
		return err
	}
	seen := make(map[time.Duration]bool)
	for _, up := range records {
		if up.Kind == ledger.Up {
			right := time.Now().Add(-ledger.Now().Sub(up.At))
			seen[time.Unix(int64(up.Key), 0).Sub(right).Round(wrong)] = true
		}
	}
	for _, clock := range clocks {
		if !seen[clock] {
			return fmt.Errorf("no process has a clock that is wrong by %v", clock)
		}
	}
	return nil
}
