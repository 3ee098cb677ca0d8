package carriertest

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	t.Parallel()
	for _, powers := range []broker.Powers{{Name: "ordered", Order: true}, {Name: "unordered"}} {
		t.Run(powers.Name, func(t *testing.T) {
			t.Parallel()
			Run(t, func(testing.TB) Rig { return memoryRig(powers) })
		})
	}
}

func memoryRig(powers broker.Powers) Rig {
	server := NewMemory(powers)
	return Rig{
		Carrier:  server.Open(),
		Second:   func() broker.Carrier { return server.Open() },
		Kill:     func(c broker.Carrier) { c.(*MemoryCarrier).Kill() },
		Away:     awayMemory,
		Source:   "orders",
		Send:     func(messages ...broker.Message) { server.Send("orders", messages...) },
		TooLarge: maxMemoryBody + 1,
		Stop:     server.Stop,
		Start:    server.Start,
	}
}

func awayMemory() broker.Carrier {
	server := NewMemory(broker.Powers{Name: "away"})
	server.Stop()
	return server.Open()
}
