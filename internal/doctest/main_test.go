// Package doctest holds the documents to the code: what they show compiles, what they link to exists,
// the settings they list are those of the programs. It has only tests.
package doctest

import (
	"os"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m, redistest.GoZero...)) }
