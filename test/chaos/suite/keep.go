//go:build linux

package suite

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// longLease is that of workers that nothing but a death may part from their tasks, however busy the
// machine is.
const longLease = 3 * time.Second

// leastPause is the least time that workers wait before they try again what failed.
const leastPause = 80 * time.Millisecond

// tries is how often in a row a worker may end before it is up: it is hit by then already.
const tries = 5

// keep has so many workers run until it is stopped: one that ends is started again, as whoever runs
// services does it. It returns once they are up.
func keep(ctx context.Context, r *rig.Rig, n int, work plan.Work) (stop func() error, err error) {
	within, cancel := context.WithCancel(ctx)
	var keepers errgroup.Group
	stop = func() error {
		cancel()
		return keepers.Wait()
	}
	for range n {
		worker, err := r.Worker(ctx, work)
		if err != nil {
			_ = stop() // what failed is told already
			return nil, err
		}
		keepers.Go(func() error {
			for within.Err() == nil {
				select {
				case <-worker.Gone():
				case <-within.Done():
					return nil
				}
				if worker, err = again(ctx, r, work); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return stop, nil
}

// again starts a worker until one is up.
func again(ctx context.Context, r *rig.Rig, work plan.Work) (worker *rig.Process, err error) {
	for range tries {
		if worker, err = r.Worker(ctx, work); err == nil || ctx.Err() != nil {
			return worker, err
		}
	}
	return nil, err
}
