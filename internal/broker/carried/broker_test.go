package carried_test

import (
	"context"
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
		deliveries, err := m.Fetch(t.Context(), 1, 0)
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

// holding notes what its subscribers hold.
type holding struct {
	broker.Carrier
	hold int
}

func (c *holding) Subscribe(ctx context.Context, queue string, hold int) (broker.Subscription, error) {
	c.hold = hold
	return c.Carrier.Subscribe(ctx, queue, hold)
}

// What waits in the hands of a worker whose slots are full waits for as long as its tasks run, so it holds no more
// than it has slots; a few more only of what no other worker could have.
func TestJoin_HoldsNoMoreThanItHasSlots(t *testing.T) {
	t.Parallel()
	for _, powers := range kinds {
		conf, _ := redistest.New(t)
		redis, err := redisq.Open(conf)
		if err != nil {
			t.Fatal(err)
		}
		carrier := &holding{Carrier: carriertest.NewMemory(powers).Open()}
		b := carried.New(redis, map[string]broker.Carrier{"q": carrier})
		for slots, want := range map[int]map[bool]int{1: {false: 1, true: 3}, 20: {false: 20, true: 25}, 0: {false: 1024, true: 1024}} {
			m, err := b.Join(t.Context(), broker.Join{Queue: "q", Worker: "w", Lease: testLease, Slots: slots})
			if err != nil {
				t.Fatal(err)
			}
			if carrier.hold != want[powers.Order] {
				t.Errorf("%s: a worker of %d slots holds %d, want %d", powers.Name, slots, carrier.hold, want[powers.Order])
			}
			if err := m.Leave(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}
