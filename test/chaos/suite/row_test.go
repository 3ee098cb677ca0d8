//go:build linux

package suite

import (
	"testing"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
)

// What no other column tells stands beside the name, so that "0 lost" hides nothing.
func TestRow_TellsOfPoisonAndStalls(t *testing.T) {
	t.Parallel()
	row := NewRow("storm")
	if got := row.title(); got != "storm" {
		t.Errorf("nothing to tell: %q", got)
	}
	row.note("74 called off")
	for range 2 {
		row.Add(check.Report{Poisoned: 2, Stalls: 1})
	}
	const want = "storm (74 called off; 4 dead letters, as three workers died with them; the machine stood still 2 times)"
	if got := row.title(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
