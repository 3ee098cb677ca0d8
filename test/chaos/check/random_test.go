package check_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// healthy is the process that no fault hits. All others are hit by one, and do nothing after it.
const healthy = 1

// limit is how long an attempt may take. Those that end by themselves take less.
const limit = 2 * time.Second

// world makes histories of a system that keeps all promises.
type world struct {
	*rand.Rand
	check.History
	processes uint32
	calm      int // of so many tasks one goes wrong
}

func newWorld(seed uint64, tasks, calm int) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 4)), processes: healthy, calm: calm}
	w.Final = told(0)
	for n := range tasks {
		w.live(uint64(n + 1))
	}
	w.sort()
	return w
}

func (w *world) sort() {
	slices.SortStableFunc(w.Records, func(a, b ledger.Record) int { return cmp.Compare(a.At, b.At) })
}

func (w *world) add(at ledger.Time, r ledger.Record) {
	r.At = at
	w.Records = append(w.Records, r)
}

// live is the life of one task.
func (w *world) live(n uint64) {
	at := ledger.Time(time.Hour).Add(w.span(time.Minute))
	dies := w.IntN(10) == 0
	expected := ledger.Succeeds
	if dies {
		expected = ledger.Dies
	}
	w.add(at, ledger.Record{Kind: ledger.Sending, Code: expected, Task: n, Reach: uint32(limit.Milliseconds())})
	w.add(at.Add(w.span(time.Second)), ledger.Record{Kind: ledger.Accepted, Task: n})
	attempt := uint16(1)
	for bad := w.IntN(4); bad > 0 && n%uint64(w.calm) == 0; bad-- {
		at, attempt = w.goWrong(at, n, attempt)
	}
	if dies {
		w.run(at, n, healthy, attempt, ledger.Failed)
		w.Final.Dead[n] = true
		return
	}
	w.run(at, n, healthy, attempt, ledger.OK)
	w.Final.Succeeded++
}

// span is a time up to most, and never zero.
func (w *world) span(most time.Duration) time.Duration {
	return 1 + time.Duration(w.Int64N(int64(most)))
}

// run runs an attempt, and returns when it has ended.
func (w *world) run(at ledger.Time, n uint64, process uint32, attempt uint16, code ledger.Code) ledger.Time {
	at = at.Add(w.span(time.Second))
	w.add(at, ledger.Record{Kind: ledger.Started, Task: n, Process: process, Attempt: attempt})
	if code != 0 {
		at = at.Add(w.span(time.Second))
		w.add(at, ledger.Record{Kind: ledger.Ended, Code: code, Task: n, Process: process, Attempt: attempt})
	}
	return at
}

// goWrong runs an attempt that is not the last, and returns when the next may begin and its number.
func (w *world) goWrong(at ledger.Time, n uint64, attempt uint16) (ledger.Time, uint16) {
	w.processes++
	process := w.processes
	hit := func(at ledger.Time, code ledger.Code, length time.Duration) ledger.Time {
		w.add(at, ledger.Record{Kind: ledger.Fault, Code: code, Process: process, Until: at.Add(length)})
		return at
	}
	switch w.IntN(6) {
	case 0:
		return w.run(at, n, healthy, attempt, ledger.Failed), attempt + 1
	case 1:
		at = w.run(at, n, healthy, attempt, 0).Add(limit)
		w.add(at, ledger.Record{Kind: ledger.Ended, Code: ledger.Cut, Task: n, Process: healthy, Attempt: attempt})
		return at, attempt + uint16(w.IntN(2))
	case 2: // killed in the handler
		return hit(w.run(at, n, process, attempt, 0).Add(w.span(time.Second)), ledger.Kill, 0), attempt
	case 3: // killed when the outcome was on its way
		codes := []ledger.Code{ledger.OK, ledger.Failed, ledger.Panicked}
		at = w.run(at, n, process, attempt, codes[w.IntN(len(codes))])
		return hit(at.Add(w.span(time.Second/2)), ledger.Kill, 0), attempt
	case 4: // stopped, and answers late
		at = w.run(at, n, process, attempt, 0)
		at = hit(at.Add(w.span(time.Second)), ledger.Stop, time.Minute)
		w.add(at.Add(time.Hour), ledger.Record{Kind: ledger.Ended, Code: ledger.OK, Task: n, Process: process, Attempt: attempt})
		return at, attempt
	default: // handed back
		at = w.run(at, n, process, attempt, ledger.Cut)
		return hit(at.Add(-1), ledger.Term, 0) + 1, attempt
	}
}

// pick returns the place of one of the records that are so; -1 if none is.
func (w *world) pick(is func(ledger.Record) bool) int {
	var places []int
	for i, r := range w.Records {
		if is(r) {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return -1
	}
	return places[w.IntN(len(places))]
}

// drop deletes one of the records that are so, and tells whether there was one.
func (w *world) drop(is func(ledger.Record) bool) bool {
	i := w.pick(is)
	if i >= 0 {
		w.Records = slices.Delete(w.Records, i, i+1)
	}
	return i >= 0
}

// breaks make of a history that is right one that is not; false: this one has nothing to break.
var breaks = map[string]func(w *world) bool{
	"the end of a run is missing": func(w *world) bool {
		return w.drop(func(r ledger.Record) bool { return r.Kind == ledger.Ended && r.Process == healthy })
	},
	"the start of a run is missing": func(w *world) bool {
		return w.drop(func(r ledger.Record) bool { return r.Kind == ledger.Started && r.Process == healthy })
	},
	"nobody sent it": func(w *world) bool {
		return w.drop(func(r ledger.Record) bool { return r.Kind == ledger.Sending })
	},
	"no fault explains it": func(w *world) bool {
		return w.drop(func(r ledger.Record) bool { return r.Kind == ledger.Fault && r.Code != ledger.Term })
	},
	"the wrong process was hit": func(w *world) bool {
		i := w.pick(func(r ledger.Record) bool { return r.Kind == ledger.Fault && r.Code != ledger.Term })
		if i >= 0 {
			w.Records[i].Process = w.processes + 1
		}
		return i >= 0
	},
	"it ran once more": func(w *world) bool {
		done := w.Records[w.pick(func(r ledger.Record) bool {
			return r.Code == ledger.OK && r.Kind == ledger.Ended && r.Process == healthy
		})]
		w.run(done.At.Add(time.Hour), done.Task, healthy, done.Attempt, ledger.OK)
		w.sort()
		return true
	},
	"an attempt is left out": func(w *world) bool {
		i := w.pick(func(r ledger.Record) bool { return r.Kind == ledger.Started && r.Attempt > 1 })
		if i >= 0 {
			w.Records[i].Attempt += 2
		}
		return i >= 0
	},
	"all of its runs are missing": func(w *world) bool {
		n := w.Records[w.pick(func(r ledger.Record) bool { return r.Kind == ledger.Started && !w.Final.Dead[r.Task] })].Task
		w.Records = slices.DeleteFunc(w.Records, func(r ledger.Record) bool { return r.Task == n && r.Process != 0 })
		w.Final.Succeeded--
		return true
	},
	"it was refused": func(w *world) bool {
		i := w.pick(func(r ledger.Record) bool { return r.Kind == ledger.Accepted })
		w.Records[i].Kind, w.Records[i].Code = ledger.Refused, ledger.Duplicate
		return true
	},
	"a dead letter is gone": func(w *world) bool {
		for n := range w.Final.Dead {
			delete(w.Final.Dead, n)
			return true
		}
		return false
	},
	"its time was not over": func(w *world) bool {
		for i := range w.Records {
			w.Records[i].Reach *= 2
		}
		return slices.ContainsFunc(w.Records, func(r ledger.Record) bool {
			return r.Code == ledger.Cut && r.Process == healthy && r.Kind == ledger.Ended
		})
	},
	"counted once more":  func(w *world) bool { w.Final.Succeeded++; return true },
	"counted once less":  func(w *world) bool { w.Final.Succeeded--; return true },
	"one is left behind": func(w *world) bool { w.Final.Stored[1] = "leased"; return true },
}

const seeds = 300

func TestCheck_BlamesNobodyInHistoriesThatAreRight(t *testing.T) {
	t.Parallel()
	var duplicates int
	for seed := range uint64(seeds) {
		w := newWorld(seed, 20, 1)
		r := check.Check(w.History)
		if !r.OK() {
			t.Fatalf("seed %d:%s", seed, texts(r))
		}
		duplicates += r.Duplicates
	}
	if duplicates < seeds {
		t.Errorf("only %d duplicates in %d histories", duplicates, seeds)
	}
}

func TestCheck_FindsWhatIsBrokenInThem(t *testing.T) {
	t.Parallel()
	for name, damage := range breaks {
		broken := 0
		for seed := range uint64(seeds) {
			w := newWorld(seed, 20, 1)
			if !damage(w) {
				continue
			}
			broken++
			if check.Check(w.History).OK() {
				t.Errorf("%s, seed %d: not found", name, seed)
			}
		}
		if broken < seeds/2 {
			t.Errorf("%s: only %d of %d histories can be broken so", name, broken, seeds)
		}
	}
}

// Whatever the ledgers say, it is judged: each four bytes are a record.
func FuzzCheck(f *testing.F) {
	f.Add([]byte{1, 1, 1, 1, 5, 1, 1, 0, 6, 1, 1, 1})
	f.Add([]byte{8, 0, 5, 3, 5, 1, 1, 0, 5, 1, 2, 0, 5, 1, 3, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		h := check.History{Final: told(0, died(2), calledOff(3), waits(4)), Rules: check.Rules{Unique: true, Ordered: true, Ticks: []uint64{1}}}
		for b := range slices.Chunk(text, 4) {
			if len(b) < 4 {
				break
			}
			at := ledger.Time(len(h.Records)) * ledger.Time(100*time.Millisecond)
			h.Records = append(h.Records, ledger.Record{
				At: at, Until: at.Add(time.Duration(b[3]) * time.Millisecond * 10), Kind: ledger.Kind(b[0] % 12), Task: uint64(b[1] % 5),
				Process: uint32(b[2] % 4), Code: ledger.Code(b[3] % 15), Key: uint64(b[1] / 5 % 3), Attempt: uint16(1 + b[2]/4%3),
				Reach: uint32(b[3]) * 10,
			})
		}
		r := check.Check(h)
		if r.Explained > r.Duplicates || r.Duplicates > r.Runs || r.Accepted+r.Refused+r.Unknown != r.Sent {
			t.Errorf("%+v", r)
		}
	})
}

// BenchmarkCheck judges a million tasks, of which one in a hundred goes wrong.
func BenchmarkCheck(b *testing.B) {
	w := newWorld(1, 1_000_000, 100)
	b.ReportAllocs()
	for b.Loop() {
		if r := check.Check(w.History); !r.OK() {
			b.Fatal(r.Violations[0])
		}
	}
	b.ReportMetric(float64(len(w.Records)), "records")
}
