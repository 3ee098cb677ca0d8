package check

import "github.com/zeroq-dev/zeroq/test/chaos/ledger"

// run is one start of a handler.
type run struct {
	start, end ledger.Time
	key        uint64
	process    uint32
	attempt    uint16
	code       ledger.Code // how it ended; 0: it never did
	recorded   bool        // the run that it asked for came, so its outcome was recorded
	last       ledger.Time // when it ended, or else its process; never if neither is known
}

func newRun(r *ledger.Record) run {
	return run{start: r.At, key: r.Key, process: r.Process, attempt: r.Attempt}
}

// over tells whether it had ended at a moment.
func (r run) over(at ledger.Time) bool { return r.code != 0 && r.end <= at }

// failed tells whether it ended so that the next attempt is due.
func (r run) failed() bool { return r.code == ledger.Failed || r.code == ledger.Panicked }

// end notes the end of a run. A process may run a task twice at the same time, when it lost its lease
// and got the task again under a new one: then the attempt tells them apart, else the older ends first.
func (t *task) end(r *ledger.Record, damaged complain) {
	found := -1
	for i, one := range t.runs {
		if one.process != r.Process || one.code != 0 {
			continue
		}
		if one.attempt == r.Attempt {
			found = i
			break
		}
		if found < 0 {
			found = i
		}
	}
	if found < 0 {
		damaged(t.n, "ended in process %d, where it had not begun", r.Process)
		return
	}
	t.runs[found].end, t.runs[found].code = r.At, r.Code
}
