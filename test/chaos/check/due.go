package check

import (
	"cmp"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// early is by how much a task may start before it is due, and an attempt before the pause after the one
// before it is over: what a process knows of the time of Redis is as old as the answer that told it.
const early = 250 * time.Millisecond

// trusted is how long a process relies on an answer for the time of Redis at least, however late it came.
const trusted = time.Second

// behind is by how much a process may take the time of Redis for earlier than it is at a moment: an answer that
// was held up by a fault tells when it was given, and counts from when it came.
func (f *faults) behind(process uint32, at ledger.Time) (most time.Duration) {
	for i := range f.hitting(process) {
		fault := f.all[i]
		switch fault.Code {
		case ledger.Stall, ledger.RedisStop, ledger.Stop, ledger.BlackHole:
			if fault.At <= at && at <= fault.Until.Add(trusted) {
				most = max(most, fault.Until.Sub(fault.At))
			}
		}
	}
	return most
}

// due looks at when a task and its attempts began, and notes how late its first one was.
func (j *judge) due(t *task) {
	if t.sending == nil || len(t.runs) == 0 {
		return
	}
	first, due := t.runs[0].start, t.sending.Until
	if due > 0 && first < due.Add(-early-j.faults.behind(t.sending.Process, t.sending.At)) {
		j.blame(Early, t.n, "began %v before it was due", due.Sub(first))
	}
	if t.accepted != nil {
		due = cmp.Or(due, t.accepted.At)
		j.report.Late = append(j.report.Late, max(first.Sub(due), 0))
	}
	for i, r := range t.runs {
		before := slices.IndexFunc(t.runs[:i], func(b run) bool { return b.failed() && j.asks(t, b, r) })
		if before >= 0 && r.start.Sub(t.runs[before].end) < j.Rules.Pause-early {
			j.blame(Early, t.n, "attempt %d began %v after attempt %d had failed", r.attempt, r.start.Sub(t.runs[before].end), t.runs[before].attempt)
		}
	}
}

// answered looks for tasks whose producers were left without an answer.
func (j *judge) answered(t *task) {
	if j.Rules.Answered && t.sending != nil && (t.unknown || t.accepted == nil && t.refused == nil) {
		j.blame(Unanswered, t.n, "its producer had no answer")
	}
}

// once looks for second starts of tasks that must never have one.
func (j *judge) once(t *task) {
	if !j.Rules.Once {
		return
	}
	for _, r := range t.runs[min(len(t.runs), 1):] {
		j.blame(Twice, t.n, "started again in process %d (attempt %d)", r.process, r.attempt)
	}
}

// cutOff tells whether a task of at most one start may be dead as its worker died: while it ran, before
// its outcome was recorded, or when it was about to start.
func (j *judge) cutOff(t *task) bool {
	if len(t.runs) > 0 {
		return len(j.faults.explain(t.runs[:1], run{start: never})) > 0
	}
	return slices.ContainsFunc(j.faults.all, func(f ledger.Record) bool {
		return deadly(f.Code) && (t.sending == nil || f.Until >= t.sending.At)
	})
}
