package rabbitq

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq/internal/rabbittest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rabbittest.With(m), redistest.GoZero...) }
