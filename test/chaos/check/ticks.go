package check

import (
	"maps"
	"slices"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// tick is what ran for one time of a schedule.
type tick struct {
	task  uint64 // the one that ran first
	start ledger.Time
	done  bool // one has succeeded, or is poison
}

// tick notes a task that a schedule enqueued. A Redis that forgot the first one may enqueue another.
func (j *judge) tick(t *task) {
	key, start := t.runs[0].key, t.runs[0].start
	one := j.fired[key]
	switch {
	case one == nil:
		one = &tick{task: t.n, start: start}
		j.fired[key] = one
	case !j.faults.undone(one.start, start):
		j.blame(DoubleTick, t.n, "runs for %d, as task %d does", key, one.task)
	}
	if !t.succeeded() && j.Final.Dead[0] && j.poisoned(t) {
		j.poison, one.done = true, true
	}
	one.done = one.done || t.succeeded()
}

// undone tells whether what was done by one moment may have been forgotten before the other.
func (f *faults) undone(first, second ledger.Time) bool {
	for _, i := range f.forgetful {
		if reaches(f.all[i]) <= first && f.all[i].At <= second {
			return true
		}
	}
	return false
}

// heldTick judges what Redis holds of ticks: messages of schedules have no numbers, so all are 0. It tells
// whether that is all that it holds under 0.
func (j *judge) heldTick() bool {
	f := j.Final
	if state := f.Stored[0]; state != "" {
		j.blame(Stuck, 0, "a tick is %s still", state)
	}
	if f.Dead[0] && !j.poison {
		j.blame(WrongEnd, 0, "a tick is dead")
	}
	return !f.Unreadable[0] && !f.Cancelled[0]
}

func (j *judge) ticks() {
	due := map[uint64]bool{}
	for _, key := range j.Rules.Ticks {
		due[key] = true
		if one := j.fired[key]; one == nil || !one.done {
			j.blame(MissedTick, 0, "nothing ran to its end for %d", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(j.fired)) {
		if !due[key] {
			j.blame(StrayTick, j.fired[key].task, "runs for %d, which is no time of the schedule", key)
		}
	}
}
