package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// Check judges a run. It looks at one task after the other, so it needs little beyond the records.
func Check(h History) Report {
	j := newJudge(h)
	var t task
	for n, records := range j.byTask.each {
		t.read(n, records, j.Rules.Shared, j.damaged)
		j.task(&t)
	}
	j.processes()
	j.redis()
	j.report.Displaced = j.starts.displaced()
	j.disorder()
	j.groups()
	j.holders()
	j.ticks()
	j.recovered()
	return j.report
}

// judge gathers a report.
type judge struct {
	History
	report Report
	byTask tasks
	faults faults
	starts starts
	keys   map[uint64]*claims
	fired  map[uint64]*tick
	lanes  map[uint64]*lane
	// poison: a tick may be dead as three workers died with it.
	poison bool
	again  []outage
	// forgettable counts tasks that succeeded and that Redis may have forgotten with all that became of
	// them.
	forgettable int
}

func newJudge(h History) *judge {
	h.Rules.Settle = cmp.Or(h.Rules.Settle, time.Second)
	if !slices.IsSortedFunc(h.Records, byMoment) {
		h.Records = slices.SortedStableFunc(slices.Values(h.Records), byMoment)
	}
	j := &judge{
		History: h,
		byTask:  groupByTask(h.Records),
		faults:  indexFaults(h.Records, h.Rules),
		again:   outages(h.Records),
		keys:    map[uint64]*claims{},
		fired:   map[uint64]*tick{},
		lanes:   map[uint64]*lane{},
	}
	j.report.Faults, j.report.Stalls = j.faults.count()
	return j
}

func byMoment(a, b ledger.Record) int { return cmp.Compare(a.At, b.At) }

// task judges one task by itself, and notes what is judged together with others.
func (j *judge) task(t *task) {
	j.count(t)
	j.report.Runs += len(t.runs)
	for i := range t.runs {
		t.runs[i].last = j.faults.last(t.runs[i])
	}
	j.origin(t)
	j.repeats(t)
	j.excusable(t)
	j.unended(t)
	j.called(t)
	j.fate(t)
	j.recovery(t)
	j.resumed(t)
	j.due(t)
	j.answered(t)
	j.once(t)
	j.claim(t)
	j.group(t)
	if len(t.runs) > 0 && t.sending != nil {
		j.starts = append(j.starts, start{task: t.n, at: t.runs[0].start})
	}
}

func (j *judge) count(t *task) {
	if t.sending == nil {
		return
	}
	j.report.Sent++
	switch {
	case t.accepted != nil:
		j.report.Accepted++
	case t.refused != nil:
		j.report.Refused++
	default:
		j.report.Unknown++
	}
}

// origin looks for who sent a task that ran.
func (j *judge) origin(t *task) {
	switch {
	case t.sending != nil || len(t.runs) == 0:
	case j.Rules.Ticks != nil && t.runs[0].key != 0:
		j.tick(t)
	default:
		j.blame(Phantom, t.n, "ran in process %d, and nobody sent it", t.runs[0].process)
	}
}

// called looks for starts after it was answered that there would be none. A process that was stopped
// between its fetch and the start cannot know of the answer; a Redis that was killed may have
// forgotten it.
func (j *judge) called(t *task) {
	if t.calledOff == nil || j.faults.forgets(t.calledOff.At) {
		return
	}
	for _, r := range t.runs {
		if r.start <= t.calledOff.At {
			continue
		}
		if pause := j.faults.woke(r); pause < 0 || j.faults.all[pause].At > t.calledOff.At {
			j.blame(AfterCancel, t.n, "started in process %d %v after it was called off", r.process, r.start.Sub(t.calledOff.At))
		}
	}
}

// unended looks for runs that never ended, in processes that could have noted it. SIGTERM may leave a
// handler behind that does not look at its context.
func (j *judge) unended(t *task) {
	for _, r := range t.runs {
		if r.code == 0 && !j.faults.ended(r) {
			j.blame(Unended, t.n, "began in process %d and never ended, and no fault ended the process", r.process)
		}
	}
}

// redis compares the final state with the whole run.
func (j *judge) redis() {
	f := j.Final
	if least := j.report.Succeeded - j.forgettable; f.Counted && (f.Succeeded < least || f.Succeeded > j.report.Succeeded) {
		j.blame(Acked, 0, "%d successes are counted, of %d tasks", f.Succeeded, j.report.Succeeded)
	}
	for _, name := range f.Keys {
		j.blame(KeyLeft, 0, "%s", name)
	}
	if grown := f.After - f.Before; j.Rules.Memory > 0 && f.Before > 0 && f.After > 0 && grown > j.Rules.Memory {
		j.blame(MemoryLeft, 0, "%d bytes more than before, %d may be", grown, j.Rules.Memory)
	}
	held := map[uint64]bool{}
	for _, all := range []map[uint64]bool{f.Dead, f.Unreadable, f.Cancelled} {
		maps.Copy(held, all)
	}
	for n := range f.Stored {
		held[n] = true
	}
	for _, n := range slices.Sorted(maps.Keys(held)) {
		if n == 0 && j.Rules.Ticks != nil && j.heldTick() {
			continue
		}
		if held[n] && !j.byTask.has(n) {
			j.blame(Phantom, n, "Redis holds it, and nobody sent it")
		}
	}
}

func (j *judge) damaged(task uint64, text string, args ...any) { j.blame(Damaged, task, text, args...) }

func (j *judge) blame(rule string, task uint64, text string, args ...any) {
	v := Violation{Rule: rule, Task: task, Text: fmt.Sprintf(text, args...)}
	j.report.Violations = append(j.report.Violations, v)
}
