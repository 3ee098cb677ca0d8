package contender

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// enqueue puts tasks on the queue and sees that they are there.
func enqueue(ctx context.Context, o Order, s System) (result Result, err error) {
	before, err := s.Unfinished(ctx)
	if err != nil {
		return result, err
	}
	call := enqueuing(o, s)
	warmUp := o
	warmUp.Tasks, warmUp.Batch = o.WarmUp, 1
	if _, err = Share(ctx, warmUp, call); err != nil {
		return result, err
	}
	if result, err = Share(ctx, o, call); err != nil {
		return result, err
	}
	after, err := s.Unfinished(ctx)
	if want := o.Tasks + warmUp.Tasks; err == nil && after-before != want {
		err = fmt.Errorf("%d tasks were enqueued, and %d are there", want, after-before)
	}
	return result, err
}

// enqueuing is a call that enqueues as many tasks as it is told, Batch at most.
func enqueuing(o Order, s System) func(ctx context.Context, tasks int) error {
	data := make([][]byte, o.Batch)
	for i := range data {
		data[i] = Data(o.Payload, i)
	}
	return func(ctx context.Context, n int) error { return s.Enqueue(ctx, data[:n], o.Delay) }
}

// Share has the callers of an order make calls of at most Batch tasks each, until all Tasks are through.
func Share(ctx context.Context, o Order, call func(ctx context.Context, tasks int) error) (Result, error) {
	result := Result{Tasks: o.Tasks, Begin: time.Now()}
	cpu := spent()
	group, ctx := errgroup.WithContext(ctx)
	for caller := range o.Callers {
		group.Go(func() error {
			mine := o.Tasks / o.Callers
			if caller < o.Tasks%o.Callers {
				mine++
			}
			for ; mine > 0; mine -= o.Batch {
				if err := call(ctx, min(mine, o.Batch)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	result.End, result.CPU = time.Now(), spent()-cpu
	return result, err
}
