package worker

import (
	"cmp"
	"fmt"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
)

func (c Conf) validateBrokers() error {
	seen := make(map[string]bool)
	for i, b := range c.Brokers {
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

// brokerNamed returns a broker; false if there is none of that name.
func (c Conf) brokerNamed(name string) (zeroq.BrokerConf, bool) {
	for _, b := range c.Brokers {
		if b.Name == name {
			return b, true
		}
	}
	return zeroq.BrokerConf{}, false
}

// powersOf is what can be done with the tasks of a queue; false if the worker does not take from it, and
// so does not know.
func (c Conf) powersOf(queue string) (broker.Powers, bool) {
	for _, p := range c.Pools {
		for _, q := range p.Queues {
			if q.Name == queue {
				b, _ := c.brokerNamed(q.Broker)
				return carriers.Powers(b), true
			}
		}
	}
	return broker.Powers{}, false
}

// checkCarried reports, by its key, what the broker of the task's queue cannot do. What the queues of others
// can do shows when the task is enqueued.
func (c Conf) checkCarried(task ScheduleTaskConf) error {
	queue := cmp.Or(task.Queue, zeroq.DefaultQueue)
	powers, known := c.powersOf(queue)
	priority := cmp.Or(zeroq.Priority(task.Priority), zeroq.Normal)
	switch {
	case known && task.Group != "" && !powers.Order:
		return fmt.Errorf("Group: %w: the broker of queue %q keeps no order", zeroq.ErrUnsupported, queue)
	case known && priority != zeroq.Normal && powers.Name != "":
		return fmt.Errorf("Priority: %w: the broker of queue %q knows none", zeroq.ErrUnsupported, queue)
	}
	return nil
}
