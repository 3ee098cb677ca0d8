// Package carriers finds the carriers that a configuration asks for.
package carriers

import (
	"fmt"
	"slices"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Complete returns the brokers with their defaults. Those that are given stay as they are.
func Complete(brokers []zeroq.BrokerConf) []zeroq.BrokerConf {
	brokers = slices.Clone(brokers)
	for i := range brokers {
		brokers[i].SetDefaults()
	}
	return brokers
}

// Validate reports the first mistake of brokers that are complete, by its key.
func Validate(brokers []zeroq.BrokerConf) error {
	seen := make(map[string]bool)
	for i, b := range brokers {
		if err := b.Validate(); err != nil {
			return fmt.Errorf("Brokers[%d].%w", i, err)
		}
		if seen[b.Name] {
			return fmt.Errorf("Brokers[%d].Name: broker %q stands there twice", i, b.Name)
		}
		seen[b.Name] = true
	}
	return nil
}

// Named returns a broker by its name; false if there is none.
func Named(brokers []zeroq.BrokerConf, name string) (zeroq.BrokerConf, bool) {
	i := slices.IndexFunc(brokers, func(b zeroq.BrokerConf) bool { return b.Name == name })
	if i < 0 {
		return zeroq.BrokerConf{}, false
	}
	return brokers[i], true
}

// Powers is what the carrier of a broker can do, which is known before it is reached. None are those of Redis
// lists, where no broker is configured.
func Powers(conf zeroq.BrokerConf) broker.Powers {
	switch {
	case conf.Kafka != nil:
		return broker.Powers{Name: "kafka", Order: true}
	case conf.RabbitMQ != nil:
		return broker.Powers{Name: "rabbitmq"}
	}
	return broker.Powers{}
}
