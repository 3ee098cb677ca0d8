//go:build linux

package suite

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// maxTold is how many violations of one run are told one by one.
const maxTold = 5

// Row is a line of the table: some runs that are judged together. It is safe for concurrent use until
// it is shown.
type Row struct {
	// System is whose runs they are, Name what was done to it.
	System, Name string

	mu sync.Mutex
	// Runs is how many there were.
	Runs int
	// Faults, Tasks, Starts, Lost, Forgiven, Duplicates and Unexplained are sums over the runs; Tasks are those
	// that were accepted.
	Faults, Tasks, Starts, Lost, Forgiven, Duplicates, Unexplained int
	// Kinds are the faults by what was broken, Ticks how many times of schedules had to run.
	Kinds map[ledger.Code]int
	Ticks int
	// Refused is how many tasks were, with an answer that says so; Dead how many became dead letters,
	// Cancelled how many were called off in time.
	Refused, Dead, Cancelled int
	// Poisoned is how many tasks should have succeeded and are dead letters, as three workers died with them.
	Poisoned int
	// Stalls is how often the machine stood still meanwhile, Excusable how many starts a fault would have excused
	// a repetition of.
	Stalls, Excusable int
	// Violations is how many promises were not kept.
	Violations int
	// Recovery, Resume and Late are those of all runs, sorted.
	Recovery, Resume, Late []time.Duration
	// Problems tell what went wrong, for people.
	Problems []string
	// Skipped is why nothing was run; "" for others.
	Skipped string
	// Grouped is how many tasks of groups ran, Beside how many of their runs began beside another of the group.
	Grouped, Beside int
	// Note is more that is to be told.
	Note string
	// Comparison is more of a row of the table that compares systems; nil for others.
	Comparison *Comparison
}

// NewRow is a row of zeroq.
func NewRow(name string) *Row { return &Row{System: "zeroq", Name: name} }

// Add adds the judgement of a run.
func (r *Row) Add(report check.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Runs++
	if r.Kinds == nil {
		r.Kinds = make(map[ledger.Code]int)
	}
	for kind, n := range report.Faults {
		r.Faults += n
		r.Kinds[kind] += n
	}
	r.Stalls += report.Stalls
	r.Excusable += report.Excusable
	r.Tasks += report.Accepted
	r.Refused += report.Refused
	r.Dead += report.Dead
	r.Cancelled += report.Cancelled
	r.Poisoned += report.Poisoned
	r.Starts += report.Runs
	r.Lost += report.Lost
	r.Forgiven += report.Forgiven
	r.Duplicates += report.Duplicates
	r.Unexplained += report.Unexplained()
	r.Grouped += report.Grouped
	r.Beside += report.Beside
	r.Violations += len(report.Violations)
	r.Recovery = append(r.Recovery, report.Recovery...)
	r.Resume = append(r.Resume, report.Resume...)
	r.Late = append(r.Late, report.Late...)
	for _, times := range [][]time.Duration{r.Recovery, r.Resume, r.Late} {
		slices.Sort(times)
	}
}

// fail notes what went wrong.
func (r *Row) fail(problem string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Problems = append(r.Problems, problem)
}

// note tells more.
func (r *Row) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Note = text
}

// compare adds what is compared of a run.
func (r *Row) compare(records []ledger.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Comparison.add(records)
}

// stuck notes a run that is compared and was not over in time.
func (r *Row) stuck(problem string) {
	r.fail(problem)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Comparison.Stuck++
}

// ticked adds times of schedules.
func (r *Row) ticked(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Ticks += n
}

// show notes a problem if there were fewer faults of some kinds than there have to be: what was not done
// proves nothing.
func (r *Row) show(least map[ledger.Code]int) {
	for kind, n := range least {
		if got := r.Kinds[kind]; got < n && r.Runs > 0 {
			r.fail(fmt.Sprintf("%d faults are too few: %s; there have to be %d", got, ledger.Fault.Name(kind), n))
		}
	}
}

// empty tells whether the row shows nothing, as nothing was run in it.
func (r *Row) empty() bool { return r.Runs == 0 || r.Tasks == 0 && r.Ticks == 0 }

// OK tells whether nothing went wrong that is held against us.
func (r *Row) OK() bool {
	return r.Comparison != nil && r.Comparison.Told || r.Skipped != "" || len(r.Problems) == 0 && r.Violations == 0 && !r.empty()
}

// late is how late tasks began.
func (r *Row) late() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("p99 %.1f s, p100 %.1f s late", check.Percentile(r.Late, 99).Seconds(), check.Percentile(r.Late, 100).Seconds())
}
