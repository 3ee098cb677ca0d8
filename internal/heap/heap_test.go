package heap

import (
	"runtime/debug"
	"testing"
)

func TestGrow_LeavesWhatIsSetAlone(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	for set, want := range map[string]int{"": growth, "50": 100} { // the runtime has read GOGC at its start
		debug.SetGCPercent(100)
		t.Setenv("GOGC", set)
		Grow()
		if got := debug.SetGCPercent(100); got != want {
			t.Errorf("GOGC=%q: the heap grows by %d %%, want %d", set, got, want)
		}
	}
}
