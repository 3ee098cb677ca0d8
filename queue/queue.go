package queue

import (
	"context"
	"fmt"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/producer"
)

// Queue is a queue with a name, over a store. It exists once it is used.
type Queue struct {
	name  string
	store Store
}

// New returns the queue of a name, 1 to 64 of a-z0-9_- that begin with a letter or digit, in a store. It does
// not reach for the store; a wrong name or configuration is reported by Producer and NewConsumerGroup.
func New(name string, store Store) *Queue { return &Queue{name: name, store: store} }

// Name is the queue's name.
func (q *Queue) Name() string { return q.name }

// Producer returns a producer for this queue. One for each process is enough.
func (q *Queue) Producer() (*Producer, error) {
	if err := zeroq.ValidateQueue(q.name); err != nil {
		return nil, fmt.Errorf("queue %q: %w", q.name, err)
	}
	p, err := producer.New(producer.Conf{Redis: q.store.redis, Queues: []string{q.name}})
	if err != nil {
		return nil, err
	}
	return &Producer{queue: q.name, tasks: p}, nil
}

// Producer puts tasks on one queue. It is safe for concurrent use.
type Producer struct {
	queue string
	tasks *producer.Producer
}

// Produce puts tasks on the queue; those that name no queue are given this one's name, those of another are
// refused. What it answers is what [producer.Producer.Enqueue] does.
func (p *Producer) Produce(ctx context.Context, tasks ...*zeroq.Task) error {
	for _, task := range tasks {
		if task.Queue == "" {
			task.Queue = p.queue
		}
	}
	return p.tasks.Enqueue(ctx, tasks...)
}

// Close ends the connections.
func (p *Producer) Close() error { return p.tasks.Close() }
