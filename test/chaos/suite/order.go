//go:build linux

package suite

import (
	"context"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Order has one worker run one task at a time: they must start in the order in which they were sent.
type Order struct {
	// Tasks is how many there are.
	Tasks int
}

// Name implements [Suite].
func (Order) Name() string { return "order" }

// Run implements [Suite].
func (o Order) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	row := NewRow("one task at a time, in order")
	err := stage.run(ctx, row, o.Name(), rig.Never, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		rules := check.Rules{Ordered: true, Answered: true}
		if _, err := r.Worker(ctx, plan.Work{Concurrency: 1}); err != nil {
			return rules, err
		}
		api, err := r.API(ctx)
		if err != nil {
			return rules, err
		}
		half := o.Tasks / 2
		batches := plan.Load{Way: plan.Direct, First: 1, Count: half, Batch: 50}
		if err := r.Send(ctx, batches); err != nil {
			return rules, err
		}
		single := plan.Load{Way: plan.ByHTTP, URL: api.URL(), First: uint64(1 + half), Count: o.Tasks - half}
		return rules, r.Send(ctx, single)
	})
	return []*Row{row}, err
}
