//go:build linux

package suite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Full fills Redis until it refuses tasks, and has the workers drain it while it stays full: those that
// were there before, and those that begin when it is full. One of them is killed meanwhile.
type Full struct {
	// Cycles is how often it is filled and drained.
	Cycles int
}

const (
	// room is what Redis is given in each cycle, in bytes. Neither producer's tasks fit in, even if they
	// are run at once: what is kept of them needs more.
	room = 1 << 20
	// flood is how many tasks each producer sends in a cycle.
	flood = 5000
)

// fullWork is what workers of the suite do: so little at once that they are not done before it is full.
var fullWork = plan.Work{Concurrency: 8, Lease: longLease, Drain: lease}

// Name implements [Suite].
func (Full) Name() string { return "full" }

// Run implements [Suite].
func (f Full) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	row, random := NewRow(fmt.Sprintf("Redis full and drained, %d times", f.Cycles)), stage.Random("full")
	err := stage.run(ctx, row, f.Name(), rig.Never, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		rules := check.Rules{Answered: true, Spared: true, Memory: tidy}
		api, err := r.API(ctx)
		if err != nil {
			return rules, err
		}
		for i := range f.Cycles {
			if err := f.cycle(ctx, r, api.URL(), i, random); err != nil {
				return rules, fmt.Errorf("cycle %d: %w", i, err)
			}
		}
		return rules, nil
	})
	row.note(fmt.Sprintf("%d refused", row.Refused))
	return []*Row{row}, err
}

// cycle fills Redis and drains it. In every other cycle the workers begin only when it is full.
func (f Full) cycle(ctx context.Context, r *rig.Rig, url string, i int, random *rand.Rand) error {
	before := i%2 == 0
	if before {
		if err := f.workers(ctx, r); err != nil {
			return err
		}
	}
	if err := r.Redis.Limit(ctx, room); err != nil {
		return err
	}
	if err := f.fill(ctx, r, url, uint64(1+2*i*flood), random); err != nil {
		return err
	}
	if err := refused(r, uint64(1+2*i*flood)); err != nil {
		return err
	}
	return r.Redis.Fill(ctx, func() error {
		if !before {
			if err := f.workers(ctx, r); err != nil {
				return err
			}
		}
		if err := f.kill(ctx, r, random.IntN(5)); err != nil {
			return err
		}
		if err := r.Drain(ctx); err != nil {
			return err
		}
		for _, p := range r.Processes(plan.Worker) {
			if err := p.Term(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (Full) workers(ctx context.Context, r *rig.Rig) error {
	for range 2 {
		if _, err := r.Worker(ctx, fullWork); err != nil {
			return err
		}
	}
	return nil
}

// fill has one producer of each way send until all its tasks are accepted or refused.
func (Full) fill(ctx context.Context, r *rig.Rig, url string, first uint64, random *rand.Rand) error {
	mix := []plan.Share{
		{Weight: 20, Deed: deed.Deed{Nap: 10 * time.Millisecond}},
		{Weight: 2, Deed: deed.Deed{Do: deed.Fail, Times: 2}},
		{Weight: 1, Deed: deed.Deed{Do: deed.Panic, Times: 1}},
		{Weight: 1, Deed: deed.Deed{Do: deed.Give}},
		{Weight: 2, Delay: 4 * time.Second},
	}
	var producers []*rig.Process
	for i, way := range []string{plan.ByHTTP, plan.Direct} {
		p, err := r.Producer(ctx, plan.Load{
			Way: way, URL: url, First: first + uint64(i*flood), Count: flood, Batch: 50,
			Seed: random.Uint64(), Mix: mix, GiveUp: true,
		})
		if err != nil {
			return err
		}
		producers = append(producers, p)
	}
	for _, p := range producers {
		if err := p.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// refused tells whether Redis was full for the tasks from a number on.
func refused(r *rig.Rig, first uint64) error {
	records, err := ledger.Read(r.Folder)
	if err != nil {
		return err
	}
	for _, one := range records {
		if one.Kind == ledger.Refused && one.Code == ledger.Full && one.Task >= first {
			return nil
		}
	}
	return errors.New("Redis was never full: no task was refused")
}

// kill kills a worker that has outcomes on their way, and starts another.
func (Full) kill(ctx context.Context, r *rig.Rig, skip int) error {
	victim := r.Processes(plan.Worker)[0]
	trap := victim.Way.Arm(proxy.Trap{Command: "settle", Skip: skip})
	defer trap.Release()
	select {
	case <-trap.Tripped():
	case <-time.After(awaitFor):
		return fmt.Errorf("worker %d has nothing to settle", victim.ID())
	case <-ctx.Done():
		return ctx.Err()
	}
	victim.Kill("full")
	_, err := r.Worker(ctx, fullWork)
	return err
}
