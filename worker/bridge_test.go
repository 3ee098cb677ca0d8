package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carriertest"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

// events is a worker of the queue "default" with a bridge to it.
func events(redis zeroq.RedisConf) worker.Conf {
	return worker.Conf{
		Redis:   redis,
		Brokers: []zeroq.BrokerConf{{Name: "events", Kafka: &zeroq.KafkaConf{Addrs: []string{"127.0.0.1:1"}}}},
		Bridges: []worker.BridgeConf{{
			Broker: "events", Source: "orders.v1", Queue: "default", Type: "order", IDFrom: "json:/id", Data: "json:/order",
		}},
	}
}

func TestBridges_ForeignMessagesRunAsTasks(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	server := carriertest.NewMemory(broker.Powers{Name: "kafka", Order: true})
	server.Send("orders.v1",
		broker.Message{Body: []byte(`{"id":"o-1","order":{"sum": 1.50}}`), Headers: map[string]string{"traceparent": "00-1", "x": "y"}},
		broker.Message{ID: "orders.v1.0.7", Body: []byte("\xff")},
		broker.Message{Body: []byte(`{"id":"o-1","order":{"sum": 1.50}}`)},
	)
	seen := make(chan *zeroq.Task, 3)
	start(t, events(redis), handle("*", func(_ context.Context, task *zeroq.Task) error {
		seen <- task
		return nil
	}), worker.Dial(func(conf zeroq.BrokerConf) (broker.Carrier, error) {
		if conf.Name != "events" {
			t.Errorf("broker %+v is opened", conf)
		}
		return server.Open(), nil
	}))
	task := receive(t, seen)
	if task.ID != "o-1" || task.Type != "order" || string(task.Data) != `{"sum": 1.50}` || len(task.Headers) != 1 {
		t.Errorf("%+v", task)
	}
	letter := finished(t, redis, "unreadable:events:orders.v1:0.7")
	if letter.State != zeroq.Dead || !strings.Contains(letter.Error, "the body is not valid JSON") {
		t.Errorf("%+v", letter)
	}
	if !strings.Contains(string(letter.Data), `"base64":"/w=="`) {
		t.Errorf("the bytes are %s", letter.Data)
	}
	eventually(t, "all acknowledged", func() bool { return len(server.Unacknowledged("orders.v1\x00zeroq-bridge-default")) == 0 })
	if len(seen) > 0 {
		t.Errorf("%+v ran too", <-seen)
	}
}

func TestBridges_AnUnreadableMessageThatIsRunAgainIsDeadAgain(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	server := carriertest.NewMemory(broker.Powers{Name: "kafka", Order: true})
	server.Send("orders.v1", broker.Message{ID: "1", Body: []byte("nope")})
	start(t, events(redis), zeroq.NewMux(), worker.Dial(func(zeroq.BrokerConf) (broker.Carrier, error) { return server.Open(), nil }))
	id := "unreadable:events:orders.v1:1"
	b := look(t, redis)
	dead := func() bool {
		info, err := b.Task(t.Context(), id, "")
		return err == nil && info.State == zeroq.Dead
	}
	eventually(t, "a dead letter", dead)
	if err := b.Retry(t.Context(), id, ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a dead letter again", dead)
}

var errNoCarrier = errors.New("no such certificate")

func TestBridges_ACarrierThatCannotBeOpenedStopsTheStart(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	conf := events(redis)
	second := conf.Bridges[0]
	second.Queue = "other"
	conf.Bridges = append(conf.Bridges, second)
	server, opened := carriertest.NewMemory(broker.Powers{}), 0
	_, err := worker.New(conf, zeroq.NewMux(), worker.Dial(func(zeroq.BrokerConf) (broker.Carrier, error) {
		if opened++; opened == 2 {
			return nil, errNoCarrier
		}
		return server.Open(), nil
	}))
	if !errors.Is(err, errNoCarrier) || !strings.HasPrefix(err.Error(), "Bridges[1].Broker: ") {
		t.Errorf("%v", err)
	}
	if w, err := worker.New(events(redis), zeroq.NewMux(), worker.Dial(func(zeroq.BrokerConf) (broker.Carrier, error) { return server.Open(), nil })); err != nil {
		t.Errorf("a worker after that: %v", err)
	} else {
		w.Stop()
	}
}

// The queue that a bridge leads to may have a broker of its own, here the same one.
func TestBridges_AKeyBecomesAGroupWhereTheQueueKeepsOrder(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	server, seen := carriertest.NewMemory(kafkaPowers), &ran{}
	conf := onCarrier(redis)
	conf.Bridges = []worker.BridgeConf{{Broker: "main", Source: "orders.v1", Queue: "kept", Type: "x", IDFrom: "json:/id", GroupFrom: "key"}}
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("o-%02d", i))
		server.Send("orders.v1", broker.Message{Group: "ann", Body: fmt.Appendf(nil, `{"id":%q}`, want[i])})
	}
	groups := make(chan string, len(want))
	start(t, conf, handle("x", func(ctx context.Context, task *zeroq.Task) error {
		groups <- task.Group
		return seen.handle(ctx, task)
	}), inMemory(server))
	for range want {
		if group := receive(t, groups); group != "ann" {
			t.Errorf("group %q", group)
		}
	}
	eventually(t, "20 runs", func() bool { return len(seen.all()) == len(want) })
	if got := seen.all(); !slices.Equal(got, want) {
		t.Errorf("the order is %v", got)
	}
}

// Both bridges are members of the consumer group that the queue's name gives, each of its own topic.
func TestBridges_TwoTopicsOfKafkaLeadToOneQueue(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	kafka := kafkatest.New(t)
	conf := events(redis)
	conf.Brokers[0].Kafka = &kafka
	conf.Bridges[0].Source, conf.Bridges[0].IDFrom, conf.Bridges[0].Data = kafkatest.Prefix(kafka)+"late", "", "body"
	other := conf.Bridges[0]
	other.Source = kafkatest.MakeTopic(t, kafka, "early", 3)
	conf.Bridges = append(conf.Bridges, other)
	seen := make(chan string, 60)
	start(t, conf, handle("order", func(_ context.Context, task *zeroq.Task) error {
		seen <- string(task.Data)
		return nil
	}))
	produce := func(topic, name string) {
		for i := range 15 {
			kafkatest.Send(t, kafka, &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, `"%s-%d"`, name, i)})
		}
	}
	got := map[string]int{}
	take := func(n int) {
		for range n {
			got[receive(t, seen)]++
		}
	}
	produce(other.Source, "first")
	take(15) // one topic is not there yet, which holds up nothing of the other
	produce(kafkatest.MakeTopic(t, kafka, "late", 3), "late")
	produce(other.Source, "second")
	take(30)
	if len(got) != 45 {
		t.Errorf("%d of 45 messages have run: %v", len(got), got)
	}
}
