package carriers_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
)

var brokers = []zeroq.BrokerConf{
	{Name: "k", Kafka: &zeroq.KafkaConf{Addrs: []string{"127.0.0.1:1"}}},
	{Name: "r", RabbitMQ: &zeroq.RabbitMQConf{Addrs: []string{"127.0.0.1:1"}}},
}

// counted is a carrier that counts how often it is closed.
type counted struct {
	broker.Carrier
	closed int
}

func (c *counted) Close() error {
	c.closed++
	return nil
}

func TestOpen_OneForEachBrokerThatIsNamed(t *testing.T) {
	t.Parallel()
	var opened []string
	open := func(conf zeroq.BrokerConf) (broker.Carrier, error) {
		opened = append(opened, conf.Name)
		return &counted{}, nil
	}
	byQueue, err := carriers.Open(brokers, map[string]string{"a": "k", "b": "k"}, open)
	if err != nil || len(opened) != 1 || opened[0] != "k" {
		t.Fatalf("opened %q, %v", opened, err)
	}
	if byQueue["a"] == nil || byQueue["a"] != byQueue["b"] || len(byQueue) != 2 {
		t.Errorf("got %v", byQueue)
	}
	one := byQueue["a"].(*counted)
	if err := carriers.Close(byQueue); err != nil || one.closed != 1 {
		t.Errorf("closed %d times, %v", one.closed, err)
	}
}

func TestOpen_FailureNamesTheBrokerAndClosesTheOthers(t *testing.T) {
	t.Parallel()
	wrong := errors.New("RabbitMQ.TLS: wrong")
	for range 10 { // queues come in any order
		one := &counted{}
		opened := false
		_, err := carriers.Open(brokers, map[string]string{"a": "k", "b": "r"}, func(conf zeroq.BrokerConf) (broker.Carrier, error) {
			if conf.Name == "r" {
				return nil, wrong
			}
			opened = true
			return one, nil
		})
		if !errors.Is(err, wrong) || !strings.HasPrefix(err.Error(), "Brokers[1].RabbitMQ.TLS: ") {
			t.Errorf("got %v", err)
		}
		if opened != (one.closed == 1) {
			t.Errorf("opened: %t, closed %d times", opened, one.closed)
		}
	}
	if _, err := carriers.Open(brokers, map[string]string{"a": "x"}, nil); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("got %v", err)
	}
}

// What is refused by the configuration alone is what the carrier refuses.
func TestPowers_AreThoseOfTheCarrier(t *testing.T) {
	t.Parallel()
	for _, conf := range carriers.Complete(brokers) {
		carrier, err := carriers.Dial(conf)
		if err != nil {
			t.Fatal(err)
		}
		if got := carriers.Powers(conf); got != carrier.Powers() {
			t.Errorf("%s: %+v, the carrier says %+v", conf.Name, got, carrier.Powers())
		}
		if err := carrier.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := carriers.Powers(zeroq.BrokerConf{}); got != (broker.Powers{}) {
		t.Errorf("Redis lists: %+v", got)
	}
}

func TestDial_FailureIsNoCarrier(t *testing.T) {
	t.Parallel()
	for _, conf := range brokers {
		conf.SetDefaults()
		key := "Kafka.TLS.CAFile: "
		if conf.Kafka != nil {
			conf.Kafka.TLS = zeroq.TLSConf{Enabled: true, CAFile: "none.pem"}
		} else {
			conf.RabbitMQ.TLS, key = zeroq.TLSConf{Enabled: true, CAFile: "none.pem"}, "RabbitMQ.TLS.CAFile: "
		}
		carrier, err := carriers.Dial(conf)
		if carrier != nil || err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("got %v, %v, want %s", carrier, err, key)
		}
	}
}
