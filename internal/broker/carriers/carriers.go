// Package carriers finds the carrier that a configuration asks for.
package carriers

import (
	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Powers is what the carrier of the configuration can do, known before it is reached. None, as where nothing
// is configured, are those of Redis lists.
func Powers(conf zeroq.BrokerConf) broker.Powers {
	switch {
	case conf.Kafka != nil:
		return broker.Powers{Name: "kafka", Order: true}
	case conf.RabbitMQ != nil:
		return broker.Powers{Name: "rabbitmq"}
	}
	return broker.Powers{}
}
