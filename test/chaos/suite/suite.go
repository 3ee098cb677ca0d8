//go:build linux

// Package suite has the chaos runs: each breaks something, again and again, and judges what came of
// it.
package suite

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// Suite is a kind of run, of some size.
type Suite interface {
	// Name is what the command line and the table call it.
	Name() string
	// Run runs it and returns the lines of the table that it makes. What goes wrong is in the rows;
	// an error is only of a run that could not be made.
	Run(ctx context.Context, s *Stage) ([]*Row, error)
}

// Stage is what all suites of one command share.
type Stage struct {
	// Folder is where runs keep their ledgers. Those of a run that was clean are deleted.
	Folder string
	// Seed decides all that is left to chance. The same seed breaks the same things in the same order;
	// who wins a race is up to the machine.
	Seed uint64
	// Say tells people how far it is.
	Say func(format string, args ...any)
}

// Random is the chance of one run, by its name.
func (s *Stage) Random(run string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(run)) // it never fails
	return rand.New(rand.NewPCG(s.Seed, h.Sum64()))
}

// lease is that of workers in suites that do not measure the default one.
// One that is much shorter runs out by itself where a machine is busy with other things.
const lease = 2 * time.Second

// drainWithin bounds how long a run may take to be over once nothing is broken any more.
const drainWithin = 2 * time.Minute

// run is one run of a suite: f gets a rig, breaks what it wants, and returns the rules to judge by. The
// row gets the judgement.
func (s *Stage) run(ctx context.Context, row *Row, name string, fsync rig.Fsync, f func(ctx context.Context, r *rig.Rig) (check.Rules, error)) error {
	r, err := rig.New(s.Folder, rig.Zeroq{}, fsync)
	if err != nil {
		return err
	}
	history, err := s.play(ctx, r, drainWithin, f)
	if err != nil {
		// What could not be judged may be the fault of the system: it is not drained, or does not end.
		row.fail(fmt.Sprintf("%s: %v (ledgers in %s)", name, err, r.Folder))
		return errors.Join(r.Close(), ctx.Err())
	}
	report := check.Check(history)
	row.Add(report)
	row.ticked(len(history.Rules.Ticks))
	missing := ""
	if history.Rules.Answered {
		missing = unanswered(r.Loads(), report)
	}
	if missing != "" {
		row.fail(fmt.Sprintf("%s: %s (ledgers in %s)", name, missing, r.Folder))
	}
	if report.OK() && missing == "" {
		return r.Remove()
	}
	for _, v := range report.Violations[:min(len(report.Violations), maxTold)] {
		row.fail(fmt.Sprintf("%s: %s: task %d: %s (ledgers in %s)", name, v.Rule, v.Task, v.Text, r.Folder))
	}
	return r.Close()
}

// unanswered tells what is missing of the answers to all tasks of producers that nothing has hit: each has
// to be accepted, or refused where that is meant.
func unanswered(loads []plan.Load, report check.Report) string {
	tasks, refusals := 0, false
	for _, l := range loads {
		tasks += l.Count
		refusals = refusals || l.GiveUp || l.Keys > 0
	}
	answered := report.Accepted
	if refusals {
		answered += report.Refused
	}
	if answered == tasks && tasks > 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d tasks were accepted, %d refused", report.Accepted, tasks, report.Refused)
}

// errStuck is of a run that was not over in time.
var errStuck = errors.New("stuck")

// play is a run up to its end, which may be so long after f.
func (s *Stage) play(
	ctx context.Context, r *rig.Rig, within time.Duration, f func(ctx context.Context, r *rig.Rig) (check.Rules, error),
) (check.History, error) {
	rules, err := f(ctx, r)
	if err != nil {
		return check.History{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := r.Drain(ctx); err != nil {
		return check.History{}, fmt.Errorf("%w: %w", errStuck, err)
	}
	return r.End(ctx, rules)
}
