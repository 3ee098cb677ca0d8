package carried_test

import (
	"testing"

	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carried"
	"github.com/zeroq-dev/zeroq/internal/broker/carriertest"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// counted counts how often it is closed.
type counted struct {
	broker.Carrier
	closed int
}

func (c *counted) Close() error {
	c.closed++
	return c.Carrier.Close()
}

// Queues may share a carrier, and some have none.
func TestBroker_QueuesWithAndWithoutCarrier(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	redis, err := redisq.Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	carrier := &counted{Carrier: carriertest.NewMemory(unordered).Open()}
	b := carried.New(redis, map[string]broker.Carrier{"one": carrier, "two": carrier})
	b.Relay(t.Context(), "plain", "relay") // returns at once: there is nothing to move
	for _, queue := range []string{"one", "two", "plain"} {
		m, err := b.Join(t.Context(), broker.Join{Queue: queue, Worker: "w", Lease: testLease})
		if err != nil {
			t.Fatal(err)
		}
		deliveries, err := m.Fetch(t.Context(), 1)
		if err != nil || len(deliveries) > 0 {
			t.Errorf("queue %s gave %d, %v", queue, len(deliveries), err)
		}
		if err := m.Leave(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := b.Close(); err != nil || carrier.closed != 1 {
		t.Errorf("the carrier was closed %d times, %v", carrier.closed, err)
	}
}
