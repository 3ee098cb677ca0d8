package check

import "github.com/zeroq-dev/zeroq/test/chaos/ledger"

// life is what a process noted of itself.
type life struct {
	up, down bool
	ran      bool // a handler, so it is a worker
}

// processes looks at how they ended, and for those that worked on after that.
func (j *judge) processes() {
	lives := map[uint32]*life{}
	var order []uint32
	for i := range j.Records {
		r := &j.Records[i]
		switch r.Kind {
		case ledger.Up, ledger.Down, ledger.Started:
		default:
			continue
		}
		l := lives[r.Process]
		if l == nil {
			l = &life{}
			lives[r.Process] = l
			order = append(order, r.Process)
		}
		if r.Kind == ledger.Started && l.down {
			j.damaged(r.Task, "started in process %d after that had ended", r.Process)
		}
		l.up = l.up || r.Kind == ledger.Up
		l.down = l.down || r.Kind == ledger.Down
		l.ran = l.ran || r.Kind == ledger.Started
	}
	for _, process := range order {
		if l := lives[process]; l.up && !l.down && !j.faults.took(process, *l) {
			j.blame(Crashed, 0, "process %d ended, and neither in order nor by a fault", process)
		}
	}
}

// took tells whether a fault is why a process noted no end. Who sends notes none when it is told to end
// before it has sent all.
func (f *faults) took(process uint32, l life) bool {
	for _, i := range f.of[process] {
		switch f.all[i].Code {
		case ledger.Kill, ledger.Exit:
			return true
		case ledger.Term:
			if !l.ran {
				return true
			}
		}
	}
	return false
}
