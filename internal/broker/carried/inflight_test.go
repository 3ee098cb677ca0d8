package carried

import (
	"testing"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// A task that is handed back may come again, under the same lease and name, before it is known here that it was:
// the message that it came by is not that of the first time.
func TestInflight_TakesWhatADeliveryCameBy(t *testing.T) {
	t.Parallel()
	f := newInflight()
	first, second := &broker.Delivery{Lease: "l", Receipt: "a"}, &broker.Delivery{Lease: "l", Receipt: "a"}
	one, two := &broker.Parcel{}, &broker.Parcel{}
	if before := f.add(first, one); before != nil {
		t.Error("there was one before the first")
	}
	if before := f.add(second, two); before != one {
		t.Error("the first one is not known any more")
	}
	if taken := f.take([]*broker.Delivery{first}); len(taken) > 0 {
		t.Error("the second one is taken for the first")
	}
	if taken := f.take([]*broker.Delivery{second}); len(taken) != 1 || taken[0] != two {
		t.Errorf("taken: %v", taken)
	}
}
