//go:build linux

package ledger_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// one is the only file of a folder.
func one(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	return filepath.Join(folder, entries[0].Name())
}

func open(t *testing.T, folder string, process uint32) *ledger.Log {
	t.Helper()
	log, err := ledger.Open(folder, process)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}

func read(t *testing.T, folder string) []ledger.Record {
	t.Helper()
	records, err := ledger.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestLog_GivesBackWhatWasAdded(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	want := []ledger.Record{
		{At: 1, Process: 3, Kind: ledger.Started, Task: 2},
		{
			At: 2, Until: math.MaxInt64, Task: math.MaxUint64, Key: math.MaxUint64 - 1, Process: math.MaxUint32,
			Reach: math.MaxUint32 - 1, Attempt: math.MaxUint16, Kind: math.MaxUint8, Code: math.MaxUint8 - 1,
			Note: ledger.NoteOf("fetch executed, before the reply"),
		},
		{At: 3, Until: 4, Process: 0, Kind: ledger.Fault, Code: ledger.RedisKill, Reach: 2000},
	}
	open(t, folder, 3).Add(want...)
	if got := read(t, folder); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestLog_FillsInTheMomentAndTheProcess(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	before := ledger.Now()
	log := open(t, folder, 7)
	log.Add(ledger.Record{Kind: ledger.Up})
	log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.RedisStop})
	log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.Exit, Process: log.Process()})
	records := read(t, folder)
	var processes []uint32
	for _, r := range records {
		processes = append(processes, r.Process)
		if r.At < before || r.At > ledger.Now() {
			t.Errorf("noted at %d, which is not now", r.At)
		}
	}
	if want := []uint32{7, 0, 7}; !slices.Equal(processes, want) {
		t.Errorf("processes %v, want %v: a fault that hit all has none", processes, want)
	}
}

func TestNoteOf_KeepsTheBeginning(t *testing.T) {
	t.Parallel()
	note := ledger.NoteOf("seventeen letters")
	if got := string(note[:]); got != "seventeen letter" {
		t.Errorf("got %q", got)
	}
}

func TestTime_AddsAndSubtracts(t *testing.T) {
	t.Parallel()
	if at := ledger.Time(5).Add(time.Second); at != 1_000_000_005 || at.Sub(5) != time.Second {
		t.Errorf("got %d", at)
	}
}

func TestRead_OrdersTheRecordsOfAllProcesses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first, second := open(t, folder, 1), open(t, folder, 2)
	second.Add(ledger.Record{At: 20, Task: 2}, ledger.Record{At: 40, Task: 4})
	first.Add(ledger.Record{At: 30, Task: 3}, ledger.Record{At: 10, Task: 1}, ledger.Record{At: 40, Task: 5})
	var got []uint64
	for _, r := range read(t, folder) {
		got = append(got, r.Task)
	}
	// What happened at the same moment stays in the order of the files.
	if want := []uint64{1, 2, 3, 5, 4}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRead_GoesOnWithTheFileOfAnEarlierOpen(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	open(t, folder, 1).Add(ledger.Record{At: 1})
	open(t, folder, 1).Add(ledger.Record{At: 2})
	if got := read(t, folder); len(got) != 2 {
		t.Errorf("got %d records, want 2", len(got))
	}
}

func TestRead_OfNothingIsNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "once-1"), []byte("no ledger"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := read(t, folder); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestRead_RefusesATornRecord(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{1, ledger.Size - 1, ledger.Size + 1, 2*ledger.Size - 1} {
		folder := t.TempDir()
		open(t, folder, 1).Add(ledger.Record{Task: 1}, ledger.Record{Task: 2})
		if err := os.Truncate(one(t, folder), size); err != nil {
			t.Fatal(err)
		}
		if got, err := ledger.Read(folder); err == nil {
			t.Errorf("%d bytes were read as %+v", size, got)
		}
	}
}

func TestRead_RefusesARecordWithAWrongByte(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	open(t, folder, 1).Add(ledger.Record{At: 5, Task: 1, Kind: ledger.Accepted})
	name := one(t, folder)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		text[i] ^= 1
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ledger.Read(folder); err == nil {
			t.Errorf("with another byte %d it was read as %+v", i, got)
		}
		text[i] ^= 1
	}
}

func TestLog_KeepsRecordsWholeWhoeverWritesAtTheSameTime(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 500
	folder := t.TempDir()
	log, same := open(t, folder, 1), open(t, folder, 1) // the same file, opened twice
	var group sync.WaitGroup
	for w := range uint64(writers) {
		group.Go(func() {
			for n := range uint64(each) {
				to := log
				if w%2 == 0 {
					to = same
				}
				to.Add(ledger.Record{Task: w + 1, Key: n}, ledger.Record{Task: w + 1, Key: n, Kind: ledger.Ended})
			}
		})
	}
	group.Wait()
	next := map[uint64]uint64{}
	for _, r := range read(t, folder) {
		if r.Kind == ledger.Ended {
			next[r.Task]++
		}
	}
	for w := range uint64(writers) {
		if next[w+1] != each {
			t.Errorf("of writer %d %d records are left, want %d", w, next[w+1], each)
		}
	}
}
