package pool

import "math/rand/v2"

// order says which queue is asked first in a round of fetching.
type order struct {
	weights []int
	strict  bool
	indexes []int
}

func newOrder(queues []Queue, strict bool) *order {
	o := &order{strict: strict}
	for i, queue := range queues {
		o.weights = append(o.weights, max(queue.Weight, 1))
		o.indexes = append(o.indexes, i)
	}
	return o
}

// next returns the indexes of all queues: as given if strict, else so that each stands before
// another in proportion to their weights. The slice is good until the next call.
func (o *order) next() []int {
	if o.strict || len(o.indexes) == 1 {
		return o.indexes
	}
	total := 0
	for _, weight := range o.weights {
		total += weight
	}
	for at := range o.indexes {
		draw := rand.IntN(total)
		for i := at; ; i++ {
			weight := o.weights[o.indexes[i]]
			if draw < weight {
				o.indexes[at], o.indexes[i] = o.indexes[i], o.indexes[at]
				total -= weight
				break
			}
			draw -= weight
		}
	}
	return o.indexes
}
