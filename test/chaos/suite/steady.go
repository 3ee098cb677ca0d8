//go:build linux

package suite

import (
	"context"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// tidy is how many bytes a queue may keep when all its tasks are forgotten.
const tidy = 64 << 10

// Steady runs many tasks and breaks nothing: each must run once, and nothing must stay.
type Steady struct {
	// Tasks is how many there are.
	Tasks int
}

// Name implements [Suite].
func (Steady) Name() string { return "steady" }

// Run implements [Suite].
func (s Steady) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	row := NewRow("nothing")
	began := time.Now()
	err := stage.run(ctx, row, s.Name(), rig.Never, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		rules := check.Rules{Memory: tidy, Answered: true}
		for range 2 {
			if _, err := r.Worker(ctx, plan.Work{Concurrency: 50}); err != nil {
				return rules, err
			}
		}
		if err := s.send(ctx, r); err != nil {
			return rules, err
		}
		return rules, r.Drain(ctx)
	})
	row.note(fmt.Sprintf("%.0f s with the judgement", time.Since(began).Seconds()))
	return []*Row{row}, err
}

// send has producers of three ways send at the same time, most of them in the way that is fastest.
func (s Steady) send(ctx context.Context, r *rig.Rig) error {
	api, err := r.API(ctx)
	if err != nil {
		return err
	}
	few := s.Tasks / 20
	loads := []plan.Load{
		{Way: plan.Plain, Count: s.Tasks - 2*few, Batch: 500},
		{Way: plan.Direct, Count: few, Batch: 100},
		{Way: plan.ByHTTP, URL: api.URL(), Count: few, Batch: 100},
	}
	var producers []*rig.Process
	first := uint64(1)
	for _, l := range loads {
		l.First = first
		first += uint64(l.Count)
		p, err := r.Producer(ctx, l)
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
