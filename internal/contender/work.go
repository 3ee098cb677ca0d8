package contender

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// lookAgain is between two looks at a queue that is about to be empty.
	lookAgain = time.Millisecond
	// lookShared is between two looks at a queue that others empty too: rare enough to cost nothing.
	lookShared = 20 * time.Millisecond
)

// tally counts the tasks that a worker runs.
type tally struct {
	nap   time.Duration
	want  int64
	begun atomic.Int64
	ended atomic.Int64
	first time.Time     // of the first start, once begun is not 0
	full  chan struct{} // closed when want tasks have ended
}

func newTally(o Order) *tally {
	return &tally{nap: o.Nap, want: int64(o.Tasks), full: make(chan struct{})}
}

// run is a task. It returns how many have ended.
func (t *tally) run() int64 {
	if t.begun.Add(1) == 1 {
		t.first = time.Now()
	}
	if t.nap > 0 {
		time.Sleep(t.nap)
	}
	ended := t.ended.Add(1)
	if ended == t.want {
		close(t.full)
	}
	return ended
}

// wait returns when all tasks that are wanted have ended.
func (t *tally) wait(ctx context.Context) error {
	select {
	case <-t.full:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d of %d tasks have run: %w", t.ended.Load(), t.want, ctx.Err())
	}
}

// work runs the tasks of a backlog until all of them are acknowledged.
func work(ctx context.Context, o Order, s System) (result Result, err error) {
	t := newTally(o)
	cpu := spent()
	stop, err := s.Work(o.Concurrency, func([]byte) { t.run() })
	if err != nil {
		return result, err
	}
	pause := lookAgain
	if o.Shared {
		pause = lookShared
	} else {
		err = t.wait(ctx)
	}
	if err == nil {
		err = empty(ctx, s, pause)
	}
	result.End, result.CPU = time.Now(), spent()-cpu
	if err = errors.Join(err, stop()); err != nil {
		return result, err
	}
	result.Begin, result.Tasks = t.first, int(t.ended.Load())
	if !o.Shared && result.Tasks != o.Tasks {
		err = fmt.Errorf("%d tasks have run, and there were %d", result.Tasks, o.Tasks)
	}
	return result, err
}

// empty returns when no task is left unfinished.
func empty(ctx context.Context, s System, pause time.Duration) error {
	for {
		left, err := s.Unfinished(ctx)
		if err != nil || left == 0 {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%d tasks are left: %w", left, ctx.Err())
		}
	}
}

// steady runs tasks and puts as many on, so that the backlog stays as long as it is.
func steady(ctx context.Context, o Order, s System) (result Result, err error) {
	before, err := s.Unfinished(ctx)
	if err != nil {
		return result, err
	}
	t, more := newTally(o), make(chan struct{}, o.Tasks/Batch+1)
	fed := make(chan error, 1)
	go func() { fed <- feed(ctx, o, s, more) }()
	cpu := spent()
	stop, err := s.Work(o.Concurrency, func([]byte) {
		if n := int(t.run()); n%Batch == 0 && n <= o.Tasks {
			more <- struct{}{}
		}
	})
	if err != nil {
		close(more)
		return result, errors.Join(err, <-fed)
	}
	err = t.wait(ctx)
	result.Begin, result.End, result.CPU, result.Tasks = t.first, time.Now(), spent()-cpu, o.Tasks
	err = errors.Join(err, stop()) // no handler runs from now on
	close(more)
	if err = errors.Join(err, <-fed); err != nil {
		return result, err
	}
	after, err := s.Unfinished(ctx)
	if want := before + o.Tasks/Batch*Batch - int(t.ended.Load()); err == nil && after != want {
		err = fmt.Errorf("the backlog has %d tasks, and should have %d", after, want)
	}
	return result, err
}

// feed has the callers put [Batch] tasks on the queue each time that so many have run.
func feed(ctx context.Context, o Order, s System, more <-chan struct{}) (err error) {
	call := enqueuing(o, s)
	o.Tasks = Batch
	for range more {
		if err == nil {
			_, err = Share(ctx, o, call)
		}
	}
	return err
}
