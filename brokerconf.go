package zeroq

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
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

// SetDefaults fills in what is not set. What Kafka and RabbitMQ point at stays as it is: c gets copies.
func (c *BrokerConf) SetDefaults() {
	if c.Kafka != nil {
		k := *c.Kafka
		fill(&k.Topic, "zeroq.{queue}")
		fill(&k.Group, "zeroq.{queue}")
		fill(&k.Partitions, 12)
		fill(&k.Mechanism, "plain")
		c.Kafka = &k
	}
	if c.RabbitMQ != nil {
		r := *c.RabbitMQ
		fill(&r.VHost, "/")
		fill(&r.User, "guest")
		fill(&r.Password, "guest")
		fill(&r.Queue, "zeroq.{queue}")
		c.RabbitMQ = &r
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
		return errors.New("Name: a broker needs a name")
	case (c.Kafka == nil) == (c.RabbitMQ == nil):
		return errors.New("Kafka: one of Kafka and RabbitMQ is needed")
	case c.Kafka != nil:
		return c.Kafka.validate()
	}
	return c.RabbitMQ.validate()
}

// maxPartitions is the most of a topic.
const maxPartitions = 10_000

func (c KafkaConf) validate() error {
	switch {
	case c.Partitions < 1 || c.Partitions > maxPartitions:
		return fmt.Errorf("Kafka.Partitions: %d is not within 1 to %d", c.Partitions, maxPartitions)
	case c.Replicas < 0 || c.Replicas > 100:
		return fmt.Errorf("Kafka.Replicas: %d is not within 0 to 100", c.Replicas)
	case !slices.Contains(mechanisms, c.Mechanism):
		return fmt.Errorf("Kafka.Mechanism: %q is none of %s", c.Mechanism, strings.Join(mechanisms, ", "))
	case (c.User == "") != (c.Password == ""):
		return errors.New("Kafka.User: needs Kafka.Password, and the other way round")
	}
	if err := checkPlace("Kafka.Topic", c.Topic, topicName); err != nil {
		return err
	}
	if err := checkPlace("Kafka.Group", c.Group, anyName); err != nil {
		return err
	}
	if err := c.TLS.validate("Kafka.TLS"); err != nil {
		return err
	}
	return checkAddrs("Kafka.Addrs", c.Addrs, false)
}

func (c RabbitMQConf) validate() error {
	if c.Type != "" && c.Type != "quorum" && c.Type != "classic" {
		return fmt.Errorf("RabbitMQ.Type: %q is neither quorum nor classic", c.Type)
	}
	if err := checkPlace("RabbitMQ.Queue", c.Queue, anyName); err != nil {
		return err
	}
	if strings.HasPrefix(c.Queue, "amq.") {
		return fmt.Errorf("RabbitMQ.Queue: %q: names that begin with amq. are the server's own", c.Queue)
	}
	if err := c.TLS.validate("RabbitMQ.TLS"); err != nil {
		return err
	}
	return checkAddrs("RabbitMQ.Addrs", c.Addrs, false)
}

// mechanisms are the ways of SASL.
var mechanisms = []string{"plain", "scram-sha-256", "scram-sha-512"}

// queuePlace stands for the name of a queue.
const queuePlace = "{queue}"

// What names may be made of: those of topics, by Kafka; all others, by AMQP.
var (
	topicName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)
	anyName   = regexp.MustCompile(`^[^[:cntrl:]]{1,255}$`)
)

// checkPlace reports a place for tasks where those of several queues would meet, or that is none with the
// name of every queue.
func checkPlace(key, place string, allowed *regexp.Regexp) error {
	if !strings.Contains(place, queuePlace) {
		return fmt.Errorf("%s: %q lacks %s", key, place, queuePlace)
	}
	if longest := strings.Repeat("q", 64); !allowed.MatchString(strings.ReplaceAll(place, queuePlace, longest)) {
		return fmt.Errorf("%s: %q is too long, or has characters that no such name can have", key, place)
	}
	return nil
}
