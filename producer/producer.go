// Package producer enqueues tasks straight to the broker.
//
//	p, err := producer.New(producer.Conf{Redis: zeroq.RedisConf{Addrs: []string{"127.0.0.1:6379"}}})
//	…
//	defer p.Close()
//	task := zeroq.NewTask("email", Email{To: "ann@example.com"}, zeroq.Delay(time.Minute))
//	err = p.Enqueue(ctx, task) // task.ID names it from now on
package producer

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/admission"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

// Conf says where a producer puts tasks.
type Conf struct {
	// Redis is where the queues are. Default: 127.0.0.1:6379.
	Redis zeroq.RedisConf
	// Queues, if not empty, are the only queues that tasks may go to.
	Queues []string `json:",optional"`
}

// Validate reports what is wrong with the configuration, by key.
func (c Conf) Validate() error {
	for _, queue := range c.Queues {
		if err := zeroq.ValidateQueue(queue); err != nil {
			return fmt.Errorf("Queues: %q: %w", queue, err)
		}
	}
	return c.Redis.Validate()
}

// Producer enqueues tasks. It is safe for concurrent use; one for each process is enough.
type Producer struct {
	broker broker.Broker
	queues []string
	put    trace.Put
	chain  zeroq.Enqueuer
}

// New returns a producer. It does not wait for Redis: an Enqueue tells whether it is there.
// Middleware wraps every Enqueue, the first outermost.
func New(conf Conf, middleware ...zeroq.EnqueueMiddleware) (*Producer, error) {
	conf.Redis.SetDefaults()
	if err := conf.Validate(); err != nil {
		return nil, err
	}
	b, err := redisq.Open(conf.Redis)
	if err != nil {
		return nil, err
	}
	p := &Producer{broker: b, queues: conf.Queues, put: trace.New(otel.GetTracerProvider()).Send(b.Enqueue)}
	p.chain = zeroq.WrapEnqueuer(zeroq.EnqueueFunc(p.enqueue), middleware...)
	return p, nil
}

// Enqueue puts tasks on their queues and sets their ID, Queue and EnqueuedAt. When it returns nil
// all of them are safe in Redis. One task that is refused gives its own error; of several, a
// [zeroq.BatchError] has one for each. A task that is in already is a [zeroq.ErrDuplicateID]: send a
// copy without ID and EnqueuedAt to have it run twice. After [zeroq.ErrUnavailable], or when ctx has ended, a task may or
// may not be in; a chosen [zeroq.Task.ID] makes it safe to try again.
//
// Concurrent calls for one queue share round trips to Redis: a call may wait for the one before it. What a full or
// failing Redis answers to a shared one is the error of all tasks in it.
//
// What is in gets the trace context of ctx as headers, unless a task has a header traceparent already;
// the Headers of the caller's tasks stay as they are.
func (p *Producer) Enqueue(ctx context.Context, tasks ...*zeroq.Task) error {
	return p.chain.Enqueue(ctx, tasks...)
}

// Close ends the connections.
func (p *Producer) Close() error { return p.broker.Close() }

func (p *Producer) enqueue(ctx context.Context, tasks ...*zeroq.Task) error {
	return admission.Gate{Queues: p.queues, Put: p.put}.Enqueue(ctx, time.Now(), tasks...)
}
