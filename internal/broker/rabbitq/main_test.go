package rabbitq

import (
	"os"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/rabbittest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(rabbittest.With(m), redistest.GoZero...)) }
