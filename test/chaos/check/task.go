package check

import (
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// task is what the ledgers say of one.
type task struct {
	n   uint64
	key uint64 // its unique key
	// What was noted of it last; nil if it never was.
	sending, accepted, refused, calledOff *ledger.Record
	// doubtful: a try without an answer came before the refusal, and may be what it was refused for.
	doubtful bool
	unknown  bool
	calling  *ledger.Record // the first try to call it off; nil if nobody tried
	shared   bool           // other producers may send it too
	runs     []run          // by their starts
	fate     fate
}

// complain reports records of a task that contradict each other.
type complain func(task uint64, text string, args ...any)

// read makes it the task with these records.
func (t *task) read(n uint64, records recordsOf, shared bool, damaged complain) {
	*t = task{n: n, runs: t.runs[:0], shared: shared}
	for r := range records {
		switch r.Kind {
		case ledger.Started:
			t.runs = append(t.runs, newRun(r))
		case ledger.Ended:
			t.end(r, damaged)
		default:
			t.answer(r, damaged)
		}
	}
}

// answer notes what its producer sent and heard. A producer sends until it is answered, so what is
// full now may be accepted later; what is a duplicate is over. Who was accepted and is refused as a
// duplicate met itself.
func (t *task) answer(r *ledger.Record, damaged complain) {
	if r.Kind != ledger.Sending && r.Kind != ledger.Calling && t.sending == nil {
		damaged(t.n, "answered, but never sent")
	}
	if r.Key != 0 {
		t.key = r.Key
	}
	switch r.Kind {
	case ledger.Sending:
		t.send(r, damaged)
	case ledger.Accepted:
		t.accept(r, damaged)
	case ledger.Refused:
		t.refuse(r, damaged)
	case ledger.Unknown:
		t.unknown = true
	case ledger.Calling:
		if t.calling == nil { // it may be of a task that is not there yet, which changes nothing
			t.calling = r
		}
	case ledger.CalledOff:
		t.calledOff = r
	}
}

func (t *task) send(r *ledger.Record, damaged complain) {
	switch {
	case t.sending != nil && t.shared:
		return // the first counts
	case t.sending != nil:
		damaged(t.n, "sent twice, by processes %d and %d", t.sending.Process, r.Process)
	}
	t.sending = r
}

func (t *task) accept(r *ledger.Record, damaged complain) {
	switch {
	case t.accepted != nil && t.shared:
		return // the first counts
	case t.accepted != nil:
		damaged(t.n, "accepted twice")
	case t.refused != nil && t.refused.Code == ledger.Duplicate:
		damaged(t.n, "accepted after it was refused as a duplicate")
	}
	t.accepted, t.refused = r, nil
}

func (t *task) refuse(r *ledger.Record, damaged complain) {
	switch {
	case r.Code == ledger.Other:
		damaged(t.n, "refused for a reason that no producer should meet")
	case t.accepted != nil && r.Code != ledger.Duplicate:
		damaged(t.n, "refused after it was accepted")
	}
	if t.accepted == nil {
		t.refused, t.doubtful = r, t.unknown
	}
}

// expected is what is to become of it. What a schedule enqueues, nobody sent: it should succeed.
func (t *task) expected() ledger.Code {
	switch {
	case t.calledOff != nil:
		return ledger.Uncertain
	case t.sending == nil || t.sending.Code == 0:
		return ledger.Succeeds
	default:
		return t.sending.Code
	}
}

// in tells whether it was in Redis for certain: it was accepted, or it ran.
func (t *task) in() bool {
	return t.sending != nil && (t.accepted != nil || t.refused == nil && len(t.runs) > 0)
}

// turnedAway tells whether it was never let in, for certain.
func (t *task) turnedAway() bool { return t.refused != nil && !t.doubtful }

// entered is when it was known to be in at last.
func (t *task) entered() ledger.Time {
	if t.accepted != nil {
		return t.accepted.At
	}
	return t.runs[0].start
}

// succeeded tells whether one of its runs did.
func (t *task) succeeded() bool {
	for _, r := range t.runs {
		if r.code == ledger.OK {
			return true
		}
	}
	return false
}

// timedOut tells whether a run took as long as an attempt of the task may. Its time begins a little before
// its handler.
func (t *task) timedOut(r run) bool {
	if t.sending == nil || t.sending.Reach == 0 {
		return false
	}
	most := time.Duration(t.sending.Reach) * time.Millisecond
	return r.end.Sub(r.start) >= most*3/4
}
