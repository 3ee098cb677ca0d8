//go:build linux

package suite_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/role"
	"github.com/zeroq-dev/zeroq/test/chaos/suite"
)

// seedEnv repeats a run.
const seedEnv = "ZEROQ_CHAOS_SEED"

// This test binary plays the roles of the runs that it starts.
func TestMain(m *testing.M) {
	role.Told()
	os.Exit(m.Run())
}

// Suites in their smallest size, but for those that hang on the disk of the machine: make chaos runs all
// of them, in full.
func TestSuites(t *testing.T) {
	run(t,
		suite.Schedules{For: 5 * time.Second},
		suite.Locks{For: 5 * time.Second},
		suite.Storm{For: 10 * time.Second},
		suite.SmallMatrix(),
		suite.Full{Cycles: 1},
		suite.Steady{Tasks: 20_000},
		suite.Order{Tasks: 1000},
		suite.Odd{For: 8 * time.Second},
		suite.Carried{Kind: "kafka", For: 5 * time.Second, Quick: true},
	)
}

// rabbitEnv has the tests run that need a RabbitMQ, as everywhere.
const rabbitEnv = "ZEROQ_TEST_RABBITMQ"

func TestRabbitMQ(t *testing.T) {
	if os.Getenv(rabbitEnv) != "1" {
		t.Skipf("needs RabbitMQ: `make test-brokers` runs it, or set %s=1", rabbitEnv)
	}
	run(t, suite.Carried{Kind: "rabbitmq", For: 5 * time.Second, Quick: true})
}

func run(t *testing.T, suites ...suite.Suite) {
	seed := rand.Uint64()
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range suites {
		t.Run(s.Name(), func(t *testing.T) {
			t.Parallel()
			// Ledgers of a run that broke a promise stay.
			folder, err := os.MkdirTemp("", "zeroq-chaos-")
			if err != nil {
				t.Fatal(err)
			}
			defer os.Remove(folder)
			rows, err := s.Run(t.Context(), &suite.Stage{Folder: folder, Seed: seed, Say: t.Logf})
			if err != nil {
				t.Error(err)
			}
			for _, row := range rows {
				if row.Skipped != "" {
					t.Errorf("%s was not run: %s", row.Name, row.Skipped)
				}
				if !row.OK() {
					t.Errorf("%s is broken", row.Name)
				}
				for _, problem := range row.Problems {
					t.Errorf("%s: %s", row.Name, problem)
				}
			}
			if t.Failed() {
				t.Logf("the same again: %s=%d go test ./test/chaos/suite -run '%s'", seedEnv, seed, t.Name())
			}
			t.Log("\n" + suite.Table(rows, false))
		})
	}
}
