package pool

import (
	"slices"
	"testing"
)

func TestOrder_EachQueueIsFirstInProportionToItsWeight(t *testing.T) {
	t.Parallel()
	queues := []Queue{{Name: "a", Weight: 6}, {Name: "b", Weight: 3}, {Name: "c", Weight: 1}, {Name: "d"}}
	o := newOrder(queues, false)
	const rounds = 110_000
	first := make([]int, len(queues))
	for range rounds {
		next := o.next()
		if sorted := slices.Sorted(slices.Values(next)); !slices.Equal(sorted, []int{0, 1, 2, 3}) {
			t.Fatalf("a round asks %v, want every queue once", next)
		}
		first[next[0]]++
	}
	for i, weight := range []int{6, 3, 1, 1} { // no weight counts as one
		want := rounds * weight / 11
		// Six standard deviations: one run in a billion is wrong by chance.
		if off := first[i] - want; off*off > 36*want {
			t.Errorf("queue %s is first %d times of %d, want about %d", queues[i].Name, first[i], rounds, want)
		}
	}
}

func TestOrder_SecondPlaceIsByWeightToo(t *testing.T) {
	t.Parallel()
	o := newOrder([]Queue{{Weight: 1000}, {Weight: 9}, {Weight: 1}}, false)
	second := 0
	for range 10_000 {
		if next := o.next(); next[0] == 0 && next[1] == 1 {
			second++
		}
	}
	if second < 8500 || second > 9300 {
		t.Errorf("behind the heavy queue the one of weight 9 stands %d times of 10000, want about 8910", second)
	}
}

func TestOrder_StrictKeepsTheGivenOrder(t *testing.T) {
	t.Parallel()
	o := newOrder([]Queue{{Weight: 1}, {Weight: 1000}, {Weight: 5}}, true)
	for range 100 {
		if next := o.next(); !slices.Equal(next, []int{0, 1, 2}) {
			t.Fatalf("order %v", next)
		}
	}
}
