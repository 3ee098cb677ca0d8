// Package carriedtest runs the conformance suite of brokers on a carried broker:
//
//	brokertest.Run(t, func(t testing.TB) brokertest.Store {
//		return carriedtest.Store(t, carrier(t), true)
//	})
package carriedtest

import (
	"context"
	"sync"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/brokertest"
	"github.com/zeroq-dev/zeroq/internal/broker/carried"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// Store returns a broker on an empty Redis whose queue "q" is carried by the carrier, with its relay at
// work. The package of the test hands its tests to redistest.Main. eager: the carrier hands messages to
// members before they fetch them, which most do.
func Store(t testing.TB, carrier broker.Carrier, eager bool) brokertest.Store {
	t.Helper()
	conf, client := redistest.New(t)
	redis, err := redisq.Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	watched := &watched{Carrier: carrier}
	b := &Broker{Broker: carried.New(redis, map[string]broker.Carrier{"q": watched}), carrier: watched, subs: make(map[broker.Member]broker.Subscription)}
	b.relay(t)
	return brokertest.Store{
		Broker: b, Carrier: carrier.Powers(), Kill: b.kill, Eager: eager,
		Push: func(queue, message string) {
			list := "zq:{" + queue + "}:ready"
			if queue == "foreign" {
				list = brokertest.ForeignList
			}
			if err := client.LPush(context.Background(), list, message).Err(); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// Broker is a carried broker with its relay, whose members can be killed.
type Broker struct {
	*carried.Broker
	carrier *watched
	stop    context.CancelFunc
	relays  sync.WaitGroup

	mu   sync.Mutex
	subs map[broker.Member]broker.Subscription
}

// relay begins to move tasks.
func (b *Broker) relay(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.relays.Go(func() { b.Relay(ctx, "q", "relay") })
	if err := b.Carry(ctx, "q", b.carrier.Powers()); err != nil { // producers go by it
		t.Fatal(err)
	}
}

// Join implements [broker.Broker].
func (b *Broker) Join(ctx context.Context, join broker.Join) (broker.Member, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.carrier.last = nil
	m, err := b.Broker.Join(ctx, join)
	if err == nil && b.carrier.last != nil {
		b.subs[m] = b.carrier.last
	}
	return m, err
}

// kill ends what a member has of the carrier, and nothing else.
func (b *Broker) kill(m broker.Member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.subs[m].Close()
}

// Close implements [broker.Broker].
func (b *Broker) Close() error {
	b.stop()
	b.relays.Wait()
	return b.Broker.Close()
}

// watched is a carrier that notes the last subscription.
type watched struct {
	broker.Carrier
	last broker.Subscription
}

// Subscribe implements [broker.Carrier].
func (w *watched) Subscribe(ctx context.Context, queue string, hold int) (broker.Subscription, error) {
	sub, err := w.Carrier.Subscribe(ctx, queue, hold)
	w.last = sub
	return sub, err
}
