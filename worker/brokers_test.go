package worker_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/conffile"
	"github.com/zeroq-dev/zeroq/worker"
)

// carried is a worker of the queues "lists", "kept" on Kafka and "sent" on RabbitMQ.
func carried(change func(*worker.Conf)) worker.Conf {
	c := worker.Conf{
		Brokers: []zeroq.BrokerConf{
			{Name: "main", Kafka: &zeroq.KafkaConf{Addrs: []string{"127.0.0.1:1"}}},
			{Name: "side", RabbitMQ: &zeroq.RabbitMQConf{Addrs: []string{"127.0.0.1:1"}}},
		},
		Pools: []worker.PoolConf{{Queues: []worker.QueueConf{
			{Name: "lists"}, {Name: "kept", Broker: "main"}, {Name: "sent", Broker: "side", Intake: []string{"legacy"}},
		}}},
	}
	change(&c)
	return c
}

func onTime(task worker.ScheduleTaskConf) worker.Conf {
	return carried(func(c *worker.Conf) {
		task.Type = "t"
		c.Schedules = []worker.ScheduleConf{{Name: "s", Spec: "@hourly", Task: task}}
	})
}

func TestBrokers_MistakesAreNamedByTheirKey(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]worker.Conf{
		"Pools[0].Queues[1].Broker: ":  carried(func(c *worker.Conf) { c.Pools[0].Queues[1].Broker = "mian" }),
		"Brokers[1].Name: broker":      carried(func(c *worker.Conf) { c.Brokers[1].Name = "main" }),
		"Brokers[0].Name: ":            carried(func(c *worker.Conf) { c.Brokers[0].Name = "" }),
		"Brokers[0].Kafka: ":           carried(func(c *worker.Conf) { c.Brokers[0].Kafka = nil }),
		"Brokers[1].RabbitMQ.Type: ":   carried(func(c *worker.Conf) { c.Brokers[1].RabbitMQ.Type = "stream" }),
		"Brokers[0].Kafka.Addrs[0]: ":  carried(func(c *worker.Conf) { c.Brokers[0].Kafka.Addrs = []string{"kafka"} }),
		"Schedules[0].Task.Group: ":    onTime(worker.ScheduleTaskConf{Queue: "sent", Group: "g"}),
		"Schedules[0].Task.Group: not": onTime(worker.ScheduleTaskConf{Queue: "lists", Group: "g"}),
		"Schedules[0].Task.Group: m":   onTime(worker.ScheduleTaskConf{Queue: "elsewhere", Group: strings.Repeat("x", 129)}),
		"Schedules[0].Task.Priority:":  onTime(worker.ScheduleTaskConf{Queue: "kept", Priority: "high"}),
	} {
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if _, err := worker.New(c, zeroq.NewMux()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("New answers %v, want %q", err, want)
		}
	}
	if err := onTime(worker.ScheduleTaskConf{Queue: "sent", Group: "g"}).Validate(); !errors.Is(err, zeroq.ErrUnsupported) {
		t.Errorf("%v is no ErrUnsupported", err)
	}
}

func TestBrokers_WhatWorks(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]worker.Conf{
		"both brokers":             carried(func(*worker.Conf) {}),
		"a broker that none names": carried(func(c *worker.Conf) { c.Pools[0].Queues = c.Pools[0].Queues[:2] }),
		"a group on Kafka":         onTime(worker.ScheduleTaskConf{Queue: "kept", Group: "g", Priority: "normal"}),
		"a priority on lists":      onTime(worker.ScheduleTaskConf{Queue: "lists", Priority: "high"}),
		"a group elsewhere":        onTime(worker.ScheduleTaskConf{Queue: "elsewhere", Group: "g"}),
	} {
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if c.Brokers[0].Kafka.Topic != "" {
			t.Errorf("%s: Validate changed the caller's %+v", what, c.Brokers[0].Kafka)
		}
	}
}

// go-zero reads a variable once in a process, so it is set before any file is loaded: see TestMain.
func loadFile(t *testing.T, text string) (c worker.Conf, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "worker.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	err = conffile.Load(path, &c)
	return c, err
}

const brokersFile = `
Redis: {Addrs: ["127.0.0.1:6379"]}
Brokers:
  - Name: main
    Kafka: {Addrs: ["kafka:9092"], User: app}
  - Name: side
    RabbitMQ: {Addrs: ["rabbit:5672"]}
  - Name: all
    Kafka:
      Addrs: [a:1, b:2]
      Topic: t.{queue}
      Group: g.{queue}
      Partitions: 3
      Replicas: 2
      Mechanism: scram-sha-256
      User: app
      Password: theirs
      TLS: {Enabled: true, CAFile: ca.pem}
  - Name: every
    RabbitMQ:
      Addrs: [a:1]
      VHost: work
      User: app
      Password: theirs
      Queue: q.{queue}
      Type: classic
      TLS: {Enabled: true, ServerName: x}
Pools:
  - Queues:
      - {Name: a, Broker: main}
`

func TestBrokers_FileYieldsTheDefaultsAndTheEnvironment(t *testing.T) {
	t.Parallel()
	c, err := loadFile(t, brokersFile)
	if err != nil {
		t.Fatal(err)
	}
	want := []zeroq.BrokerConf{
		{Name: "main", Kafka: &zeroq.KafkaConf{
			Addrs: []string{"kafka:9092"}, Topic: "zeroq.{queue}", Group: "zeroq.{queue}", Partitions: 12, Mechanism: "plain",
			User: "app", Password: "k-secret",
		}},
		{Name: "side", RabbitMQ: &zeroq.RabbitMQConf{
			Addrs: []string{"rabbit:5672"}, VHost: "/", User: "guest", Password: "r-secret", Queue: "zeroq.{queue}",
		}},
		{Name: "all", Kafka: &zeroq.KafkaConf{
			Addrs: []string{"a:1", "b:2"}, Topic: "t.{queue}", Group: "g.{queue}", Partitions: 3, Replicas: 2, Mechanism: "scram-sha-256",
			User: "app", Password: "k-secret", TLS: zeroq.TLSConf{Enabled: true, CAFile: "ca.pem"},
		}},
		{Name: "every", RabbitMQ: &zeroq.RabbitMQConf{
			Addrs: []string{"a:1"}, VHost: "work", User: "app", Password: "r-secret", Queue: "q.{queue}", Type: "classic",
			TLS: zeroq.TLSConf{Enabled: true, ServerName: "x"},
		}},
	}
	for i := range want {
		if i >= len(c.Brokers) || !reflect.DeepEqual(c.Brokers[i], want[i]) {
			t.Errorf("broker %d is not %+v %+v, but %+v", i, want[i].Kafka, want[i].RabbitMQ, c.Brokers)
		}
	}
	if c.Pools[0].Queues[0].Broker != "main" {
		t.Errorf("%+v", c.Pools)
	}
}

func TestBrokers_MistakesOfAFileNameTheKey(t *testing.T) {
	t.Parallel()
	if _, err := loadFile(t, brokersFile); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string][2]string{
		"Brokers[0].Kafka.Adrs":       {"{Addrs: [\"kafka:9092\"]", "{Adrs: [\"kafka:9092\"]"},
		"Addrs":                       {"Addrs: [\"kafka:9092\"], ", ""},
		"Brokers[2].Kafka.Partitions": {"Partitions: 3", "Partitions: 0"},
		"Brokers[2].Kafka.Mechanism":  {"scram-sha-256", "gssapi"},
		"Brokers[3].RabbitMQ.Type":    {"Type: classic", "Type: stream"},
		"Brokers[3].Rabbit":           {"\n    RabbitMQ:\n", "\n    Rabbit:\n"},
		"Brokers[3].RabbitMQ.TLS.CA":  {"ServerName: x", "CA: x"},
		"Brokers[1].RabbitMQ":         {"{Addrs: [\"rabbit:5672\"]}", ""},
		"Pools[0].Queues[0].Broker":   {"Broker: main", "Broker: none"},
		"Pools[0].Queues[0].Brokers":  {"Broker: main", "Brokers: main"},
		"Brokers[2].Kafka.Topic":      {"Topic: t.{queue}", "Topic: t"},
	} {
		if !strings.Contains(brokersFile, change[0]) {
			t.Fatalf("the file lacks %q", change[0])
		}
		if _, err := loadFile(t, strings.Replace(brokersFile, change[0], change[1], 1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q in place of %q: %v, want %s", change[1], change[0], err, want)
		}
	}
}
