package zeroq

import (
	"strings"
	"testing"
)

func kafka(change func(*KafkaConf)) BrokerConf {
	c := &KafkaConf{Addrs: []string{"kafka:9092"}}
	change(c)
	return BrokerConf{Name: "k", Kafka: c}
}

func rabbit(change func(*RabbitMQConf)) BrokerConf {
	c := &RabbitMQConf{Addrs: []string{"rabbit:5672"}}
	change(c)
	return BrokerConf{Name: "r", RabbitMQ: c}
}

func TestBrokerConf_ValidateNamesTheKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		key  string
		conf BrokerConf
	}{
		{"", kafka(func(*KafkaConf) {})},
		{"", rabbit(func(*RabbitMQConf) {})},
		{"", kafka(func(c *KafkaConf) { c.User, c.Password, c.Mechanism = "u", "p", "scram-sha-512" })},
		{"", kafka(func(c *KafkaConf) { c.Addrs = []string{"a:1", "[::1]:2"}; c.TLS.Enabled = true })},
		{"", kafka(func(c *KafkaConf) { c.Topic = "{queue}"; c.Group = "work in {queue}" })},
		{"", rabbit(func(c *RabbitMQConf) { c.Queue = "work/{queue}"; c.Type = "classic" })},
		{"Name", BrokerConf{Kafka: &KafkaConf{}}},
		{"Kafka", BrokerConf{Name: "x"}},
		{"Kafka", BrokerConf{Name: "x", Kafka: &KafkaConf{}, RabbitMQ: &RabbitMQConf{}}},
		{"Kafka.Addrs", kafka(func(c *KafkaConf) { c.Addrs = nil })},
		{"Kafka.Addrs[1]", kafka(func(c *KafkaConf) { c.Addrs = []string{"a:1", "b"} })},
		{"Kafka.Addrs[0]", kafka(func(c *KafkaConf) { c.Addrs = []string{"/run/kafka.sock"} })},
		{"Kafka.Topic", kafka(func(c *KafkaConf) { c.Topic = "tasks" })},
		{"Kafka.Topic", kafka(func(c *KafkaConf) { c.Topic = "tasks/{queue}" })},
		{"Kafka.Topic", kafka(func(c *KafkaConf) { c.Topic = strings.Repeat("x", 186) + "{queue}" })},
		{"Kafka.Group", kafka(func(c *KafkaConf) { c.Group = "workers" })},
		{"Kafka.Partitions", kafka(func(c *KafkaConf) { c.Partitions = -1 })},
		{"Kafka.Partitions", kafka(func(c *KafkaConf) { c.Partitions = 10_001 })},
		{"Kafka.Replicas", kafka(func(c *KafkaConf) { c.Replicas = -1 })},
		{"Kafka.Mechanism", kafka(func(c *KafkaConf) { c.Mechanism = "gssapi" })},
		{"Kafka.User", kafka(func(c *KafkaConf) { c.User = "u" })},
		{"Kafka.User", kafka(func(c *KafkaConf) { c.Password = "p" })},
		{"Kafka.TLS.Enabled", kafka(func(c *KafkaConf) { c.TLS.CAFile = "ca.pem" })},
		{"Kafka.TLS.CertFile", kafka(func(c *KafkaConf) { c.TLS = TLSConf{Enabled: true, KeyFile: "k"} })},
		{"RabbitMQ.Addrs", rabbit(func(c *RabbitMQConf) { c.Addrs = nil })},
		{"RabbitMQ.Addrs[0]", rabbit(func(c *RabbitMQConf) { c.Addrs = []string{"amqp://rabbit:5672"} })},
		{"RabbitMQ.Queue", rabbit(func(c *RabbitMQConf) { c.Queue = "tasks" })},
		{"RabbitMQ.Queue", rabbit(func(c *RabbitMQConf) { c.Queue = "amq.{queue}" })},
		{"RabbitMQ.Queue", rabbit(func(c *RabbitMQConf) { c.Queue = strings.Repeat("x", 192) + "{queue}" })},
		{"RabbitMQ.Type", rabbit(func(c *RabbitMQConf) { c.Type = "stream" })},
		{"RabbitMQ.TLS.Enabled", rabbit(func(c *RabbitMQConf) { c.TLS.ServerName = "x" })},
	} {
		test.conf.SetDefaults()
		err := test.conf.Validate()
		if test.key == "" && err != nil || test.key != "" && (err == nil || !strings.HasPrefix(err.Error(), test.key+": ")) {
			t.Errorf("%+v %+v: %v, want %q", test.conf.Kafka, test.conf.RabbitMQ, err, test.key)
		}
	}
}

func TestBrokerConf_SetDefaultsLeavesWhatItPointsAtAlone(t *testing.T) {
	t.Parallel()
	k, r := KafkaConf{Addrs: []string{"a:1"}}, RabbitMQConf{Addrs: []string{"a:1"}, User: "u"}
	c := BrokerConf{Kafka: &k, RabbitMQ: &r}
	c.SetDefaults()
	if k.Topic != "" || r.VHost != "" {
		t.Errorf("the caller's are %+v and %+v", k, r)
	}
	if c.Kafka.Topic != "zeroq.{queue}" || c.Kafka.Group != "zeroq.{queue}" || c.Kafka.Partitions != 12 || c.Kafka.Mechanism != "plain" {
		t.Errorf("got %+v", c.Kafka)
	}
	if c.RabbitMQ.VHost != "/" || c.RabbitMQ.User != "u" || c.RabbitMQ.Password != "guest" || c.RabbitMQ.Queue != "zeroq.{queue}" || c.RabbitMQ.Type != "" {
		t.Errorf("got %+v", c.RabbitMQ)
	}
}
