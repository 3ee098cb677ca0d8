package worker

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carried"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
)

// powersOf is what can be done with the tasks of a queue; false if the worker does not take from it, and
// so does not know.
func (c Conf) powersOf(queue string) (broker.Powers, bool) {
	for _, p := range c.Pools {
		for _, q := range p.Queues {
			if q.Name == queue {
				b, _ := carriers.Named(c.Brokers, q.Broker)
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

// open opens Redis, and the carriers that queues name.
func (w *Worker) open() error {
	redis, err := redisq.Open(w.conf.Redis)
	if err != nil {
		return err
	}
	byQueue, err := carriers.Open(w.conf.Brokers, w.conf.carried(), w.dial)
	if err != nil {
		return errors.Join(err, redis.Close())
	}
	w.powers = make(map[string]broker.Powers)
	for queue, carrier := range byQueue {
		w.powers[queue] = carrier.Powers()
	}
	w.broker = carried.New(redis, byQueue)
	return nil
}

// carried are the brokers of the queues that name one.
func (c Conf) carried() map[string]string {
	named := make(map[string]string)
	for _, p := range c.Pools {
		for _, q := range p.Queues {
			if q.Broker != "" {
				named[q.Name] = q.Broker
			}
		}
	}
	return named
}
