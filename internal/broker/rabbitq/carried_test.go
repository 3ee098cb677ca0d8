package rabbitq

import (
	"testing"

	"github.com/zeroq-dev/zeroq/internal/broker/brokertest"
	"github.com/zeroq-dev/zeroq/internal/broker/carried/carriedtest"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
)

// The whole broker keeps its promises when RabbitMQ carries a queue.
func TestConformance_CarriedBroker(t *testing.T) {
	brokertest.Run(t, func(t testing.TB) brokertest.Store {
		return carriedtest.Store(t, opened(t, rabbittest.New(t)), true)
	})
}
