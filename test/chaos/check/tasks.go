package check

import "github.com/zeroq-dev/zeroq/test/chaos/ledger"

// tasks are the records of a run by task. Only their places are kept: four bytes a record.
type tasks struct {
	all     []ledger.Record
	numbers []uint64          // of tasks, by their first records
	ranks   map[uint64]uint32 // where a task is in numbers
	ends    []uint32          // where its places end, by rank
	places  []uint32          // in all, by rank and moment
}

// recordsOf hands out the records of one task, by their moments.
type recordsOf func(yield func(*ledger.Record) bool)

func groupByTask(all []ledger.Record) tasks {
	g := tasks{all: all, ranks: map[uint64]uint32{}}
	var sizes []uint32
	for i := range all {
		if !aboutTask(&all[i]) {
			continue
		}
		rank, known := g.ranks[all[i].Task]
		if !known {
			rank = uint32(len(g.numbers))
			g.ranks[all[i].Task] = rank
			g.numbers = append(g.numbers, all[i].Task)
			sizes = append(sizes, 0)
		}
		sizes[rank]++
	}
	g.place(sizes)
	return g
}

// place fills places by counting, and turns the sizes into ends.
func (g *tasks) place(sizes []uint32) {
	next := uint32(0)
	g.ends = sizes
	for rank, size := range sizes {
		g.ends[rank] = next // its begin, until it is filled
		next += size
	}
	g.places = make([]uint32, next)
	for i := range g.all {
		if aboutTask(&g.all[i]) {
			rank := g.ranks[g.all[i].Task]
			g.places[g.ends[rank]] = uint32(i)
			g.ends[rank]++
		}
	}
}

func aboutTask(r *ledger.Record) bool { return r.Task != 0 && r.Kind != ledger.Fault }

func (g *tasks) has(n uint64) bool {
	_, ok := g.ranks[n]
	return ok
}

// each hands out the tasks by their first records.
func (g *tasks) each(yield func(uint64, recordsOf) bool) {
	begin := uint32(0)
	for rank, n := range g.numbers {
		places := g.places[begin:g.ends[rank]]
		begin = g.ends[rank]
		records := func(yield func(*ledger.Record) bool) {
			for _, at := range places {
				if !yield(&g.all[at]) {
					return
				}
			}
		}
		if !yield(n, records) {
			return
		}
	}
}
