//go:build linux

package suite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Peer sends zeroq and asynq through the same faults: the same tasks, deeds and workers, and both with
// the leases they have by default. What zeroq breaks is broken; what asynq breaks is told.
type Peer struct {
	// Program is the path of the program that plays asynq's processes.
	Program string
}

// peerDrains bounds how long a run may take to be over: asynq finds the tasks of a dead worker after up
// to two minutes.
const peerDrains = 4 * time.Minute

// contender is one of the systems, and how it is known on the way to Redis what it does.
type contender struct {
	name          string
	system        rig.System
	told          bool
	rules         check.Rules
	fetch, settle proxy.Trap
}

// contenders are those that are compared.
func (p Peer) contenders() []contender {
	return []contender{
		{
			name: "zeroq", system: rig.Zeroq{},
			fetch: proxy.Trap{Command: "fetch"}, settle: proxy.Trap{Command: "settle"},
		},
		{
			// asynq takes the death of a worker for a failed attempt. It promises nothing about numbers of
			// attempts beyond that, so it is not judged by them: see judge.
			name: "asynq", system: rig.Peer{Path: p.Program}, told: true, rules: check.Rules{Spends: true},
			fetch:  proxy.Trap{Command: "eval", Match: withKeys("pending", "paused", "active", "lease")},
			settle: proxy.Trap{Command: "eval", Match: withKeys("active", "lease", "completed")},
		},
	}
}

// Name implements [Suite].
func (Peer) Name() string { return "peer" }

// Run implements [Suite]. All runs go on at the same time, as they wait most of the time.
func (p Peer) Run(ctx context.Context, stage *Stage) ([]*Row, error) {
	var rows []*Row
	var runs sync.WaitGroup
	var errs failures
	for _, ordeal := range ordeals {
		for _, c := range p.contenders() {
			row := NewRow(ordeal.name)
			row.System, row.Comparison = c.name, &Comparison{Told: c.told, Due: ordeal.interrupts}
			rows = append(rows, row)
			for n := range ordeal.runs() {
				runs.Go(func() { errs.add(c.undergo(ctx, stage, ordeal, row, n)) })
			}
		}
	}
	runs.Wait()
	return rows, errs.all
}

// failures are errors of runs that could not be made.
type failures struct {
	mu  sync.Mutex
	all error
}

func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = errors.Join(f.all, err)
}

// undergo is one run of one system.
func (c contender) undergo(ctx context.Context, stage *Stage, o ordeal, row *Row, n int) error {
	name := fmt.Sprintf("%s, %s, run %d", o.name, c.name, n+1)
	r, err := rig.New(stage.Folder, c.system, rig.Never)
	if err != nil {
		return err
	}
	history, err := stage.play(ctx, r, peerDrains, func(ctx context.Context, r *rig.Rig) (check.Rules, error) {
		// Both systems draw the same.
		random := stage.Random(fmt.Sprintf("%s, run %d", o.name, n+1))
		return c.rules, o.play(ctx, &trial{contender: c, ordeal: o, part: n, rig: r, random: random, row: row})
	})
	switch {
	case errors.Is(err, errStuck):
		row.stuck(fmt.Sprintf("%s: %v (ledgers in %s)", name, err, r.Folder))
		return errors.Join(r.Close(), ctx.Err())
	case err != nil && c.told && ctx.Err() == nil:
		// What a run waits for in vain tells something of the system, too.
		row.fail(fmt.Sprintf("%s: %v (ledgers in %s)", name, err, r.Folder))
		return r.Close()
	case err != nil:
		return errors.Join(fmt.Errorf("%s (ledgers in %s): %w", name, r.Folder, err), r.Close())
	}
	report := c.judge(history)
	row.Add(report)
	row.compare(history.Records)
	for _, v := range report.Violations[:min(len(report.Violations), maxTold)] {
		row.fail(fmt.Sprintf("%s: %s: task %d: %s (ledgers in %s)", name, v.Rule, v.Task, v.Text, r.Folder))
	}
	if report.OK() {
		return r.Remove()
	}
	return r.Close()
}

// judge judges all by the same rules, but asynq not by numbers of attempts.
func (c contender) judge(h check.History) check.Report {
	report := check.Check(h)
	if c.told {
		report.Violations = slices.DeleteFunc(report.Violations, func(v check.Violation) bool { return v.Rule == check.Attempts })
	}
	return report
}

// trial is what an ordeal works on.
type trial struct {
	contender
	ordeal
	part   int // of the round
	rig    *rig.Rig
	random *rand.Rand
	row    *Row
}

// send sends tasks and waits until all are accepted.
func (t *trial) send(ctx context.Context, l plan.Load) error {
	l.Way, l.Batch = plan.Direct, 10
	return t.rig.Send(ctx, l)
}
