package kafkaq

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/brokertest"
	"github.com/zeroq-dev/zeroq/internal/broker/carried/carriedtest"
	"github.com/zeroq-dev/zeroq/internal/broker/carriertest"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m, redistest.GoZero...)) }

// quick is a pace for tests, where the server allows it.
var quick = pace{
	session: time.Second, heartbeat: 50 * time.Millisecond, rebalance: time.Second, watch: 100 * time.Millisecond,
	commit: 20 * time.Millisecond, rejoin: 50 * time.Millisecond, poll: 200 * time.Millisecond, answer: 5 * time.Second,
	coordinator: 2500 * time.Millisecond, leave: 100 * time.Millisecond,
}

// connect opens a carrier that a test closes.
func connect(t testing.TB, conf zeroq.KafkaConf) *Carrier {
	t.Helper()
	c, err := Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	if c.pace = quick; kafkatest.Shared() {
		c.pace.session, c.pace.rebalance = 6*time.Second, 6*time.Second
	}
	return c
}

func TestConformance(t *testing.T) {
	carriertest.Run(t, func(t testing.TB) carriertest.Rig {
		if kafkatest.Shared() {
			return rig(t, kafkatest.New(t))
		}
		server := kafkatest.Start(t)
		r := rig(t, server.Conf())
		r.Stop, r.Start = server.Stop, server.Start
		return r
	})
}

// TestConformance_Broker runs the suite of all brokers on a queue whose ready tasks go through Kafka.
func TestConformance_Broker(t *testing.T) {
	brokertest.Run(t, func(t testing.TB) brokertest.Store {
		return carriedtest.Store(t, connect(t, kafkatest.New(t)), true)
	})
}

func rig(t testing.TB, conf zeroq.KafkaConf) carriertest.Rig {
	source := kafkatest.MakeTopic(t, conf, "source", 3)
	open := func() broker.Carrier { return connect(t, conf) }
	return carriertest.Rig{
		Carrier: open(), Second: open, Source: source, TooLarge: 2 << 20,
		Kill: func(c broker.Carrier) { c.(*Carrier).lines.close() },
		Away: func() broker.Carrier {
			away := conf
			away.Addrs = []string{"127.0.0.1:1"}
			return connect(t, away)
		},
		Send: func(messages ...broker.Message) {
			for _, m := range messages {
				r := &kgo.Record{Topic: source, Value: m.Body}
				if m.Group != "" {
					r.Key = []byte(m.Group)
				}
				for key, value := range m.Headers {
					r.Headers = append(r.Headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
				}
				kafkatest.Send(t, conf, r)
			}
		},
	}
}

// patience is how long Kafka may take for what it does in its own time.
const patience = 30 * time.Second

// until polls until the condition holds.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !condition() {
		if !backoff.Pause(ctx, 5*time.Millisecond) {
			t.Fatalf("still waiting: %s", what)
		}
	}
}

// subscribe begins a subscription that a test closes.
func subscribe(t testing.TB, c *Carrier, hold int) *subscription {
	t.Helper()
	sub, err := c.Subscribe(t.Context(), "q", hold)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Close() })
	return sub.(*subscription)
}

// open opens a carrier.
func open(t testing.TB, conf zeroq.KafkaConf) *Carrier {
	t.Helper()
	c := connect(t, conf)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// server starts a server of this process, which can be told to fail.
func server(t testing.TB, opts ...kfake.Opt) *kafkatest.Server {
	t.Helper()
	if kafkatest.Shared() {
		t.Skip("needs a server that fails where it is told to")
	}
	return kafkatest.Start(t, opts...)
}

// numbered makes messages of a group, or of none, with the numbers as IDs and bodies.
func numbered(group string, from, to int) (all []broker.Message) {
	for i := from; i < to; i++ {
		name := strconv.Itoa(i)
		all = append(all, broker.Message{ID: group + name, Group: group, Body: []byte(name)})
	}
	return all
}

// publish hands messages over, all of which must be taken.
func publish(t testing.TB, c *Carrier, messages ...broker.Message) {
	t.Helper()
	for i, err := range c.Publish(t.Context(), "q", messages) {
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
}

// receive takes exactly n parcels.
func receive(t testing.TB, sub broker.Subscription, n int) (all []*broker.Parcel) {
	t.Helper()
	until(t, "parcels come", func() bool {
		all = append(all, sub.Receive(n-len(all))...)
		return len(all) == n
	})
	return all
}

// ids returns the IDs of parcels.
func ids(parcels []*broker.Parcel) (all []string) {
	for _, p := range parcels {
		all = append(all, p.ID)
	}
	return all
}
