package check

import (
	"cmp"
	"slices"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// start is when a task began first.
type start struct {
	task uint64
	at   ledger.Time
}

type starts []start

// displaced is by how many places a task began too early at most. It sorts by task.
func (s starts) displaced() int {
	slices.SortFunc(s, func(a, b start) int { return cmp.Compare(a.at, b.at) })
	begun := make(map[uint64]int, len(s))
	for place, one := range s {
		begun[one.task] = place
	}
	slices.SortFunc(s, func(a, b start) int { return cmp.Compare(a.task, b.task) })
	most := 0
	for place, one := range s {
		most = max(most, place-begun[one.task])
	}
	return most
}

// disorder looks for tasks that began before one that was sent earlier.
func (j *judge) disorder() {
	if !j.Rules.Ordered {
		return
	}
	var last start
	for _, one := range j.starts {
		if one.at < last.at {
			j.blame(Disorder, one.task, "began %v before task %d", last.at.Sub(one.at), last.task)
			continue
		}
		last = one
	}
}
