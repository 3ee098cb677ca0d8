package taskid

import (
	"slices"
	"testing"
)

func TestID_ReadsBackWhatItNames(t *testing.T) {
	id := New("email", 3, 1<<49+17)
	queue, partition, sequence, ok := Parse(id)
	if !ok || queue != "email" || partition != 3 || sequence != 1<<49+17 {
		t.Fatalf("%s reads back as %q %d %d %v", id, queue, partition, sequence, ok)
	}
}

func TestID_SortsBySequence(t *testing.T) {
	ids := []string{}
	for _, n := range []uint64{0, 1, 31, 32, 63, 64, 1 << 20, 1<<50 - 1} {
		ids = append(ids, New("q", 0, n))
	}
	if !slices.IsSorted(ids) {
		t.Fatalf("not sorted: %v", ids)
	}
}

func TestParse_RefusesWhatNewNeverMakes(t *testing.T) {
	for _, id := range []string{
		"", "plain", "q~0", "q~0~1", "q~x~0000000001", "q~-1~0000000001", "q~0~000000000z",
		"q~0~00000000001", "~0~0000000001", "q~00~0000000001", "q~0~000000000A", "q~0~+000000001", "q~0~0000000001~",
	} {
		if _, _, _, ok := Parse(id); ok {
			t.Errorf("%q was read as an id of ours", id)
		}
	}
}
