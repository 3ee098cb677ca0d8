package rabbitq

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
)

func TestDeclare_QueueIsOfTheWantedType(t *testing.T) {
	t.Parallel()
	for want, kind := range map[string]string{"quorum": "", "classic": "classic"} {
		conf := rabbittest.New(t)
		conf.Type = kind
		c := open(t, conf)
		publish(t, c, messages(0, 1)...)
		// To declare it once more with the same arguments is no error, and with others it is one.
		_, err := raw(t, conf).QueueDeclare(nameOf(t, c), true, false, false, false, amqp.Table{"x-queue-type": want})
		if err != nil {
			t.Errorf("%q: %v", kind, err)
		}
	}
}

func TestDeclare_QueueOfOtherTypeIsUsedAsItIs(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	classic, quorum := conf, conf
	classic.Type, quorum.Type = "classic", "quorum"
	publish(t, open(t, classic), messages(0, 1)...)
	c := open(t, quorum)
	publish(t, c, messages(1, 1)...)
	if parcels := receive(t, subscribe(t, c, 2), 2); parcels[0].ID != "m-0" || parcels[1].ID != "m-1" {
		t.Errorf("%v", parcels)
	}
}

func TestDeclare_TwoProcessesThatMakeAQueueAtTheSameTimeDoNotNotice(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	one, other := open(t, conf), open(t, conf)
	for i := range 20 {
		queue := fmt.Sprint("q", i)
		var both sync.WaitGroup
		for _, c := range []*Carrier{one, other} {
			both.Go(func() {
				for _, err := range c.Publish(t.Context(), queue, messages(0, 3)) {
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		both.Wait()
	}
}

func TestName_TooLongIsNoReasonToLoseTheConnection(t *testing.T) {
	t.Parallel()
	c := open(t, rabbittest.New(t))
	long := strings.Repeat("q", 300)
	if errs := c.Publish(t.Context(), long, messages(0, 2)); len(errs) != 2 || !errors.Is(errs[0], zeroq.ErrUnavailable) {
		t.Errorf("%v", errs)
	}
	if _, err := c.Subscribe(t.Context(), long, 1); err == nil {
		t.Error("subscribed")
	}
	if _, err := c.Tap(t.Context(), long, "", 1); err == nil {
		t.Error("tapped")
	}
	if _, _, err := c.Depth(t.Context(), long); err == nil {
		t.Error("has a depth")
	}
}

func TestTap_WaitsForAQueueThatIsNotThere(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	c := open(t, conf)
	foreign := conf.Queue + ".foreign"
	s, err := c.Tap(t.Context(), foreign, "", 2)
	closing(t, s, err)
	eventually(t, func() error {
		if err := s.Err(); !errors.Is(err, zeroq.ErrUnavailable) || !strings.Contains(err.Error(), foreign) {
			return errors.New("does not say which queue is missing")
		}
		return nil
	})
	ch := raw(t, conf)
	_, err = ch.QueueDeclare(foreign, false, false, false, false, nil)
	must(t, err)
	must(t, ch.PublishWithContext(t.Context(), "", foreign, true, false, amqp.Publishing{
		Headers: amqp.Table{"text": "a", "number": int64(7), "list": []any{"x"}, "x-zeroq-group": "g"}, Body: []byte("b"),
	}))
	m := receive(t, s, 1)[0].Message
	if m.ID != "" || m.Group != "g" || string(m.Body) != "b" || len(m.Headers) != 2 || m.Headers["text"] != "a" || m.Headers["number"] != "7" {
		t.Errorf("%+v", m)
	}
	eventually(t, s.Err)
}

func TestDepth_WithoutASubscriptionOfItsOwnMostIsWhatOthersCouldHold(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	c, other := open(t, conf), open(t, conf)
	publish(t, c, messages(0, 3)...)
	s := subscribe(t, other, 1)
	receive(t, s, 1)
	eventually(t, func() error {
		least, most, err := c.Depth(t.Context(), queue)
		if err == nil && (least != 2 || most != 2+maxPrefetch) {
			err = errors.New("not yet")
		}
		return err
	})
	subscribe(t, c, 5)
	eventually(t, func() error {
		least, most, err := c.Depth(t.Context(), queue)
		if err == nil && (least != 0 || most != 10) {
			err = errors.New("not yet")
		}
		return err
	})
}

func TestCarrier_SaysWhatItCanDo(t *testing.T) {
	t.Parallel()
	c := open(t, zeroq.RabbitMQConf{Addrs: []string{"127.0.0.1:1"}})
	if got := c.Powers(); got != (broker.Powers{Name: "rabbitmq"}) {
		t.Errorf("%+v", got)
	}
	must(t, c.Close())
	must(t, c.Close())
	if err := c.Ping(t.Context()); !errors.Is(err, errClosed) || !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	s, err := c.Subscribe(t.Context(), queue, 1)
	must(t, err)
	eventually(t, func() error {
		if s.Err() == nil {
			return errors.New("all is well with a closed carrier")
		}
		return nil
	})
	must(t, s.Close())
}
