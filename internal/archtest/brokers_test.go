package archtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A test that needs RabbitMQ is skipped everywhere but there, so one that is not there never runs.
func TestScripts_TestBrokersRunsWhateverNeedsRabbitMQ(t *testing.T) {
	script, err := os.ReadFile(filepath.Join("..", "..", "scripts", "test-brokers"))
	if err != nil {
		t.Fatal(err)
	}
	named := strings.Fields(string(script))
	users := 0
	for _, p := range load(t) {
		needs := slices.ContainsFunc(slices.Concat(p.TestImports, p.XTestImports), func(path string) bool {
			return ours(path) == "./internal/rabbittest"
		})
		if !needs {
			continue
		}
		users++
		if !matchAny(named, p.path()) {
			t.Errorf("scripts/test-brokers does not run the tests of %s", p.path())
		}
	}
	if users == 0 {
		t.Error("no package needs RabbitMQ")
	}
}
