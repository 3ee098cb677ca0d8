//go:build linux

package suite

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// callRate is how many tasks a second are called off.
const callRate = 10

// crew are the processes of a storm: workers, an API, and a producer for each way to enqueue. Each is
// started again when it ends, until all tasks are sent and done. An operator beside them calls tasks off.
type crew struct {
	workers, senders []*post

	sending, serving errgroup.Group
	cancel           context.CancelFunc
}

// muster starts a crew that is to send its tasks by a moment.
func muster(ctx context.Context, r *rig.Rig, tasks int, seed uint64, by time.Time) (*crew, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := &crew{cancel: cancel}
	if err := c.man(ctx, r, tasks, seed, by); err != nil {
		c.dismiss()
		return nil, err
	}
	return c, nil
}

func (c *crew) man(ctx context.Context, r *rig.Rig, tasks int, seed uint64, by time.Time) error {
	work := plan.Plan{Role: plan.Worker, Work: plan.Work{Concurrency: 8, Lease: stormLease, Drain: stormLease}}
	for range 4 {
		c.workers = append(c.workers, &post{rig: r, next: always(work)})
	}
	api, err := r.API(ctx)
	if err != nil {
		return err
	}
	c.senders = []*post{{rig: r, next: always(api.Plan), holder: api}}
	for _, p := range slices.Concat(c.workers, c.senders) {
		c.serving.Go(func() error { return p.keep(ctx) })
	}
	for _, s := range shares(tasks, seed, api.URL()) {
		p := &post{rig: r, next: (&sender{load: s, by: by}).next}
		c.senders = append(c.senders, p)
		c.sending.Go(func() error { return p.keep(ctx) })
		if s.Way == plan.Direct {
			call := plan.Call{URL: api.URL(), First: s.First, Count: s.Count, Over: time.Until(by), Rate: callRate, Seed: seed}
			if _, err := r.Start(ctx, plan.Plan{Role: plan.Operator, Call: call}); err != nil {
				return err
			}
		}
	}
	return nil
}

// sent waits until all tasks are sent.
func (c *crew) sent() error { return c.sending.Wait() }

// dismiss has nobody started again any more. The processes stay.
func (c *crew) dismiss() error {
	c.cancel()
	_ = c.sending.Wait() // who wants to know has asked
	return c.serving.Wait()
}

// sender is the plan of a producer that may be ended at any time: the next goes on with what it had
// not begun to send. What it had sent without an answer stays so.
type sender struct {
	load plan.Load
	by   time.Time
}

func (s *sender) next(last *rig.Process) (plan.Plan, bool, error) {
	if last != nil {
		if err := s.skip(last); err != nil {
			return plan.Plan{}, false, err
		}
	}
	left := max(time.Until(s.by), time.Second)
	s.load.Rate = float64(s.load.Count) / left.Seconds()
	return plan.Plan{Role: plan.Producer, Load: s.load}, s.load.Count > 0, nil
}

// skip leaves out what a producer had begun to send.
func (s *sender) skip(last *rig.Process) error {
	records, err := ledger.ReadProcess(last.Plan.Folder, last.ID())
	for _, r := range records {
		if r.Kind == ledger.Sending && r.Task >= s.load.First {
			s.load.Count -= int(r.Task + 1 - s.load.First)
			s.load.First = r.Task + 1
		}
	}
	return err
}
