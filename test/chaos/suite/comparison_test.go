//go:build linux

package suite

import (
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

func second(s int) ledger.Time { return ledger.Time(0).Add(time.Duration(s) * time.Second) }

func started(task uint64, process uint32, at int) ledger.Record {
	return ledger.Record{Kind: ledger.Started, Task: task, Process: process, At: second(at)}
}

func ended(task uint64, process uint32, at int) ledger.Record {
	return ledger.Record{Kind: ledger.Ended, Code: ledger.OK, Task: task, Process: process, At: second(at)}
}

func TestComparison_CountsFromTheFaultToTheNextStart(t *testing.T) {
	t.Parallel()
	kill := ledger.Record{Kind: ledger.Fault, Code: ledger.Kill, Process: 1, At: second(10), Until: second(10)}
	halt := ledger.Record{Kind: ledger.Fault, Code: ledger.RedisStop, At: second(10), Until: second(30)}
	lost := ledger.Record{Kind: ledger.Fault, Code: ledger.LostReply, Process: 1, At: second(10), Note: ledger.NoteOf(fetchNote)}
	accepted := ledger.Record{Kind: ledger.Accepted, Task: 1, At: second(1)}
	for name, c := range map[string]struct {
		records []ledger.Record
		again   []time.Duration
		twice   int
	}{
		"of a task that ran in the process that was killed": {
			records: []ledger.Record{started(1, 1, 9), kill, started(1, 2, 25), ended(1, 2, 26)},
			again:   []time.Duration{15 * time.Second},
		},
		"not of one that ran elsewhere": {
			records: []ledger.Record{started(1, 2, 9), kill, ended(1, 2, 12), started(1, 1, 25), ended(1, 1, 26)},
			twice:   1,
		},
		"not of one that was over for long": {
			records: []ledger.Record{started(1, 1, 5), ended(1, 1, 6), kill, started(1, 2, 25), ended(1, 2, 26)},
			twice:   1,
		},
		"of one that ended while Redis was away": {
			records: []ledger.Record{started(1, 1, 9), halt, ended(1, 1, 12), started(1, 1, 40), ended(1, 1, 42)},
			again:   []time.Duration{30 * time.Second}, twice: 1,
		},
		"of one whose fetch was lost": {
			records: []ledger.Record{accepted, lost, started(1, 1, 70), ended(1, 1, 71)},
			again:   []time.Duration{time.Minute},
		},
		"not of one that waited when another was killed": {
			records: []ledger.Record{accepted, kill, started(1, 2, 12), ended(1, 2, 13)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got Comparison
			got.add(c.records)
			if !slices.Equal(got.Again, c.again) || got.Twice != c.twice {
				t.Errorf("again after %v, done twice %d; want %v and %d", got.Again, got.Twice, c.again, c.twice)
			}
		})
	}
}

func TestRow_OfAPeerIsToldAndNotHeldAgainstUs(t *testing.T) {
	t.Parallel()
	for told, want := range map[bool]bool{true: true, false: false} {
		row := &Row{Comparison: &Comparison{Told: told}}
		row.stuck("not over")
		if row.OK() != want {
			t.Errorf("told %t: ok %t, want %t", told, row.OK(), want)
		}
		if verdict := row.verdict(); verdict != "1 of 1 runs stuck" {
			t.Errorf("told %t: verdict %q", told, verdict)
		}
	}
}
