package bridge

import (
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/kafkaq"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
)

// kafkaRig is a topic of three partitions in Kafka in the place of the source in memory.
type kafkaRig struct {
	*rig
	conf  zeroq.KafkaConf
	topic string
}

func newKafkaRig(t *testing.T) *kafkaRig {
	t.Helper()
	k := &kafkaRig{rig: newRig(t, inOrder), conf: kafkatest.New(t)}
	k.topic = kafkatest.MakeTopic(t, k.conf, "orders.v1", 3)
	k.bridge.Mapping.Source = k.topic
	k.bridge.Group = kafkatest.Prefix(k.conf) + "bridge"
	k.bridge.Mapping.TypeFrom = From{Header, "x-event-type"}
	return k
}

// produce sends records of some keys in turn, numbered from.
func (k *kafkaRig) produce(from, to, keys int) {
	var records []*kgo.Record
	for i := from; i < to; i++ {
		records = append(records, &kgo.Record{
			Topic: k.topic, Key: fmt.Append(nil, "key-", i%keys), Value: fmt.Appendf(nil, `{"n":%d}`, i),
			Headers: []kgo.RecordHeader{{Key: "x-event-type", Value: []byte("order.placed")}, {Key: "id", Value: []byte("theirs")}},
		})
	}
	kafkatest.Send(k.t, k.conf, records...)
}

// start runs a bridge over a carrier of its own.
func (k *kafkaRig) start() (stop func()) {
	k.t.Helper()
	return k.runOver(kafkaq.Open(k.conf))
}

// committed waits until the group has committed so many records.
func (k *kafkaRig) committed(n int64) {
	k.t.Helper()
	k.eventually(fmt.Sprint(n, " records committed"), func() bool {
		total := int64(0)
		for _, offset := range kafkatest.Committed(k.t, k.conf, k.bridge.Group, k.topic) {
			total += offset
		}
		return total == n
	})
}

func TestBridge_FromKafka(t *testing.T) {
	t.Parallel()
	k := newKafkaRig(t)
	k.produce(0, 60, 5)
	stop := k.start()
	k.eventually("60 tasks", func() bool { return len(k.taken()) == 60 })
	stop()
	k.committed(60)
	k.produce(60, 90, 5)
	kafkatest.Send(t, k.conf, &kgo.Record{Topic: k.topic, Value: []byte("\xff")})
	k.start()
	k.eventually("the rest", func() bool { return len(k.taken()) == 91 })
	info, err := k.queue.Task(t.Context(), k.taken()[0], "orders")
	if err != nil || info.Type != "order.placed" {
		t.Errorf("%+v, %v", info, err)
	}
	k.committed(91)
	got := k.waiting()
	for key := range 5 {
		of := slices.DeleteFunc(slices.Clone(got), func(n int) bool { return n%5 != key })
		if len(of) < 18 || !slices.IsSorted(slices.DeleteFunc(of, func(n int) bool { return n == 0 })) {
			t.Errorf("key %d has %v", key, of)
		}
	}
}

func TestBridge_KafkaReadAnewMakesNoSecondTask(t *testing.T) {
	t.Parallel()
	k := newKafkaRig(t)
	k.produce(0, 40, 4)
	stop := k.start()
	k.eventually("40 tasks", func() bool { return len(k.taken()) == 40 })
	stop()
	k.bridge.Group += "-2" // which begins with the oldest record
	k.start()
	k.committed(40)
	if total := k.info().Totals[zeroq.CountEnqueued]; total != 40 {
		t.Errorf("%d tasks", total)
	}
}

func TestBridge_KafkaCommitsNothingThatIsNotIn(t *testing.T) {
	t.Parallel()
	k := newKafkaRig(t)
	k.fail = func(int, *zeroq.Task) error { return zeroq.ErrUnavailable }
	k.produce(0, 20, 4)
	stop := k.start()
	k.eventually("three attempts", func() bool { return k.attempts() > 3 })
	stop()
	for partition, offset := range kafkatest.Committed(t, k.conf, k.bridge.Group, k.topic) {
		if offset > 0 {
			t.Errorf("%d records of partition %d are committed", offset, partition)
		}
	}
	k.set(func() { k.fail = nil })
	k.start()
	k.committed(20)
	if got := k.waiting(); len(got) != 20 {
		t.Errorf("%d tasks", len(got))
	}
}
