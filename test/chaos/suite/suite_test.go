//go:build linux

package suite_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/role"
	"github.com/zeroq-dev/zeroq/test/chaos/suite"
)

// This test binary plays the roles of the runs that it starts.
func TestMain(m *testing.M) {
	if p, ok, err := plan.Read(); ok {
		if err == nil {
			err = role.Play(p)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// play runs a suite at its smallest size: all promises are kept.
func play(t *testing.T, s suite.Suite) []*suite.Row {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	seed := uint64(time.Now().UnixNano())
	rows, err := s.Run(ctx, &suite.Stage{Folder: t.TempDir(), Seed: seed, Say: t.Logf})
	if err != nil {
		t.Error(err)
	}
	for _, row := range rows {
		for _, problem := range row.Problems {
			t.Errorf("seed %d: %s: %s", seed, row.Name, problem)
		}
	}
	t.Log("\n" + suite.Table(rows, false))
	return rows
}
