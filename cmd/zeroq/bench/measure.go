package bench

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zeroq-dev/zeroq/internal/contender"
)

// measure does some work with a number of tasks.
type measure = func(ctx context.Context, tasks int) (run, error)

// manyCallers enqueue where many do, each one task a call; asynq, which has no bulk, is filled by so many.
const manyCallers = 64

// warmUp is how many tasks are enqueued before the time begins.
const warmUp = manyCallers * 2

// enqueueing has callers enqueue, batch tasks a call.
func (l *lab) enqueueing(who contestant, callers, batch int, where site) measure {
	return func(ctx context.Context, tasks int) (run, error) {
		p, err := where.open()
		if err != nil {
			return run{}, err
		}
		defer p.close()
		return p.watch(ctx, func() (run, error) {
			return l.one(ctx, who, contender.Order{
				Role: contender.Enqueue, Redis: p.addr, Tasks: tasks, Payload: payload, Callers: callers, Batch: batch, WarmUp: warmUp,
			})
		})
	}
}

// one has one process carry out an order.
func (l *lab) one(ctx context.Context, who contestant, o contender.Order) (run, error) {
	result, err := who.carry(ctx, o)
	l.note(result)
	return run{tasks: result.Tasks, took: result.End.Sub(result.Begin), program: result.CPU}, err
}

// note notes what a contender is built on.
func (l *lab) note(result contender.Result) {
	if result.About != "" {
		l.about[result.About] = true
	}
}

// working has worker processes run a backlog; tasks take nap.
func (l *lab) working(who contestant, processes, concurrency int, nap time.Duration, where site) measure {
	return func(ctx context.Context, tasks int) (run, error) {
		p, err := where.open()
		if err != nil {
			return run{}, err
		}
		defer p.close()
		if err := p.fill(ctx, who, tasks); err != nil {
			return run{}, err
		}
		o := contender.Order{
			Role: contender.Work, Redis: p.addr, Tasks: tasks, Payload: payload, Concurrency: concurrency, Nap: nap,
			Shared: processes > 1,
		}
		return p.watch(ctx, func() (run, error) {
			if processes == 1 {
				return l.one(ctx, who, o)
			}
			return shared(ctx, who, processes, o)
		})
	}
}

// shared has several processes carry out one order together.
func shared(ctx context.Context, who contestant, processes int, o contender.Order) (run, error) {
	results := make([]contender.Result, processes)
	group, ctx := errgroup.WithContext(ctx)
	for i := range results {
		group.Go(func() (err error) {
			results[i], err = who.carry(ctx, o)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return run{}, err
	}
	var all run
	var begin, end time.Time
	for _, r := range results {
		if r.Tasks == 0 { // the others were faster
			continue
		}
		if begin.IsZero() || r.Begin.Before(begin) {
			begin = r.Begin
		}
		if r.End.After(end) {
			end = r.End
		}
		all.tasks += r.Tasks
		all.program += r.CPU
	}
	if all.took = end.Sub(begin); all.tasks != o.Tasks {
		return run{}, fmt.Errorf("%d tasks have run, and there were %d", all.tasks, o.Tasks)
	}
	return all, nil
}
