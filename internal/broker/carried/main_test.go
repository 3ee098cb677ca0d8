package carried_test

import (
	"os"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/brokertest"
	"github.com/zeroq-dev/zeroq/internal/broker/carried/carriedtest"
	"github.com/zeroq-dev/zeroq/internal/broker/carriertest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m, redistest.GoZero...)) }

func TestConformance_Ordered(t *testing.T) {
	conformance(t, broker.Powers{Name: "ordered", Order: true})
}

func TestConformance_Unordered(t *testing.T) {
	conformance(t, broker.Powers{Name: "unordered"})
}

func conformance(t *testing.T, powers broker.Powers) {
	t.Parallel()
	brokertest.Run(t, func(t testing.TB) brokertest.Store {
		return carriedtest.Store(t, carriertest.NewMemory(powers).Open(), false)
	})
}
