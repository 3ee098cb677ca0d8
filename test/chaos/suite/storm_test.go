//go:build linux

package suite_test

import (
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/suite"
)

func TestStorm_KeepsAllPromises(t *testing.T) {
	t.Parallel()
	row := play(t, suite.Storm{For: 10 * time.Second})[0]
	if row.Faults < 10 || row.Tasks < 500 {
		t.Errorf("%d faults and %d tasks are no storm", row.Faults, row.Tasks)
	}
}

func TestPower_LosesNothingBeyondItsReach(t *testing.T) {
	t.Parallel()
	if row := play(t, suite.Power{For: 6 * time.Second})[0]; row.Faults < 2 || row.Tasks < 300 {
		t.Errorf("%d faults and %d tasks are too few", row.Faults, row.Tasks)
	}
}
