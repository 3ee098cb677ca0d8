package kafkatest

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/zeroq-dev/zeroq"
)

// sharedEnv names a running Kafka.
const sharedEnv = "ZEROQ_TEST_KAFKA"

// Shared reports whether [New] hands out parts of a running Kafka.
func Shared() bool { return os.Getenv(sharedEnv) != "" }

// New returns how to reach a Kafka on which nothing is yet of what the configuration names.
func New(t testing.TB) zeroq.KafkaConf {
	t.Helper()
	if !Shared() {
		return Start(t).Conf()
	}
	conf := fresh(strings.Split(os.Getenv(sharedEnv), ","))
	t.Cleanup(func() { remove(t, conf) })
	return conf
}

// Prefix begins the names of all topics that a test makes beside those of its queues.
func Prefix(conf zeroq.KafkaConf) string { return strings.TrimSuffix(conf.Topic, "{queue}") }

// fresh is a configuration that no other test has.
func fresh(addrs []string) zeroq.KafkaConf {
	conf := zeroq.BrokerConf{Kafka: &zeroq.KafkaConf{Addrs: addrs}}
	conf.Kafka.Topic = "zeroqtest." + rand.Text() + ".{queue}"
	conf.Kafka.Group = conf.Kafka.Topic
	conf.SetDefaults()
	return *conf.Kafka
}

// patience is how long Kafka may take for what a test asks of it.
const patience = 30 * time.Second

// Client connects to Kafka as other programs do.
func Client(t testing.TB, conf zeroq.KafkaConf, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(conf.Addrs...)}, opts...)...)
	if err != nil {
		t.Fatal("kafkatest: ", err)
	}
	t.Cleanup(client.Close)
	return client
}

// MakeTopic makes a topic and returns its name: one that is the test's own, with the given end.
func MakeTopic(t testing.TB, conf zeroq.KafkaConf, end string, partitions int) string {
	t.Helper()
	topic := Prefix(conf) + end
	req := kmsg.NewPtrCreateTopicsRequest()
	asked := kmsg.NewCreateTopicsRequestTopic()
	asked.Topic, asked.NumPartitions, asked.ReplicationFactor = topic, int32(partitions), -1
	req.Topics = append(req.Topics, asked)
	res := ask(t, conf, req).(*kmsg.CreateTopicsResponse)
	check(t, "make a topic", kerr.ErrorForCode(res.Topics[0].ErrorCode))
	return topic
}

// DeleteTopic deletes a topic.
func DeleteTopic(t testing.TB, conf zeroq.KafkaConf, topic string) {
	t.Helper()
	req := kmsg.NewPtrDeleteTopicsRequest()
	asked := kmsg.NewDeleteTopicsRequestTopic()
	asked.Topic = kmsg.StringPtr(topic)
	req.Topics, req.TopicNames = append(req.Topics, asked), []string{topic}
	res := ask(t, conf, req).(*kmsg.DeleteTopicsResponse)
	check(t, "delete a topic", kerr.ErrorForCode(res.Topics[0].ErrorCode))
}

// AddPartitions raises the number of a topic's partitions.
func AddPartitions(t testing.TB, conf zeroq.KafkaConf, topic string, total int) {
	t.Helper()
	req := kmsg.NewPtrCreatePartitionsRequest()
	asked := kmsg.NewCreatePartitionsRequestTopic()
	asked.Topic, asked.Count = topic, int32(total)
	req.Topics = append(req.Topics, asked)
	res := ask(t, conf, req).(*kmsg.CreatePartitionsResponse)
	check(t, "add partitions", kerr.ErrorForCode(res.Topics[0].ErrorCode))
}

// Send puts records on their topics as another program would.
func Send(t testing.TB, conf zeroq.KafkaConf, records ...*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := Client(t, conf)
	defer client.Close()
	check(t, "send", client.ProduceSync(ctx, records...).FirstErr())
}

// Committed returns what a group has committed on a topic, by partition; those that have something.
func Committed(t testing.TB, conf zeroq.KafkaConf, group, topic string) map[int]int64 {
	t.Helper()
	req := kmsg.NewPtrOffsetFetchRequest()
	asked := kmsg.NewOffsetFetchRequestGroup()
	asked.Group = group
	req.Group, req.Groups = group, append(req.Groups, asked)
	res := ask(t, conf, req).(*kmsg.OffsetFetchResponse)
	found := map[int]int64{}
	for _, g := range res.Groups {
		for _, of := range g.Topics {
			for _, p := range of.Partitions {
				if of.Topic == topic && p.Offset >= 0 {
					found[int(p.Partition)] = p.Offset
				}
			}
		}
	}
	return found
}

// remove deletes the topics that a test has made on the shared Kafka.
func remove(t testing.TB, conf zeroq.KafkaConf) {
	req := kmsg.NewPtrMetadataRequest()
	for _, topic := range ask(t, conf, req).(*kmsg.MetadataResponse).Topics {
		if topic.Topic != nil && strings.HasPrefix(*topic.Topic, Prefix(conf)) {
			DeleteTopic(t, conf, *topic.Topic)
		}
	}
}

// ask sends a request and returns the answer.
func ask(t testing.TB, conf zeroq.KafkaConf, req kmsg.Request) kmsg.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := Client(t, conf)
	defer client.Close()
	res, err := client.Request(ctx, req)
	check(t, "ask", err)
	return res
}

func check(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("kafkatest: %s: %v", what, err)
	}
}
