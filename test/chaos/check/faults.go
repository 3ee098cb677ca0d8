package check

import (
	"maps"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// faults are all that was broken, to be found by whom they hit.
type faults struct {
	all       []ledger.Record
	of        map[uint32][]int // by process; 0 are those that hit all
	forgetful []int            // those of Redis that may undo what was answered
	down      map[uint32]ledger.Time
	gone      map[uint32]ledger.Time // when processes had ended, that are known to have
	settle    time.Duration
	fragile   bool // a reply that is lost may cost a second run
}

func indexFaults(records []ledger.Record, rules Rules) faults {
	f := faults{
		of: map[uint32][]int{}, down: map[uint32]ledger.Time{}, gone: map[uint32]ledger.Time{},
		settle: rules.Settle, fragile: rules.Spends,
	}
	for _, r := range records {
		switch r.Kind {
		case ledger.Fault:
			f.add(r)
		case ledger.Down:
			f.down[r.Process] = r.At
		}
	}
	f.bury()
	return f
}

func (f *faults) add(r ledger.Record) {
	r.Until = max(r.At, r.Until)
	if r.Code != ledger.RedisKill {
		r.Reach = 0 // nothing else makes Redis forget
	}
	f.of[r.Process] = append(f.of[r.Process], len(f.all))
	if r.Reach > 0 {
		f.forgetful = append(f.forgetful, len(f.all))
	}
	f.all = append(f.all, r)
}

// count counts what was broken, and stalls apart from that.
func (f *faults) count() (n map[ledger.Code]int, stalls int) {
	n = map[ledger.Code]int{}
	for _, r := range f.all {
		switch {
		case r.Code == ledger.Stall:
			stalls++
		case r.Note != ledger.NoteOf(ledger.TheEnd):
			n[r.Code]++
		}
	}
	return n, stalls
}

// bury notes when processes had ended: no later fault can hit what they ran.
func (f *faults) bury() {
	told := map[uint32]ledger.Time{} // to end
	for _, fault := range f.all {
		switch fault.Code {
		case ledger.Kill, ledger.Exit:
			if _, known := f.gone[fault.Process]; !known {
				f.gone[fault.Process] = fault.Until
			}
		case ledger.Term:
			told[fault.Process] = max(told[fault.Process], fault.Until)
		}
	}
	for process, at := range told {
		if _, known := f.gone[process]; !known {
			f.gone[process] = at
		}
	}
	maps.Copy(f.gone, f.down)
}

// last is when a run was over: when it ended, or else its process; never if neither is known.
func (f *faults) last(r run) ledger.Time {
	if r.code != 0 {
		return r.end
	}
	if at, known := f.gone[r.process]; known {
		return max(r.start, at)
	}
	return never
}

// hitting hands out the faults that hit a process, alone or with all others.
func (f *faults) hitting(process uint32) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for _, who := range []uint32{process, 0} {
			for _, i := range f.of[who] {
				if !yield(i) {
					return
				}
			}
		}
	}
}

// stalls returns those of some faults that nobody asked for.
func (f *faults) stalls(causes []int) []int {
	return slices.DeleteFunc(causes, func(i int) bool { return f.all[i].Code != ledger.Stall })
}

// explain returns the faults for which a run may have come after those before it.
func (f *faults) explain(before []run, next run) []int {
	var causes []int
	for _, r := range before {
		for i := range f.hitting(r.process) {
			if f.repeats(f.all[i], r, next) && !slices.Contains(causes, i) {
				causes = append(causes, i)
			}
		}
	}
	if i := f.woke(next); i >= 0 && !slices.Contains(causes, i) {
		causes = append(causes, i)
	}
	return causes
}

// repeats tells whether a fault that hit a run can be why the next one was begun: it hit while the run
// or its outcome was under way. An outcome that was recorded can only be forgotten. What was
// fetched before a stop, or before what Redis forgot, may begin right after it, and again elsewhere.
// A reply that is lost, or a connection that is reset, costs zeroq no run.
func (f *faults) repeats(fault ledger.Record, hit, next run) bool {
	if hit.recorded && fault.Reach == 0 {
		return false
	}
	began, last := hit.start, next.start
	if hit.last < never {
		last = min(last, hit.last.Add(f.settle))
	}
	at := fault.At
	switch fault.Code {
	case ledger.Kill, ledger.RedisStop, ledger.BlackHole, ledger.Stall:
	case ledger.Reset, ledger.LostReply:
		if !f.fragile {
			return false
		}
	case ledger.RedisKill:
		at = reaches(fault)
		if fault.Reach > 0 {
			began = began.Add(-f.settle)
		}
	case ledger.Stop, ledger.Exit: // an exit is noted before it ends the other handlers
		began = began.Add(-f.settle)
	case ledger.Term:
		if hit.over(next.start) && hit.code != ledger.Cut {
			return false // it ended in order, and had time to tell
		}
	default:
		return false
	}
	return fault.At <= next.start && at <= last && fault.Until >= began
}

// reaches is the moment from which on a fault may undo what was answered.
func reaches(fault ledger.Record) ledger.Time {
	return fault.At.Add(-time.Duration(fault.Reach) * time.Millisecond)
}

// woke returns the stop of a process during or right after which a run began there, or -1: the task was
// fetched before, and the process cannot know that it is no longer its own.
func (f *faults) woke(r run) int {
	for _, i := range f.of[r.process] {
		if stop := f.all[i]; stop.Code == ledger.Stop && stop.At <= r.start && r.start <= stop.Until.Add(f.settle) {
			return i
		}
	}
	return -1
}

// hangs is how long a handler may go on at most that does not look at its context.
const hangs = 10 * time.Second

// ended tells whether a fault is why a run never ended.
func (f *faults) ended(r run) bool {
	_, orderly := f.down[r.process]
	return slices.ContainsFunc(f.of[r.process], func(i int) bool {
		switch fault := f.all[i]; fault.Code {
		case ledger.Kill, ledger.Exit:
			return !orderly && fault.Until.Add(f.settle) >= r.start
		case ledger.Term: // SIGTERM leaves behind what began not long before, and what began meanwhile
			return fault.At <= r.start.Add(hangs+f.settle)
		default:
			return false
		}
	})
}

// forgets tells whether what was answered at a moment may have been undone.
func (f *faults) forgets(at ledger.Time) bool {
	return slices.ContainsFunc(f.forgetful, func(i int) bool {
		return reaches(f.all[i]) <= at && at <= f.all[i].Until
	})
}

// deadly tells whether a fault can make the lease of a process run out.
func deadly(code ledger.Code) bool {
	switch code {
	case ledger.Kill, ledger.Exit, ledger.Stop, ledger.BlackHole, ledger.RedisKill, ledger.RedisStop, ledger.Stall:
		return true
	default:
		return false
	}
}
