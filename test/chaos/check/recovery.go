package check

import (
	"slices"
	"sort"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// outage is one of Redis that is over.
type outage struct {
	over  ledger.Time
	first ledger.Time // when a task began after it; 0 if none did
	left  bool        // a task began after it that was accepted before
}

// outages are those after which Redis served again.
func outages(records []ledger.Record) []outage {
	var all []outage
	away := false
	for _, r := range records {
		switch {
		case r.Kind == ledger.Fault && (r.Code == ledger.RedisKill || r.Code == ledger.RedisStop):
			away = true
		case r.Kind == ledger.Serving && away:
			all = append(all, outage{over: r.At})
			away = false
		}
	}
	return all
}

// resumed notes the starts of a task after outages.
func (j *judge) resumed(t *task) {
	for _, r := range t.runs {
		i := sort.Search(len(j.again), func(i int) bool { return j.again[i].over > r.start }) - 1
		if i < 0 {
			continue
		}
		o := &j.again[i]
		if o.first == 0 || r.start < o.first {
			o.first = r.start
		}
		o.left = o.left || t.accepted != nil && t.accepted.At <= o.over
	}
}

// recovery notes how long after the death or the stop of its process a task began elsewhere. A run that
// ended before that needed no recovery.
func (j *judge) recovery(t *task) {
	for i, r := range t.runs {
		for _, f := range j.faults.of[r.process] {
			fault := j.faults.all[f]
			switch fault.Code {
			case ledger.Kill, ledger.Exit, ledger.Stop:
			default:
				continue
			}
			if fault.At < r.start || r.over(fault.At) {
				continue
			}
			next := slices.IndexFunc(t.runs[i+1:], func(n run) bool { return n.start >= fault.At && n.process != r.process })
			if next >= 0 && !r.over(t.runs[i+1+next].start) {
				j.report.Recovery = append(j.report.Recovery, t.runs[i+1+next].start.Sub(fault.At))
			}
		}
	}
}

// recovered finishes what was noted of recovery.
func (j *judge) recovered() {
	for _, o := range j.again {
		if o.left {
			j.report.Resume = append(j.report.Resume, o.first.Sub(o.over))
		}
	}
	slices.Sort(j.report.Recovery)
	slices.Sort(j.report.Resume)
	slices.Sort(j.report.Late)
}
