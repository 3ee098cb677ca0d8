//go:build linux

package suite

import (
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// Comparison is what a row tells beyond, whose runs two systems went through.
type Comparison struct {
	// Told: what it broke is told and not held against us, as the system is not ours.
	Told bool
	// Due: the fault interrupts tasks, so that there have to be times in Again.
	Due bool
	// Again is how long after the fault began each task was begun again that it interrupted, sorted.
	Again []time.Duration
	// Twice is how often a handler ended well for a task for which one had before.
	Twice int
	// Stuck are runs that were not over when all patience was.
	Stuck int
}

// add adds what the records of a run say.
func (c *Comparison) add(records []ledger.Record) {
	var faults []ledger.Record
	for _, r := range records {
		if r.Kind == ledger.Fault && r.Code != ledger.Term { // runs end by that
			faults = append(faults, r)
		}
	}
	for _, s := range storiesOf(records) {
		c.Again = append(c.Again, s.again(faults)...)
		c.Twice += max(0, s.done-1)
	}
	slices.Sort(c.Again)
}

// story is what became of one task.
type story struct {
	accepted ledger.Time
	starts   []attempt
	done     int // how often it ended well
}

// attempt is a start of its handler, and when that returned; 0 if it never did.
type attempt struct {
	process    uint32
	start, end ledger.Time
}

func storiesOf(records []ledger.Record) map[uint64]*story {
	all := make(map[uint64]*story)
	for _, r := range records {
		if r.Task == 0 {
			continue
		}
		s := all[r.Task]
		if s == nil {
			s = &story{}
			all[r.Task] = s
		}
		s.add(r)
	}
	return all
}

func (s *story) add(r ledger.Record) {
	switch r.Kind {
	case ledger.Accepted:
		s.accepted = r.At
	case ledger.Started:
		s.starts = append(s.starts, attempt{process: r.Process, start: r.At})
	case ledger.Ended:
		for i := range s.starts {
			if a := &s.starts[i]; a.process == r.Process && a.end == 0 {
				a.end = r.At
				break
			}
		}
		if r.Code == ledger.OK {
			s.done++
		}
	}
}

// onItsWay is how long after a handler has returned its outcome may still be on its way.
const onItsWay = time.Second

// again is how long after a fault the task was begun again that ran, or whose outcome was on its way,
// when it hit. A task that nobody had begun was interrupted only if it was the one of a lost fetch.
func (s *story) again(faults []ledger.Record) []time.Duration {
	var all []time.Duration
	for i, a := range s.starts {
		for _, f := range faults {
			if i == 0 && f.Code == ledger.LostReply && string(f.Note[:len(fetchNote)]) == fetchNote && s.accepted < f.At {
				all = append(all, max(0, a.start.Sub(f.At)))
			}
			if i > 0 && s.starts[i-1].hit(f) && a.start > f.At {
				all = append(all, a.start.Sub(f.At))
				break
			}
		}
	}
	return all
}

func (a attempt) hit(f ledger.Record) bool {
	switch {
	case f.Process != 0 && f.Process != a.process:
		return false
	case a.start > max(f.At, f.Until):
		return false
	default:
		return a.end == 0 || a.end.Add(onItsWay) >= f.At
	}
}
