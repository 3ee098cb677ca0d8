package rabbitq

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
)

func TestPublish_MessagesArriveAsTheyWereInTheirOrder(t *testing.T) {
	t.Parallel()
	c := open(t, rabbittest.New(t))
	sent := messages(0, 2*round+3)
	sent[1] = broker.Message{ID: "x", Group: "g", Headers: map[string]string{"traceparent": "00-1"}, Body: []byte("\x00\xff{}")}
	noErrors(t, c.Publish(t.Context(), queue, sent))
	s := subscribe(t, c, len(sent))
	for i, parcel := range receive(t, s, len(sent)) {
		if !reflect.DeepEqual(parcel.Message, sent[i]) {
			t.Fatalf("number %d is %+v, want %+v", i, parcel.Message, sent[i])
		}
	}
}

func TestPublish_IsReadableWithOtherTools(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	c := open(t, conf)
	noErrors(t, c.Publish(t.Context(), queue, []broker.Message{{ID: "id", Group: "g", Headers: map[string]string{"a": "b"}, Body: []byte("{}")}}))
	d, ok, err := raw(t, conf).Get(nameOf(t, c), true)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if d.DeliveryMode != amqp.Persistent || d.ContentType != "application/json" || d.MessageId != "id" {
		t.Errorf("%+v", d)
	}
	if want := (amqp.Table{"a": "b", "x-zeroq-group": "g", "x-delivery-count": int64(0)}); !reflect.DeepEqual(d.Headers, want) {
		t.Errorf("headers %v, want %v", d.Headers, want)
	}
}

func TestPublish_HeadersThatDoNotFitAreLeftOut(t *testing.T) {
	t.Parallel()
	c := open(t, rabbittest.New(t))
	long := strings.Repeat("x", maxText+1)
	noErrors(t, c.Publish(t.Context(), queue, []broker.Message{
		{ID: long, Headers: map[string]string{long: "v", "k": long}, Body: []byte("1")},
		{ID: "2", Headers: map[string]string{"k": strings.Repeat("x", 2*frameSize)}, Body: []byte("2")},
	}))
	parcels := receive(t, subscribe(t, c, 2), 2)
	if m := parcels[0].Message; m.ID != "" || !reflect.DeepEqual(m.Headers, map[string]string{"k": long}) || string(m.Body) != "1" {
		t.Errorf("%+v", m)
	}
	if m := parcels[1].Message; m.ID != "2" || m.Headers != nil || string(m.Body) != "2" {
		t.Errorf("%+v", m)
	}
}

func TestPublish_NackIsUnavailable(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	c := open(t, conf)
	_, err := raw(t, conf).QueueDeclare(nameOf(t, c), true, false, false, false, amqp.Table{
		"x-max-length": 1, "x-overflow": "reject-publish",
	})
	must(t, err)
	errs := c.Publish(t.Context(), queue, messages(0, 3))
	if errs[0] != nil || !errors.Is(errs[1], errNack) || !errors.Is(errs[2], zeroq.ErrUnavailable) {
		t.Errorf("%v", errs)
	}
}

func TestPublish_DeletedQueueIsMadeAgain(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	c := open(t, conf)
	noErrors(t, c.Publish(t.Context(), queue, messages(0, 1)))
	_, err := raw(t, conf).QueueDelete(nameOf(t, c), false, false, false)
	must(t, err)
	for _, err := range c.Publish(t.Context(), queue, messages(1, 2)) {
		if !errors.Is(err, zeroq.ErrUnavailable) || !errors.Is(err, errReturned) {
			t.Errorf("%v", err)
		}
	}
	noErrors(t, c.Publish(t.Context(), queue, messages(3, 2)))
	if parcels := receive(t, subscribe(t, c, 9), 2); parcels[0].ID != "m-3" || parcels[1].ID != "m-4" {
		t.Errorf("%v", parcels)
	}
}

func TestPublish_TooLargeIsRefusedAlone(t *testing.T) {
	t.Parallel()
	c := open(t, rabbittest.Start(t, "max_message_size = 10000").Conf())
	sent := messages(0, 9)
	sent[2].Body, sent[5].Body = make([]byte, 10001), make([]byte, 500_000)
	sent[7].Body = make([]byte, 10000)
	for range 2 { // the second time on channels that were used
		for i, err := range c.Publish(t.Context(), queue, sent) {
			if large := i == 2 || i == 5; large && !errors.Is(err, broker.ErrRefused) || !large && err != nil {
				t.Errorf("number %d: %v", i, err)
			}
		}
	}
	if err := c.Publish(t.Context(), queue, sent[2:3])[0]; !errors.Is(err, broker.ErrRefused) {
		t.Errorf("alone: %v", err)
	}
}

func TestPublish_NoServerIsUnavailableAtOnce(t *testing.T) {
	t.Parallel()
	conf := zeroq.RabbitMQConf{Addrs: []string{unused(t), unused(t)}}
	c := open(t, conf)
	for range 3 {
		for _, err := range c.Publish(t.Context(), queue, messages(0, 2)) {
			if !errors.Is(err, zeroq.ErrUnavailable) || strings.Count(err.Error(), zeroq.ErrUnavailable.Error()) != 1 {
				t.Errorf("%v", err)
			}
		}
	}
	if err := c.Ping(t.Context()); !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("Ping: %v", err)
	}
	if _, _, err := c.Depth(t.Context(), queue); !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("Depth: %v", err)
	}
}

func TestPublish_AlarmDoesNotHoldUpCallersOrAcknowledgements(t *testing.T) {
	t.Parallel()
	server := rabbittest.Start(t)
	c := open(t, server.Conf())
	publish(t, c, messages(0, 3)...)
	s := subscribe(t, c, 2)
	parcels := receive(t, s, 2)
	server.Control("set_disk_free_limit", "1000000GB")
	stopped := false
	for i := range 20 {
		large := messages(100*i, 100)
		for j := range large {
			large[j].Body = make([]byte, 100_000)
		}
		errs := c.Publish(within(t, 500*time.Millisecond), queue, large)
		if last := errs[len(errs)-1]; last != nil {
			stopped = true
			if !errors.Is(last, zeroq.ErrUnavailable) {
				t.Errorf("%v", last)
			}
		}
	}
	if !stopped {
		t.Fatal("the server took everything")
	}
	s.Ack(parcels...)
	receive(t, s, 1)
	server.Control("set_disk_free_limit", "1MB")
	publish(t, c, messages(0, 1)...)
}
