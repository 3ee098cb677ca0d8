package worker_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/worker"
)

// bridged is a worker of [carried]'s queues with a bridge from Kafka and one from RabbitMQ.
func bridged(change func(kafka, rabbit *worker.BridgeConf)) worker.Conf {
	kafka := worker.BridgeConf{Broker: "main", Source: "orders.v1", Queue: "kept", Type: "order"}
	rabbit := worker.BridgeConf{Broker: "side", Source: "mails", Queue: "lists", Type: "mail", IDFrom: "message"}
	change(&kafka, &rabbit)
	return carried(func(c *worker.Conf) { c.Bridges = []worker.BridgeConf{kafka, rabbit} })
}

func TestConf_MistakesOfBridgesAreNamedByTheirKey(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(kafka, rabbit *worker.BridgeConf){
		"Bridges[0].Broker: no broker":         func(k, _ *worker.BridgeConf) { k.Broker = "mian" },
		"Bridges[0].Broker: no broker of":      func(k, _ *worker.BridgeConf) { k.Broker = "" },
		"Bridges[0].Source: a topic":           func(k, _ *worker.BridgeConf) { k.Source = "" },
		"Bridges[0].Source: \"zeroq.kept\"":    func(k, _ *worker.BridgeConf) { k.Source = "zeroq.kept" },
		"Bridges[1].Source: \"zeroq.sent\"":    func(_, r *worker.BridgeConf) { r.Source = "zeroq.sent" },
		"Bridges[1].Source: \"zeroq.away\"":    func(_, r *worker.BridgeConf) { r.Source, r.Queue = "zeroq.away", "away" },
		"Bridges[0].Queue: \"\"":               func(k, _ *worker.BridgeConf) { k.Queue = "" },
		"Bridges[1].Queue: \"No\"":             func(_, r *worker.BridgeConf) { r.Queue = "No" },
		"Bridges[0].Type: one of":              func(k, _ *worker.BridgeConf) { k.Type = "" },
		"Bridges[0].Type: must be":             func(k, _ *worker.BridgeConf) { k.Type = "with space" },
		"Bridges[0].TypeFrom: \"headers:x\"":   func(k, _ *worker.BridgeConf) { k.TypeFrom = "headers:x" },
		"Bridges[0].TypeFrom: \"json:a\"":      func(k, _ *worker.BridgeConf) { k.TypeFrom = "json:a" },
		"Bridges[0].TypeFrom: \"none\"":        func(k, _ *worker.BridgeConf) { k.TypeFrom = "none" },
		"Bridges[1].TypeFrom: \"key\"":         func(_, r *worker.BridgeConf) { r.TypeFrom = "key" },
		"Bridges[0].IDFrom: \"body\"":          func(k, _ *worker.BridgeConf) { k.IDFrom = "body" },
		"Bridges[1].IDFrom: RabbitMQ":          func(_, r *worker.BridgeConf) { r.IDFrom = "" },
		"Bridges[0].GroupFrom: \"message\"":    func(k, _ *worker.BridgeConf) { k.GroupFrom = "message" },
		"Bridges[1].GroupFrom: not supported":  func(_, r *worker.BridgeConf) { r.GroupFrom = "header:x" },
		"Bridges[0].Data: \"key\"":             func(k, _ *worker.BridgeConf) { k.Data = "key" },
		"Bridges[0].Encoding: \"xml\"":         func(k, _ *worker.BridgeConf) { k.Encoding = "xml" },
		"Bridges[0].Encoding: \"text\"":        func(k, _ *worker.BridgeConf) { k.Encoding, k.Data = "text", "json:/a" },
		"Bridges[0].Headers: \"[\"":            func(k, _ *worker.BridgeConf) { k.Headers = []string{"["} },
		"Bridges[0].Headers: \"\"":             func(k, _ *worker.BridgeConf) { k.Headers = []string{""} },
		"Bridges[0].MaxAttempts: must":         func(k, _ *worker.BridgeConf) { k.MaxAttempts = 5000 },
		"Bridges[0].Timeout: must":             func(k, _ *worker.BridgeConf) { k.Timeout = 1 },
		"Bridges[0].Retention: must":           func(k, _ *worker.BridgeConf) { k.Retention = -1 },
		"Bridges[1].Source: \"orders.v1\" is":  func(k, r *worker.BridgeConf) { *r = *k },
		"Bridges[1].Source: \"mails\" is":      func(k, r *worker.BridgeConf) { *k = *r; k.Queue = "elsewhere" },
		"Bridges[1].Source: \"orders.v1\" is ": func(k, r *worker.BridgeConf) { *r = *k; r.Group = "another" },
		"Bridges[1].Group: not supported":      func(_, r *worker.BridgeConf) { r.Group = "g" },
	} {
		if err := bridged(change).Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := bridged(func(_, r *worker.BridgeConf) { r.GroupFrom = "header:x" }).Validate(); !errors.Is(err, zeroq.ErrUnsupported) {
		t.Errorf("%v is no ErrUnsupported", err)
	}
}

func TestConf_BridgesThatWork(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(kafka, rabbit *worker.BridgeConf){
		"as little as there can be":       func(_, _ *worker.BridgeConf) {},
		"no id at all":                    func(k, r *worker.BridgeConf) { k.IDFrom, r.IDFrom = "none", "none" },
		"a group on Kafka":                func(k, _ *worker.BridgeConf) { k.GroupFrom = "key" },
		"a group on a queue of others":    func(k, _ *worker.BridgeConf) { k.Queue, k.GroupFrom = "elsewhere", "json:/a" },
		"one topic to two queues":         func(k, r *worker.BridgeConf) { *r = *k; r.Queue = "elsewhere" },
		"a type of each message's own":    func(k, _ *worker.BridgeConf) { k.Type, k.TypeFrom = "", "json:/event/type" },
		"the body as an id and as a type": func(k, _ *worker.BridgeConf) { k.IDFrom, k.TypeFrom = "json:", "json:" },
		"no headers":                      func(k, _ *worker.BridgeConf) { k.Headers = []string{} },
	} {
		if err := bridged(change).Validate(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

const bridgesFile = `
Redis: {}
Brokers:
  - Name: events
    Kafka: {Addrs: ["kafka:9092"], User: app}
Bridges:
  - {Broker: events, Source: orders.v1, Queue: orders, Type: order.placed}
  - Broker: events
    Source: mails
    Group: g
    Queue: mail
    TypeFrom: "header:x-event-type"
    IDFrom: "json:/id"
    Data: json:/payload
    Encoding: json
    GroupFrom: key
    Headers: ["x-*"]
    MaxAttempts: 3
    Timeout: 1m
    Retention: 24h
`

func TestConf_BridgesFromAFile(t *testing.T) {
	t.Parallel()
	c, err := loadFile(t, bridgesFile)
	if err != nil {
		t.Fatal(err)
	}
	want := []worker.BridgeConf{{
		Broker: "events", Source: "orders.v1", Queue: "orders", Type: "order.placed", Data: "body", Encoding: "json",
		Headers: []string{"traceparent", "tracestate", "baggage"}, MaxAttempts: 10, Timeout: 30 * time.Minute, Retention: time.Hour,
	}, {
		Broker: "events", Source: "mails", Group: "g", Queue: "mail", TypeFrom: "header:x-event-type", IDFrom: "json:/id",
		Data: "json:/payload", Encoding: "json", GroupFrom: "key", Headers: []string{"x-*"}, MaxAttempts: 3, Timeout: time.Minute,
		Retention: 24 * time.Hour,
	}}
	if !reflect.DeepEqual(c.Bridges, want) {
		t.Errorf("%+v", c.Bridges)
	}
	for wrong, change := range map[string][2]string{
		"Bridges[1].Encoding":    {"Encoding: json", "Encoding: yaml"},
		"Bridges[1].Typ":         {"TypeFrom", "TypFrom"},
		"Bridges[1].MaxAttempts": {"MaxAttempts: 3", "MaxAttempts: 0"},
		"Source":                 {"Source: mails", ""},
	} {
		if _, err := loadFile(t, strings.Replace(bridgesFile, change[0], change[1], 1)); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q in place of %q: %v, want %s", change[1], change[0], err, wrong)
		}
	}
}
