package contender

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// pickUp enqueues tasks one by one before an idle worker, and looks when they start. Both are in this
// process, so one monotonic clock tells all times.
func pickUp(ctx context.Context, o Order, s System) (result Result, err error) {
	base, cpu := time.Now(), spent()
	started := make([]atomic.Int64, o.Tasks+1) // the last is that of the warm-up
	t, warm := newTally(o), make(chan struct{})
	stop, err := s.Work(o.Concurrency, func(data []byte) {
		at, i := time.Since(base), index(data)
		if i < 0 || i > o.Tasks || !started[i].CompareAndSwap(0, int64(at)) {
			return // the tally will not be full
		}
		if i == o.Tasks {
			close(warm)
			return
		}
		t.run()
	})
	if err != nil {
		return result, err
	}
	called, returned, err := trickle(ctx, o, s, base, warm)
	if err == nil {
		err = t.wait(ctx)
	}
	if err = errors.Join(err, stop()); err != nil {
		return result, err
	}
	result.Begin, result.End, result.CPU, result.Tasks = base, time.Now(), spent()-cpu, o.Tasks
	for i := range o.Tasks {
		at := time.Duration(started[i].Load())
		result.FromCall = append(result.FromCall, at-called[i])
		result.FromReturn = append(result.FromReturn, max(at-returned[i], 0))
	}
	return result, nil
}

// trickle enqueues the warm-up and then the tasks, Gap apart in the mean. It returns when each call began
// and when it ended, since base.
func trickle(
	ctx context.Context, o Order, s System, base time.Time, warm <-chan struct{},
) (called, returned []time.Duration, err error) {
	if err := s.Enqueue(ctx, [][]byte{Data(o.Payload, o.Tasks)}, 0); err != nil {
		return nil, nil, err
	}
	select {
	case <-warm:
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("the first task has not run: %w", ctx.Err())
	}
	for i := range o.Tasks {
		data := [][]byte{Data(o.Payload, i)}
		time.Sleep(o.Gap/2 + rand.N(o.Gap))
		called = append(called, time.Since(base))
		if err := s.Enqueue(ctx, data, 0); err != nil {
			return nil, nil, err
		}
		returned = append(returned, time.Since(base))
	}
	return called, returned, nil
}
