//go:build linux

package suite

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zeroq-dev/zeroq/internal/rabbitserver"
	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Carried has a broker carry the ready tasks, and breaks what is around it, one thing after the other: the broker,
// the ways there, the workers, Redis and the relay between the two.
type Carried struct {
	// Kind is the broker: "kafka" or "rabbitmq".
	Kind string
	// For is how long things break in each run.
	For time.Duration
	// Quick leaves out what takes longer than the session of a worker at the broker.
	Quick bool
}

const (
	// carriedWorkers is how many workers there are; groups of theirs are few, so that most have a task that waits.
	carriedWorkers, carriedGroups = 3, 16
	// carriedRate is how many tasks a second are sent with a group, and as many without one.
	carriedRate = 30
	// carriedAtOnce is how many runs go on at the same time.
	carriedAtOnce = 6
)

// kinds are the brokers as people write them.
var kinds = map[string]string{"kafka": "Kafka", "rabbitmq": "RabbitMQ"}

// Name implements [Suite].
func (c Carried) Name() string { return c.Kind }

// Run implements [Suite].
func (c Carried) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	var rows []*Row
	shared, err := c.start(stage)
	if errors.Is(err, rabbitserver.ErrNotFound) {
		row := NewRow(kinds[c.Kind])
		row.Skipped = err.Error()
		return []*Row{row}, nil
	}
	if err != nil {
		return nil, err
	}
	var runs errgroup.Group
	runs.SetLimit(carriedAtOnce)
	for _, t := range stints {
		if t.only != "" && t.only != c.Kind || t.slow && c.Quick {
			continue
		}
		row := NewRow(kinds[c.Kind] + ": " + t.name)
		rows = append(rows, row)
		runs.Go(func() error { return c.stint(ctx, stage, row, t, shared) })
	}
	return rows, errors.Join(runs.Wait(), shared.Close())
}

func (c Carried) start(stage *Stage) (*rig.Server, error) {
	if c.Kind == "kafka" {
		return rig.NewKafka(stage.Folder)
	}
	return rig.NewRabbitMQ()
}

// stint makes one run. What kills its broker has one of its own.
func (c Carried) stint(ctx context.Context, stage *Stage, row *Row, t stint, server *rig.Server) (err error) {
	if t.kills {
		if server, err = c.start(stage); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, server.Close()) }()
		if !server.Ours {
			row.Skipped = "the server is not ours to kill"
			return nil
		}
	}
	err = stage.run(ctx, row, row.Name, cmp.Or(t.fsync, rig.Never), func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		rules := check.Rules{Settle: lease, Answered: t.fsync == "", Grouped: c.Kind == "kafka", Harmless: t.harmless}
		if err := r.Carry(server); err != nil {
			return rules, err
		}
		return rules, c.play(ctx, stage, r, t)
	})
	row.show(t.least())
	return err
}

// play breaks things while tasks are sent, and returns when all is done.
func (c Carried) play(ctx context.Context, stage *Stage, r *rig.Rig, t stint) error {
	ctx, cancel := context.WithTimeout(ctx, c.For+drainWithin)
	defer cancel()
	posts, dismiss, err := man(ctx, r, carriedWorkers, plan.Work{Concurrency: 6, Lease: lease, Drain: t.drain})
	if err != nil {
		return err
	}
	defer dismiss()
	if c.Kind == "rabbitmq" {
		if err := c.settle(ctx, r); err != nil {
			return err
		}
	}
	random, over := stage.Random(kinds[c.Kind]+t.name), time.Now().Add(c.For)
	senders, err := c.send(ctx, r, t, random.Uint64())
	if err != nil {
		return err
	}
	v := vandal{rig: r, random: random, faults: t.faults, posts: posts, pause: t.pause, sure: true}
	if t.all {
		v.posts = nil
	}
	if err := v.rage(ctx, over); err != nil {
		return err
	}
	for _, s := range senders {
		if err := s.Wait(ctx); err != nil {
			return err
		}
	}
	if err := r.Drain(ctx); err != nil {
		return err
	}
	return dismiss()
}

// settle returns once a task has come by the broker: what is broken before meets none on its way. A RabbitMQ that
// stands alone and is killed before it has written down that a quorum queue exists brings it back without a leader,
// for good, whatever we do (ADR 0017). What we do is to publish only once it has, so this waits for what is published
// and not for a time: should that be too early, it shows here.
func (Carried) settle(ctx context.Context, r *rig.Rig) error {
	first, err := r.Producer(ctx, plan.Load{Way: plan.Direct, First: 2 * far, Count: 1, Batch: 1})
	if err != nil {
		return err
	}
	if err := first.Wait(ctx); err != nil {
		return err
	}
	return await(ctx, func() (bool, error) {
		records, err := ledger.Read(r.Folder)
		return slices.ContainsFunc(records, func(r ledger.Record) bool { return r.Kind == ledger.Started }), err
	})
}

// send starts a producer of tasks with groups, where the broker keeps their order, and one of tasks without.
func (c Carried) send(ctx context.Context, r *rig.Rig, t stint, seed uint64) ([]*rig.Process, error) {
	mix := t.mix
	if mix == nil {
		mix = []plan.Share{
			{Weight: 12, Deed: deed.Deed{Nap: 10 * time.Millisecond}},
			{Weight: 4, Deed: deed.Deed{Nap: 200 * time.Millisecond}},
			{Weight: 1, Deed: deed.Deed{Do: deed.Fail, Times: 1}},
			{Weight: 1, Delay: 2 * time.Second},
		}
	}
	load := plan.Load{
		Way: plan.Direct, First: 1, Count: int(c.For.Seconds() * carriedRate), Batch: 3, Rate: carriedRate, Seed: seed, Mix: mix,
	}
	loads := []plan.Load{load}
	if c.Kind == "kafka" {
		grouped := load
		grouped.First, grouped.Groups, grouped.Mix = far, carriedGroups, undelayed(mix)
		loads = append(loads, grouped)
	}
	var senders []*rig.Process
	for _, l := range loads {
		p, err := r.Producer(ctx, l)
		if err != nil {
			return nil, err
		}
		senders = append(senders, p)
	}
	return senders, nil
}

// undelayed leaves out what is due later than it is sent: it changes places.
func undelayed(mix []plan.Share) (rest []plan.Share) {
	for _, s := range mix {
		if s.Delay == 0 {
			rest = append(rest, s)
		}
	}
	return rest
}

// man has posts of workers held until they are dismissed.
func man(ctx context.Context, r *rig.Rig, n int, work plan.Work) (posts []*post, dismiss func() error, err error) {
	within, cancel := context.WithCancel(ctx)
	var keepers errgroup.Group
	dismiss = func() error {
		cancel()
		return keepers.Wait()
	}
	for range n {
		p := &post{rig: r, next: always(plan.Plan{Role: plan.Worker, Work: work})}
		if _, err := p.fill(ctx); err != nil {
			return nil, nil, errors.Join(err, dismiss())
		}
		keepers.Go(func() error { return p.keep(within) })
		posts = append(posts, p)
	}
	return posts, dismiss, nil
}
