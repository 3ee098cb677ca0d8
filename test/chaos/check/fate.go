package check

import "github.com/zeroq-dev/zeroq/test/chaos/ledger"

// fate is what became of a task.
type fate string

const (
	nowhere    fate = "nowhere"
	succeeded  fate = "succeeded"
	dead       fate = "dead"
	unreadable fate = "unreadable"
	cancelled  fate = "cancelled"
	stored     fate = "stored"
)

// deaths is how many workers may die with a task until it is poison.
const deaths = 3

// fate looks at how a task ended.
func (j *judge) fate(t *task) {
	t.fate = j.end(t)
	end := t.fate
	if t.turnedAway() {
		if len(t.runs) > 0 || end != nowhere {
			j.blame(AfterRefusal, t.n, "was refused, ran %d times and is %s", len(t.runs), end)
		}
		return
	}
	switch end {
	case succeeded:
		j.report.Succeeded++
		if t.sending != nil && j.faults.forgets(t.entered()) || t.sending == nil && len(j.faults.forgetful) > 0 {
			j.forgettable++
		}
	case dead, unreadable:
		j.report.Dead++
	case cancelled:
		j.report.Cancelled++
	case stored:
		j.blame(Stuck, t.n, "is %s still", j.Final.Stored[t.n])
		return
	case nowhere:
		j.missing(t)
		return
	}
	switch {
	case j.fits(t, end):
	case j.Rules.Once && !j.Rules.Harmless && end == dead && j.cutOff(t):
	case end == dead && !j.Rules.Spared && t.expected() != ledger.Unreadable && j.poisoned(t):
		j.report.Poisoned++
	default:
		j.blame(WrongEnd, t.n, "%s, after %d runs", end, len(t.runs))
	}
}

// end finds a task in the final state. What a handler said counts less than what Redis holds.
func (j *judge) end(t *task) fate {
	f, found := j.Final, nowhere
	note := func(is bool, as fate) {
		switch {
		case !is:
		case found == nowhere:
			found = as
		default:
			j.damaged(t.n, "is %s and %s", found, as)
		}
	}
	note(f.Stored[t.n] != "", stored)
	note(f.Dead[t.n], dead)
	note(f.Unreadable[t.n], unreadable)
	note(f.Cancelled[t.n], cancelled)
	if found == nowhere && t.succeeded() {
		return succeeded
	}
	return found
}

// fits tells whether a task should end so.
func (j *judge) fits(t *task, end fate) bool {
	if t.calling != nil && end == cancelled {
		return true // whatever it was to become
	}
	switch t.expected() {
	case ledger.Dies:
		return end == dead
	case ledger.Unreadable:
		return end == unreadable && len(t.runs) == 0
	case ledger.Uncertain:
		return end == succeeded || end == cancelled
	default:
		// On a list, a second task with a unique key is cancelled instead of refused.
		return end == succeeded || end == cancelled && j.Rules.Unique && t.key != 0 && len(t.runs) == 0
	}
}

// missing looks at a task that is nowhere and has not succeeded.
func (j *judge) missing(t *task) {
	switch {
	case !t.in(), j.untold(t.expected()):
	case j.forgotten(t):
		j.report.Forgiven++
	default:
		j.report.Lost++
		j.blame(Lost, t.n, "was accepted, ran %d times, and is nowhere", len(t.runs))
	}
}

// untold tells whether the system does not say what tasks of a kind became.
func (j *judge) untold(expected ledger.Code) bool {
	switch expected {
	case ledger.Dies:
		return j.Final.Dead == nil
	case ledger.Unreadable:
		return j.Final.Unreadable == nil
	case ledger.Uncertain:
		return j.Final.Cancelled == nil
	default:
		return false
	}
}

// forgotten tells whether a Redis that was killed may have forgotten a task. That is known by when it
// was accepted alone: what came later can be undone, but leaves the task.
func (j *judge) forgotten(t *task) bool { return j.faults.forgets(t.entered()) }

// poisoned tells whether a task may be dead since its workers died. One of them may have died before
// the handler began, and left no run.
func (j *judge) poisoned(t *task) bool {
	hit := map[int]bool{}
	for _, r := range t.runs {
		for i := range j.faults.hitting(r.process) {
			if f := j.faults.all[i]; deadly(f.Code) && f.Until >= r.start && f.At.Add(-j.Rules.Settle) <= r.last {
				hit[i] = true
			}
		}
	}
	if len(hit) >= deaths || len(hit) < deaths-1 {
		return len(hit) >= deaths
	}
	for i, f := range j.faults.all {
		if !hit[i] && deadly(f.Code) && f.Until >= t.entered() {
			return true
		}
	}
	return false
}
