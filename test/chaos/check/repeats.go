package check

import (
	"slices"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// duplicate is a run that no outcome of the task asks for.
type duplicate struct {
	run
	after  run   // the one that was current
	causes []int // the faults that can explain it
}

// repeats looks at why a task ran again.
//
// One of its runs is current: the one whose outcome counts. When that fails, the next attempt is due;
// when its context was cut as something asked for that, the same attempt (it was handed back) or the next
// one (its time was over).
// All other runs are duplicates: of one that succeeded, that never ended or that still runs. Who begins
// a duplicate is current from then on, as it has the task, and what the older one answers is refused.
// But a process that was stopped between fetch and start begins what others have by then: its run
// never counts.
func (j *judge) repeats(t *task) {
	if len(t.runs) == 0 {
		return
	}
	if t.runs[0].attempt > 1 && !j.Rules.Spends {
		j.blame(Attempts, t.n, "begins with attempt %d", t.runs[0].attempt)
	}
	if len(t.runs) == 1 {
		return
	}
	var repeated []duplicate
	current := &t.runs[0]
	for i := range t.runs[1:] {
		r := &t.runs[i+1]
		if j.asks(t, *current, *r) {
			j.grows(t, *current, *r)
			current.recorded = true
			current = r
			continue
		}
		d := duplicate{run: *r, after: *current, causes: j.faults.explain(t.runs[:i+1], *r)}
		if j.Rules.Harmless {
			d.causes = j.faults.stalls(d.causes)
		}
		if current.over(r.start) && current.failed() && len(d.causes) == 0 {
			j.blame(Attempts, t.n, "attempt %d after attempt %d had failed", r.attempt, current.attempt)
			current = r
			continue
		}
		repeated = append(repeated, d)
		late := j.faults.woke(*r) >= 0
		if len(d.causes) > 0 && !late {
			j.repeatsAttempt(t, *current, i+1, d)
		}
		if !late {
			current = r
		}
	}
	if len(repeated) > 0 {
		j.explain(t, repeated)
	}
}

// excusable counts the runs of which a fault would have explained a repetition.
func (j *judge) excusable(t *task) {
	if j.Rules.Harmless {
		return
	}
	for i := range t.runs {
		if len(j.faults.explain(t.runs[i:i+1], run{start: never})) > 0 {
			j.report.Excusable++
		}
	}
}

// asks tells whether the end of the current run asks for the next one. One that was cut as its worker lost
// its lease does not: a fault has to explain that.
func (j *judge) asks(t *task, current, next run) bool {
	switch {
	case !current.over(next.start):
		return false
	case current.code == ledger.Cut:
		return next.attempt >= current.attempt && j.cutInOrder(t, current)
	default:
		return current.failed() && next.attempt > current.attempt
	}
}

// cutInOrder tells whether something asked for a run to be cut: its process was told to end, somebody called
// the task off, or its time was over.
func (j *judge) cutInOrder(t *task, r run) bool {
	if t.calling != nil && t.calling.At <= r.end || t.timedOut(r) {
		return true
	}
	return slices.ContainsFunc(j.faults.of[r.process], func(i int) bool {
		return j.faults.all[i].Code == ledger.Term && j.faults.all[i].At <= r.end
	})
}

// grows looks at the attempt of a run that was asked for: none may be left out.
func (j *judge) grows(t *task, current, next run) {
	if next.attempt > current.attempt+1 && !j.Rules.Spends {
		j.blame(Attempts, t.n, "attempt %d after attempt %d", next.attempt, current.attempt)
	}
}

// repeatsAttempt looks at the attempt of a duplicate: it is that of a run before it, or was asked for
// by one. Only a Redis that forgot something falls back behind the current run.
func (j *judge) repeatsAttempt(t *task, current run, before int, d duplicate) {
	forgot := slices.ContainsFunc(d.causes, func(f int) bool { return j.faults.all[f].Reach > 0 })
	due := slices.ContainsFunc(t.runs[:before], func(r run) bool {
		return r.attempt == d.attempt || r.attempt+1 == d.attempt && j.asks(t, r, d.run)
	})
	switch {
	case d.attempt < current.attempt && !forgot:
		j.blame(Attempts, t.n, "attempt %d after attempt %d had begun", d.attempt, current.attempt)
	case !due && !j.Rules.Spends:
		j.blame(Attempts, t.n, "attempt %d, which no attempt before it asked for", d.attempt)
	}
}

// twice adds to the causes of a duplicate, as faults of their own, those that can cost two: a Redis that forgot
// gives a task out again, and to a worker that gives up its lease as soon as it notices what else is forgotten.
func (j *judge) twice(d duplicate) []int {
	causes := d.causes
	if d.after.code == ledger.Cut {
		for _, f := range d.causes {
			if j.faults.all[f].Reach > 0 {
				causes = append(causes, ^f)
			}
		}
	}
	return causes
}

// explain finds a fault for each duplicate. One fault explains one run more of a task, but for what
// [judge.twice] says.
func (j *judge) explain(t *task, repeated []duplicate) {
	j.report.Duplicates += len(repeated)
	for i, d := range repeated {
		repeated[i].causes = j.twice(d)
	}
	explained := assign(repeated)
	for i, d := range repeated {
		switch {
		case explained[i]:
			j.report.Explained++
		case len(d.causes) == 0:
			j.blame(Unexplained, t.n, "ran again in process %d (attempt %d), and no fault explains it", d.process, d.attempt)
		default:
			j.blame(TooOften, t.n, "ran again in process %d (attempt %d), more often than there were faults", d.process, d.attempt)
		}
	}
}

// assign gives each duplicate a fault of its own, to as many as can be, and tells which have one.
func assign(repeated []duplicate) []bool {
	has := make([]bool, len(repeated))
	taken := map[int]int{} // fault: the duplicate that it explains
	var give func(d int, seen map[int]bool) bool
	give = func(d int, seen map[int]bool) bool {
		for _, f := range repeated[d].causes {
			if seen[f] {
				continue
			}
			seen[f] = true
			if other, ok := taken[f]; !ok || give(other, seen) {
				taken[f] = d
				return true
			}
		}
		return false
	}
	for d := range repeated {
		has[d] = give(d, map[int]bool{})
	}
	return has
}
