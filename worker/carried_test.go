package worker_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carriertest"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

var kafkaPowers = broker.Powers{Name: "kafka", Order: true}

// onCarrier is a worker of the queue "kept" on a broker, and of "lists" on Redis lists.
func onCarrier(redis zeroq.RedisConf) worker.Conf {
	return worker.Conf{
		Redis:   redis,
		Brokers: []zeroq.BrokerConf{{Name: "main", Kafka: &zeroq.KafkaConf{Addrs: []string{"127.0.0.1:1"}}}},
		Pools:   []worker.PoolConf{{Queues: []worker.QueueConf{{Name: "lists"}, {Name: "kept", Broker: "main"}}}},
	}
}

// inMemory has a worker use a server in memory as its broker.
func inMemory(server *carriertest.Memory) worker.Option {
	return worker.Dial(func(zeroq.BrokerConf) (broker.Carrier, error) { return server.Open(), nil })
}

// ran is what handlers have run, in order.
type ran struct {
	mu  sync.Mutex
	ids []string
}

func (r *ran) handle(_ context.Context, task *zeroq.Task) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids = append(r.ids, task.ID)
	return nil
}

func (r *ran) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.ids...)
}

// gone waits until a broker has nothing any more.
func gone(t *testing.T, server *carriertest.Memory, queue string) {
	t.Helper()
	eventually(t, "the broker has let go of all", func() bool { return len(server.Unacknowledged(queue)) == 0 })
}

func TestCarried_TasksRunByTheBrokerThatTheQueueNames(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	server, seen := carriertest.NewMemory(kafkaPowers), &ran{}
	start(t, onCarrier(redis), handle("x", seen.handle), inMemory(server))
	for i := range 20 {
		enqueue(t, redis, zeroq.NewTask("x", i, zeroq.Queue("kept"), zeroq.Group("g"), zeroq.ID(fmt.Sprintf("kept-%02d", i))))
	}
	enqueue(t, redis, zeroq.NewTask("x", 1, zeroq.Queue("lists"), zeroq.ID("list"), zeroq.Prioritized(zeroq.High)))
	for i := range 20 {
		finished(t, redis, fmt.Sprintf("kept-%02d", i))
	}
	finished(t, redis, "list")
	last := ""
	for _, id := range seen.all() {
		if id != "list" && id <= last {
			t.Errorf("of the group %s ran behind %s", id, last)
		} else if id != "list" {
			last = id
		}
	}
	gone(t, server, "kept")
}

func TestCarried_WhatTheBrokerCannotDoIsRefused(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	start(t, onCarrier(redis), zeroq.NewMux(), inMemory(carriertest.NewMemory(broker.Powers{Name: "rabbitmq"})))
	p := newProducer(t, redis)
	for field, task := range map[string]*zeroq.Task{
		"group":    zeroq.NewTask("x", 1, zeroq.Queue("kept"), zeroq.Group("g")),
		"priority": zeroq.NewTask("x", 1, zeroq.Queue("kept"), zeroq.Prioritized(zeroq.High)),
	} {
		var wrong *zeroq.FieldError
		if err := p.Enqueue(t.Context(), task); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// What waits at a broker would be lost to workers that do not look there.
func TestCarried_QueueDoesNotLeaveABrokerThatHasTasks(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	server, seen := carriertest.NewMemory(kafkaPowers), &ran{}
	conf := onCarrier(redis)
	// The worker takes nothing, and its relay goes on.
	enqueue(t, redis, zeroq.NewTask("x", 1, zeroq.Queue("kept"), zeroq.ID("a")))
	if err := look(t, redis).Pause(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	first := start(t, conf, handle("x", seen.handle), inMemory(server))
	enqueue(t, redis, zeroq.NewTask("x", 1, zeroq.Queue("kept"), zeroq.ID("b")))
	eventually(t, "the broker has the tasks", func() bool { return len(server.Unacknowledged("kept")) == 2 })
	back := onCarrier(redis)
	back.Pools[0].Queues[1].Broker = ""
	eventually(t, "a worker without the broker is refused", func() bool {
		w, err := worker.New(back, zeroq.NewMux())
		if err == nil {
			w.Stop() // the relay has not counted them yet
			return false
		}
		return errors.Is(err, zeroq.ErrUnsupported) && strings.HasPrefix(err.Error(), "Pools[0].Queues[1].Broker: ")
	})
	if err := look(t, redis).Resume(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	finished(t, redis, "a")
	finished(t, redis, "b")
	first.Stop()
	start(t, back, handle("x", seen.handle))
	enqueue(t, redis, zeroq.NewTask("x", 1, zeroq.Queue("kept"), zeroq.ID("c"), zeroq.Prioritized(zeroq.High)))
	finished(t, redis, "c")
}

// A queue gets a broker while it is at work: what waits in Redis goes there.
func TestCarried_QueueMovesToABrokerWithAllThatWaits(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	for i := range 30 {
		enqueue(t, redis, zeroq.NewTask("x", i, zeroq.Queue("kept"), zeroq.ID(fmt.Sprintf("k%d", i)), zeroq.Prioritized(zeroq.Priorities[i%3])))
	}
	server, seen := carriertest.NewMemory(kafkaPowers), &ran{}
	start(t, onCarrier(redis), handle("x", seen.handle), inMemory(server))
	for i := range 30 {
		finished(t, redis, fmt.Sprintf("k%d", i))
	}
	if got := seen.all(); len(got) != 30 {
		t.Errorf("%d runs of 30 tasks", len(got))
	}
}

func TestCarried_BrokerThatIsAwayIsWaitedForAndToldOf(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	server, seen := carriertest.NewMemory(kafkaPowers), &ran{}
	server.Stop()
	w := start(t, onCarrier(redis), handle("x", seen.handle), inMemory(server))
	enqueue(t, redis, zeroq.NewTask("x", 1, zeroq.Queue("kept"), zeroq.ID("a")), zeroq.NewTask("x", 1, zeroq.Queue("lists"), zeroq.ID("b")))
	finished(t, redis, "b") // the other queue goes on
	eventually(t, "the worker is not ready", func() bool { return errors.Is(w.Ready(), zeroq.ErrUnavailable) })
	server.Start()
	finished(t, redis, "a")
	eventually(t, "the worker is ready again", func() bool { return w.Ready() == nil })
}

func TestCarried_OpeningThatFailsNamesTheKey(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	conf := onCarrier(redis)
	conf.Brokers[0].Kafka.TLS = zeroq.TLSConf{Enabled: true, CAFile: "none.pem"}
	if _, err := worker.New(conf, zeroq.NewMux()); err == nil || !strings.HasPrefix(err.Error(), "Brokers[0].Kafka.TLS.CAFile: ") {
		t.Errorf("%v", err)
	}
}

func TestCarried_KafkaByConfiguration(t *testing.T) {
	t.Parallel()
	kafka := kafkatest.New(t)
	runsOn(t, zeroq.BrokerConf{Name: "main", Kafka: &kafka})
}

func TestCarried_RabbitMQByConfiguration(t *testing.T) {
	t.Parallel()
	rabbit := rabbittest.New(t)
	runsOn(t, zeroq.BrokerConf{Name: "main", RabbitMQ: &rabbit})
}

// runsOn checks that tasks come through a broker that runs.
func runsOn(t *testing.T, named zeroq.BrokerConf) {
	t.Helper()
	redis, _ := redistest.New(t)
	seen, conf := &ran{}, onCarrier(redis)
	conf.Brokers[0] = named
	w := start(t, conf, handle("x", seen.handle))
	enqueue(t, redis, zeroq.NewTask("x", 1, zeroq.Queue("kept"), zeroq.ID("a")), zeroq.NewTask("x", 1, zeroq.Queue("kept"), zeroq.ID("b")))
	finished(t, redis, "a")
	finished(t, redis, "b")
	if err := w.Ready(); err != nil {
		t.Error(err)
	}
}
