package proxy

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
)

// openKafka starts a Kafka with a topic, and opens a way there.
func openKafka(t *testing.T) (c *Cluster, server *kafkatest.Server, via zeroq.KafkaConf, topic string) {
	t.Helper()
	server = kafkatest.Start(t)
	via = server.Conf()
	topic = kafkatest.MakeTopic(t, via, "seen", 6)
	c, err := ListenKafka(via.Addrs[0])
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	via.Addrs = []string{c.Addr()}
	return c, server, via, topic
}

// Whatever a client is told of brokers and coordinators, it goes there by the proxy.
func TestCluster_EveryConnectionGoesByIt(t *testing.T) {
	t.Parallel()
	c, server, via, topic := openKafka(t)
	var mu sync.Mutex
	var dialled []string
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		dialled = append(dialled, addr)
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	client := kafkatest.Client(t, via, kgo.ConsumeTopics(topic), kgo.ConsumerGroup(topic), kgo.Dialer(dial),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for partition := range int32(6) {
		must(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: partition}).FirstErr())
	}
	for got := 0; got < 6; {
		fetches := client.PollFetches(t.Context())
		must(t, fetches.Err0())
		got += fetches.NumRecords()
	}
	mu.Lock()
	defer mu.Unlock()
	for _, own := range server.Conf().Addrs {
		if slices.Contains(dialled, own) {
			t.Errorf("it was told of %s", own)
		}
	}
	if n := len(c.all()); n != len(server.Conf().Addrs) {
		t.Errorf("%d ways to %d brokers", n, len(server.Conf().Addrs))
	}
}

// What a black hole holds arrives when it ends, and what a reset breaks is made anew.
func TestCluster_CanBeCut(t *testing.T) {
	t.Parallel()
	c, _, via, topic := openKafka(t)
	client := kafkatest.Client(t, via, kgo.DefaultProduceTopic(topic))
	send := func() <-chan error {
		done := make(chan error, 1)
		client.Produce(t.Context(), &kgo.Record{Value: []byte("x")}, func(_ *kgo.Record, err error) { done <- err })
		return done
	}
	must(t, <-send())
	c.Reset()
	must(t, <-send())
	c.BlackHole()
	sent := send()
	for _, w := range c.all() {
		if w.proxy.hole.Load() == nil {
			t.Error("a way is open")
		}
	}
	select {
	case err := <-sent:
		t.Fatalf("it passed: %v", err)
	default:
	}
	c.Pass()
	must(t, <-sent)
}
