package kafkaq

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
)

func TestPublish_AsksForAllReplicas(t *testing.T) {
	t.Parallel()
	server := server(t)
	var requests, others atomic.Int64
	server.Watch(kmsg.Produce, func(req kmsg.Request) {
		requests.Add(1)
		if req.(*kmsg.ProduceRequest).Acks != -1 {
			others.Add(1)
		}
	})
	publish(t, open(t, server.Conf()), numbered("", 0, 30)...)
	if requests.Load() == 0 || others.Load() > 0 {
		t.Errorf("%d of %d requests were content with less", others.Load(), requests.Load())
	}
}

func TestPublish_ReplicasOutOfSyncAreAnError(t *testing.T) {
	t.Parallel()
	for _, want := range []*kerr.Error{kerr.NotEnoughReplicas, kerr.RequestTimedOut, kerr.UnknownServerError} {
		server := server(t)
		c := open(t, server.Conf())
		stop := server.Fail(kmsg.Produce, want, -1)
		err := c.Publish(t.Context(), "q", numbered("", 0, 1))[0]
		if !errors.Is(err, zeroq.ErrUnavailable) || errors.Is(err, broker.ErrRefused) {
			t.Errorf("%v: %v", want.Message, err)
		}
		stop()
		publish(t, c, numbered("", 0, 1)...)
	}
}

// TestPublish_NothingOvertakesWhatFailed: a group of which one request fails is published again from there.
func TestPublish_NothingOvertakesWhatFailed(t *testing.T) {
	t.Parallel()
	server := server(t)
	c := open(t, server.Conf())
	messages := numbered("g", 0, 20)
	for i := range messages {
		messages[i].Body = make([]byte, 100_000) // nine to a request
	}
	publish(t, c, broker.Message{ID: "first", Group: "g"})
	var requests atomic.Int64
	server.Watch(kmsg.Produce, func(kmsg.Request) {
		if requests.Add(1) == 2 {
			server.Fail(kmsg.Produce, kerr.NotLeaderForPartition, 2) // this one and the next
		}
	})
	errs := c.Publish(t.Context(), "q", messages)
	first := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if first < 1 || slices.Contains(errs[first:], nil) {
		t.Fatalf("the answers are %v", errs)
	}
	if last := errs[len(errs)-1]; !errors.Is(last, zeroq.ErrUnavailable) || !errors.Is(last, errBehind) {
		t.Errorf("what was not sent: %v", last)
	}
	publish(t, c, messages[first:]...)
	sub := subscribe(t, c, 1)
	want := []string{"first"}
	for _, m := range messages {
		want = append(want, m.ID)
	}
	var got []string
	for range want {
		p := receive(t, sub, 1)
		got = append(got, ids(p)...)
		sub.Ack(p...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("came as %v", got)
	}
}

// TestPublish_RefusedOnesAreFound: Kafka refuses a whole request for one record of it.
func TestPublish_RefusedOnesAreFound(t *testing.T) {
	t.Parallel()
	c := open(t, kafkatest.New(t))
	messages := numbered("g", 0, 5)
	for _, i := range []int{1, 4} {
		messages[i].Body = make([]byte, 2<<20)
	}
	for i, err := range c.Publish(t.Context(), "q", messages) {
		if refused := i == 1 || i == 4; errors.Is(err, broker.ErrRefused) != refused || !refused && err != nil {
			t.Errorf("message %d: %v", i, err)
		}
	}
}

func TestPublish_TheKeyGoesWhereOthersPutIt(t *testing.T) {
	t.Parallel()
	conf := kafkatest.New(t)
	c := open(t, conf)
	var records []*kgo.Record
	for i := range 50 {
		m := numbered(fmt.Sprint("group-", i), 0, 1)
		publish(t, c, m...)
		records = append(records, &kgo.Record{Topic: c.topic("q"), Key: []byte(m[0].Group), Value: []byte("other")})
	}
	kafkatest.Send(t, conf, records...)
	sub := subscribe(t, c, 1000)
	partition := map[string]int{}
	for range 100 {
		p := receive(t, sub, 1)[0]
		at := p.Tag.(*entry).tracker.partition
		if before, known := partition[p.Group]; known && before != at {
			t.Errorf("%s is on partitions %d and %d", p.Group, before, at)
		}
		partition[p.Group] = at
		sub.Ack(p)
	}
}

func TestPublish_WithoutGroupSpreads(t *testing.T) {
	t.Parallel()
	c := open(t, kafkatest.New(t))
	for i := range 24 {
		publish(t, c, numbered("", i, i+1)...)
	}
	seen := map[int]int{}
	for _, p := range receive(t, subscribe(t, c, 100), 24) {
		seen[p.Tag.(*entry).tracker.partition]++
	}
	if len(seen) != 12 {
		t.Errorf("messages by partition: %v", seen)
	}
}

func TestPublish_MakesTheTopicAgain(t *testing.T) {
	t.Parallel()
	conf := kafkatest.New(t)
	conf.Partitions = 5
	c := open(t, conf)
	publish(t, c, numbered("", 0, 1)...)
	kafkatest.DeleteTopic(t, conf, c.topic("q"))
	until(t, "the topic is made again", func() bool {
		return c.Publish(t.Context(), "q", numbered("", 1, 2))[0] == nil
	})
	if n, err := c.partitions(t.Context(), c.topic("q")); n != 5 || err != nil {
		t.Errorf("it has %d partitions, %v", n, err)
	}
	if p := receive(t, subscribe(t, c, 1), 1)[0]; p.ID != "1" {
		t.Errorf("%s came", p.ID)
	}
}

func TestPublish_SaysThatTheTopicMustNotBeMade(t *testing.T) {
	t.Parallel()
	server := server(t)
	c := open(t, server.Conf())
	server.Fail(kmsg.CreateTopics, kerr.TopicAuthorizationFailed, -1)
	err := c.Publish(t.Context(), "q", numbered("", 0, 1))[0]
	if !errors.Is(err, zeroq.ErrUnavailable) || !strings.Contains(err.Error(), "topic "+c.topic("q")+" is not there, and cannot be made") {
		t.Errorf("the answer is %v", err)
	}
	sub := subscribe(t, c, 1)
	until(t, "the subscription says so too", func() bool {
		err := sub.Err()
		return err != nil && strings.Contains(err.Error(), "cannot be made")
	})
}

func BenchmarkPublish(b *testing.B) {
	c := connect(b, kafkatest.New(b))
	defer c.Close()
	messages := numbered("", 0, 100)
	for b.Loop() {
		if err := c.Publish(b.Context(), "q", messages)[0]; err != nil {
			b.Fatal(err)
		}
	}
}
