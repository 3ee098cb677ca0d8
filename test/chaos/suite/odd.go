//go:build linux

package suite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Odd gives workers what nobody should give them: handlers that do anything but their work, garbage on
// the list, types that nobody knows, and deaths under tasks that may start only once.
type Odd struct {
	// For is how long each of it goes on.
	For time.Duration
}

const (
	// oddRate is how many tasks a second are sent to workers that get something odd.
	oddRate = 200
	// far is the number of the first task of a producer that sends beside another.
	far = 1_000_000
)

// Name implements [Suite].
func (Odd) Name() string { return "odd" }

// Run implements [Suite].
func (o Odd) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	var rows []*Row
	var runs errgroup.Group
	for _, one := range []struct {
		name string
		run  func(context.Context, *rig.Rig, *rand.Rand) (check.Rules, error)
		show map[ledger.Code]int // faults that there have to be
		dies bool                // some tasks have to become dead letters
	}{
		{"handlers that panic, hang, fail and give up", o.misbehave, nil, true},
		{"handlers that end the process", o.crash, map[ledger.Code]int{ledger.Exit: 4}, true}, // poison needs three
		{"garbage on the list", o.garbage, map[ledger.Code]int{ledger.Garbage: 1}, true},
		{"types that nobody knows for a time", o.unknown, nil, false},
		{"at most once, workers killed", o.once, map[ledger.Code]int{ledger.Kill: 1}, false},
	} {
		row := NewRow(one.name)
		rows = append(rows, row)
		runs.Go(func() error {
			err := stage.run(ctx, row, one.name, rig.Never, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
				return one.run(ctx, r, stage.Random(one.name))
			})
			row.show(one.show)
			if one.dies && row.Runs > 0 && row.Dead == 0 {
				row.fail("there were no dead letters")
			}
			row.note(fmt.Sprintf("%d dead letters; begun %s", row.Dead, row.late()))
			return err
		})
	}
	return rows, runs.Wait()
}

// load is that of the whole run.
func (o Odd) load(random *rand.Rand, mix ...plan.Share) plan.Load {
	return plan.Load{
		Way: plan.Direct, First: 1, Count: int(o.For.Seconds() * oddRate), Batch: 5, Rate: oddRate,
		Seed: random.Uint64(), Mix: mix,
	}
}

// misbehave has handlers do all that they can do wrong without hurting others.
func (o Odd) misbehave(ctx context.Context, r *rig.Rig, random *rand.Rand) (check.Rules, error) {
	rules := check.Rules{Spared: true, Answered: true, Pause: leastPause}
	for range 2 {
		if _, err := r.Worker(ctx, plan.Work{Concurrency: 20}); err != nil {
			return rules, err
		}
	}
	return rules, r.Send(ctx, o.load(random,
		plan.Share{Weight: 100, Deed: deed.Deed{Nap: 5 * time.Millisecond}},
		plan.Share{Weight: 20, Deed: deed.Deed{Do: deed.Panic, Times: 2}},
		plan.Share{Weight: 20, Deed: deed.Deed{Do: deed.Fail, Times: 3}},
		plan.Share{Weight: 20, Deed: deed.Deed{Do: deed.Give}},
		plan.Share{Weight: 3, Deed: deed.Deed{Do: deed.Hang, Nap: 3 * time.Second}, Timeout: time.Second},
		plan.Share{Weight: 20, Delay: 2 * time.Second},
	))
}

// crash has handlers end their processes: two of them once each, and one each time, in turn. Tasks that
// die with them are spared: no more than two deaths hit them.
func (o Odd) crash(ctx context.Context, r *rig.Rig, random *rand.Rand) (check.Rules, error) {
	rules := check.Rules{Spared: true, Answered: true}
	stop, err := keep(ctx, r, 2, plan.Work{Concurrency: 10, Lease: longLease})
	if err != nil {
		return rules, err
	}
	first := uint64(1)
	for end := time.Now().Add(o.For); err == nil && (first == 1 || time.Now().Before(end)); {
		for _, culprits := range []plan.Load{
			{Count: 2, Mix: []plan.Share{{Weight: 1, Deed: deed.Deed{Do: deed.Exit, Nap: 20 * time.Millisecond}}}},
			{Count: 1, Mix: []plan.Share{{Weight: 1, Deed: deed.Deed{Do: deed.Poison}}}},
		} {
			if err == nil {
				err = o.wave(ctx, r, first, culprits)
			}
			first += oddRate
		}
	}
	if failed := stop(); err == nil {
		err = failed
	}
	return rules, err
}

// wave sends some tasks, and the culprits amid them, and waits until all is over.
func (Odd) wave(ctx context.Context, r *rig.Rig, first uint64, culprits plan.Load) error {
	neighbours, err := r.Producer(ctx, plan.Load{
		Way: plan.Direct, First: first, Count: oddRate, Batch: 5, Rate: oddRate,
		Mix: []plan.Share{{Weight: 1, Deed: deed.Deed{Nap: 50 * time.Millisecond}}},
	})
	if err != nil {
		return err
	}
	culprits.Way, culprits.First = plan.Direct, far+first
	if err := r.Send(ctx, culprits); err != nil {
		return err
	}
	if err := neighbours.Wait(ctx); err != nil {
		return err
	}
	return r.Drain(ctx)
}

// garbage puts messages on the list that nobody can read, amid others.
func (o Odd) garbage(ctx context.Context, r *rig.Rig, random *rand.Rand) (check.Rules, error) {
	rules := check.Rules{Spared: true, Answered: true}
	for range 2 {
		if _, err := r.Worker(ctx, plan.Work{Concurrency: 10}); err != nil {
			return rules, err
		}
	}
	rate, at := 3.0, ledger.Now()
	rubbish, err := r.Producer(ctx, plan.Load{
		Way: plan.Garbage, First: far, Count: max(int(o.For.Seconds()*rate), 18), Rate: rate,
	})
	if err != nil {
		return rules, err
	}
	if err := r.Send(ctx, o.load(random, plan.Share{Weight: 1, Deed: deed.Deed{Nap: time.Millisecond}})); err != nil {
		return rules, err
	}
	err = rubbish.Wait(ctx)
	r.Note(ledger.Record{Kind: ledger.Fault, Code: ledger.Garbage, At: at, Until: ledger.Now()})
	return rules, err
}

// unknown is a deploy that takes its time: tasks come, and those workers that know them come later.
func (o Odd) unknown(ctx context.Context, r *rig.Rig, random *rand.Rand) (check.Rules, error) {
	rules := check.Rules{Spared: true, Answered: true}
	for range 2 {
		if _, err := r.Worker(ctx, plan.Work{Concurrency: 10, Blind: true}); err != nil {
			return rules, err
		}
	}
	blind := r.Processes(plan.Worker)
	if err := r.Send(ctx, o.load(random, plan.Share{Weight: 1})); err != nil {
		return rules, err
	}
	for range 2 {
		if _, err := r.Worker(ctx, plan.Work{Concurrency: 10}); err != nil {
			return rules, err
		}
	}
	for _, p := range blind {
		if err := p.Term(ctx); err != nil {
			return rules, err
		}
	}
	return rules, nil
}

// once kills workers of a queue whose tasks may start only once.
func (o Odd) once(ctx context.Context, r *rig.Rig, random *rand.Rand) (check.Rules, error) {
	rules := check.Rules{Once: true, Answered: true}
	stop, err := keep(ctx, r, 3, plan.Work{Concurrency: 10, Lease: longLease, Once: true})
	if err != nil {
		return rules, err
	}
	sender, err := r.Producer(ctx, o.load(random, plan.Share{Weight: 1, Deed: deed.Deed{Nap: 20 * time.Millisecond}}))
	for err == nil && sender.Alive() {
		rest(ctx, 300*time.Millisecond+time.Duration(random.Int64N(int64(1200*time.Millisecond))))
		if workers := r.Processes(plan.Worker); len(workers) > 0 {
			workers[random.IntN(len(workers))].Kill("once")
		}
		err = ctx.Err()
	}
	if failed := stop(); err == nil {
		err = failed
	}
	return rules, err
}
