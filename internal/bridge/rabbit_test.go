package bridge

import (
	"fmt"
	"slices"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/rabbitq"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
)

// rabbitRig is a queue of RabbitMQ in the place of the source in memory.
type rabbitRig struct {
	*rig
	conf    zeroq.RabbitMQConf
	channel *amqp.Channel
}

func newRabbitRig(t *testing.T) *rabbitRig {
	t.Helper()
	k := &rabbitRig{conf: rabbittest.New(t), rig: newRig(t, broker.Powers{})}
	conn, err := amqp.Dial("amqp://guest:guest@" + k.conf.Addrs[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if k.channel, err = conn.Channel(); err != nil {
		t.Fatal(err)
	}
	k.bridge.Mapping.Source, k.bridge.Mapping.Placed = "theirs."+t.Name(), false
	k.bridge.Mapping.TypeFrom = From{Header, "x-event-type"}
	if _, err := k.channel.QueueDeclare(k.bridge.Mapping.Source, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	return k
}

// publish sends messages as any program would, each with its number as its message-id.
func (k *rabbitRig) publish(from, to int) {
	k.t.Helper()
	for i := from; i < to; i++ {
		err := k.channel.PublishWithContext(k.t.Context(), "", k.bridge.Mapping.Source, true, false, amqp.Publishing{
			MessageId: fmt.Sprint(i), Body: fmt.Appendf(nil, `{"n":%d}`, i),
			Headers: amqp.Table{"x-event-type": "order.placed"},
		})
		if err != nil {
			k.t.Fatal(err)
		}
	}
}

// start runs a bridge over a carrier of its own.
func (k *rabbitRig) start() (stop func()) {
	k.t.Helper()
	return k.runOver(rabbitq.Open(k.conf))
}

// ready is how many messages wait in the queue, when nobody has any.
func (k *rabbitRig) ready() int {
	k.t.Helper()
	q, err := k.channel.QueueDeclarePassive(k.bridge.Mapping.Source, true, false, false, false, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	return q.Messages
}

func TestBridge_FromRabbitMQ(t *testing.T) {
	t.Parallel()
	k := newRabbitRig(t)
	k.set(func() { k.lose = true }) // the tasks are in, and the bridge does not know
	k.publish(0, 50)
	stop := k.start()
	k.eventually("50 tasks", func() bool { return len(k.taken()) == 50 })
	stop()
	k.eventually("50 messages given back", func() bool { return k.ready() == 50 })
	k.set(func() { k.lose = false })
	k.publish(50, 60)
	stop = k.start()
	k.eventually("60 tasks", func() bool { return len(k.taken()) == 60 })
	info, err := k.queue.Task(t.Context(), "events:"+k.bridge.Mapping.Source+":7", "orders")
	if err != nil || info.Type != "order.placed" {
		t.Errorf("%+v, %v", info, err)
	}
	stop()
	k.eventually("nothing left", func() bool { return k.ready() == 0 })
	got := k.waiting()
	slices.Sort(got)
	if !slices.Equal(got, upTo(60)) {
		t.Errorf("%d tasks: %v", len(got), got)
	}
}
