package carriers

import (
	"errors"
	"fmt"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/kafkaq"
	"github.com/zeroq-dev/zeroq/internal/broker/rabbitq"
)

// Opener opens the carrier of a broker, without waiting for its server.
type Opener func(zeroq.BrokerConf) (broker.Carrier, error)

// Dial is the [Opener] of programs.
func Dial(conf zeroq.BrokerConf) (broker.Carrier, error) {
	if conf.Kafka != nil {
		return opened(kafkaq.Open(*conf.Kafka))
	}
	return opened(rabbitq.Open(*conf.RabbitMQ))
}

// opened keeps a nil of one type from becoming a carrier.
func opened[C broker.Carrier](carrier C, err error) (broker.Carrier, error) {
	if err != nil {
		return nil, err
	}
	return carrier, nil
}

// Open opens one carrier for each broker that a queue names, and returns them by queue. Brokers are complete.
func Open(brokers []zeroq.BrokerConf, named map[string]string, open Opener) (map[string]broker.Carrier, error) {
	byName, byQueue := make(map[string]broker.Carrier), make(map[string]broker.Carrier)
	for queue, name := range named {
		if byName[name] == nil {
			carrier, err := openNamed(brokers, name, open)
			if err != nil {
				return nil, errors.Join(err, Close(byQueue))
			}
			byName[name] = carrier
		}
		byQueue[queue] = byName[name]
	}
	return byQueue, nil
}

func openNamed(brokers []zeroq.BrokerConf, name string, open Opener) (broker.Carrier, error) {
	for i, conf := range brokers {
		if conf.Name != name {
			continue
		}
		carrier, err := open(conf)
		if err != nil {
			return nil, fmt.Errorf("Brokers[%d].%w", i, err)
		}
		return carrier, nil
	}
	return nil, fmt.Errorf("no broker is named %q", name)
}

// Close closes carriers by queue, each once.
func Close(byQueue map[string]broker.Carrier) error {
	closed := make(map[broker.Carrier]bool)
	var errs []error
	for _, carrier := range byQueue {
		if !closed[carrier] {
			closed[carrier] = true
			errs = append(errs, carrier.Close())
		}
	}
	return errors.Join(errs...)
}
