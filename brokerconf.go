package zeroq

import (
	"fmt"
	"strings"
)

// BrokerConf is a broker that carries the ready tasks of the queues that name it, in the place of Redis
// lists. Everything else about the tasks stays in Redis. One of Kafka and RabbitMQ is set.
type BrokerConf struct {
	// Name is what queues call the broker.
	Name string
	// Kafka is how to reach a Kafka cluster.
	Kafka *KafkaConf `json:",optional"`
	// RabbitMQ is how to reach a RabbitMQ server or cluster.
	RabbitMQ *RabbitMQConf `json:",optional"`
}

// KafkaConf says how to reach Kafka, and where the tasks go there.
type KafkaConf struct {
	// Addrs are host:port pairs of some brokers of the cluster.
	Addrs []string
	// Topic is where the tasks of a queue go; {queue} stands for the queue's name. Default: zeroq.{queue}.
	Topic string `json:",default=zeroq.{queue}"`
	// Group is the consumer group of the workers. Default: zeroq.{queue}.
	Group string `json:",default=zeroq.{queue}"`
	// Partitions is how many a topic gets that is not there yet. Default: 12.
	Partitions int `json:",default=12,range=[1:10000]"`
	// Replicas is how many replicas each of these gets. Default: what the cluster has configured.
	Replicas int `json:",optional,range=[0:100]"`
	// Mechanism is how User and Password authenticate. Default: plain.
	Mechanism string `json:",default=plain,options=plain|scram-sha-256|scram-sha-512"`
	// User and Password authenticate by SASL. Empty: no authentication.
	User     string `json:",optional"`
	Password string `json:",optional,env=ZEROQ_KAFKA_PASSWORD"`
	// TLS encrypts the connections.
	TLS TLSConf `json:",optional"`
}

// RabbitMQConf says how to reach RabbitMQ, and where the tasks go there.
type RabbitMQConf struct {
	// Addrs are host:port pairs of the cluster's nodes, tried in turn.
	Addrs []string
	// VHost is the virtual host. Default: /.
	VHost string `json:",default=/"`
	// User and Password authenticate. Default: guest.
	User     string `json:",default=guest"`
	Password string `json:",default=guest,env=ZEROQ_RABBITMQ_PASSWORD"`
	// Queue is where the tasks of a queue go; {queue} stands for the queue's name. Default: zeroq.{queue}.
	Queue string `json:",default=zeroq.{queue}"`
	// Type is the kind of queue that is declared. Default: quorum where the server has them, else classic.
	Type string `json:",optional,options=quorum|classic"`
	// TLS encrypts the connections.
	TLS TLSConf `json:",optional"`
}

// SetDefaults fills in what is not set.
func (c *BrokerConf) SetDefaults() {
	if k := c.Kafka; k != nil {
		fill(&k.Topic, "zeroq.{queue}")
		fill(&k.Group, "zeroq.{queue}")
		fill(&k.Partitions, 12)
		fill(&k.Mechanism, "plain")
	}
	if r := c.RabbitMQ; r != nil {
		fill(&r.VHost, "/")
		fill(&r.User, "guest")
		fill(&r.Password, "guest")
		fill(&r.Queue, "zeroq.{queue}")
	}
}

// fill sets what is zero.
func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate reports the first mistake, by its key.
func (c BrokerConf) Validate() error {
	switch {
	case c.Name == "":
		return fmt.Errorf("Name: a broker needs a name")
	case (c.Kafka == nil) == (c.RabbitMQ == nil):
		return fmt.Errorf("Kafka: one of Kafka and RabbitMQ is needed")
	case c.Kafka != nil:
		return c.Kafka.validate()
	}
	return c.RabbitMQ.validate()
}

func (c KafkaConf) validate() error {
	switch {
	case !strings.Contains(c.Topic, queuePlace):
		return fmt.Errorf("Kafka.Topic: %q lacks %s", c.Topic, queuePlace)
	case !strings.Contains(c.Group, queuePlace):
		return fmt.Errorf("Kafka.Group: %q lacks %s", c.Group, queuePlace)
	case c.Partitions < 1:
		return fmt.Errorf("Kafka.Partitions: %d is not positive", c.Partitions)
	case c.Replicas < 0:
		return fmt.Errorf("Kafka.Replicas: %d is negative", c.Replicas)
	case c.Mechanism != "plain" && c.Mechanism != "scram-sha-256" && c.Mechanism != "scram-sha-512":
		return fmt.Errorf("Kafka.Mechanism: %q is none of plain, scram-sha-256, scram-sha-512", c.Mechanism)
	case (c.User == "") != (c.Password == ""):
		return fmt.Errorf("Kafka.User: needs Kafka.Password, and the other way round")
	}
	if err := c.TLS.validate("Kafka.TLS"); err != nil {
		return err
	}
	return checkAddrs("Kafka.Addrs", c.Addrs, false)
}

func (c RabbitMQConf) validate() error {
	switch {
	case !strings.Contains(c.Queue, queuePlace):
		return fmt.Errorf("RabbitMQ.Queue: %q lacks %s", c.Queue, queuePlace)
	case c.Type != "" && c.Type != "quorum" && c.Type != "classic":
		return fmt.Errorf("RabbitMQ.Type: %q is neither quorum nor classic", c.Type)
	}
	if err := c.TLS.validate("RabbitMQ.TLS"); err != nil {
		return err
	}
	return checkAddrs("RabbitMQ.Addrs", c.Addrs, false)
}

// queuePlace stands for the name of a queue.
const queuePlace = "{queue}"
