package queue

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/worker"
)

// Handler does the work of tasks of the group's queues, of whatever type. It answers with one outcome for
// each, in order, as a [zeroq.BatchHandler] does; nil stands for "all succeeded".
type Handler func(ctx context.Context, tasks []*zeroq.Task) []error

// Option sets one thing of a [ConsumerGroup].
type Option func(*options)

type options struct {
	concurrency int
	batch       zeroq.Batch
}

// WithConcurrency is how many tasks the group has at work at once in this process, those of a batch counted one
// by one. Default: 10, or the size of a batch if that is more.
func WithConcurrency(n int) Option { return func(o *options) { o.concurrency = n } }

// WithBatch hands the handler up to size tasks of one queue and type at once; the first one waits at most
// so long for others. Default: one at a time.
func WithBatch(size int, wait time.Duration) Option {
	return func(o *options) { o.batch = zeroq.Batch{Size: size, Wait: wait} }
}

// ConsumerGroup runs a handler on the tasks of some queues. Groups of one process or of many share the tasks,
// whatever their names: each task goes to one of them. It is a service of go-zero.
type ConsumerGroup struct {
	name   string
	worker *worker.Worker
}

var _ service.Service = (*ConsumerGroup)(nil)

// NewConsumerGroup returns a group that takes from queues. The name is for logs. All queues must keep their
// state in the same Redis. It answers as [worker.New] does, and with the first option that cannot be.
func NewConsumerGroup(name string, queues []*Queue, handle Handler, opts ...Option) (*ConsumerGroup, error) {
	o := options{batch: zeroq.Batch{Size: 1}}
	for _, option := range opts {
		option(&o)
	}
	if o.concurrency == 0 {
		o.concurrency = max(10, o.batch.Size)
	}
	if err := o.check(queues, handle); err != nil {
		return nil, fmt.Errorf("consumer group %s: %w", name, err)
	}
	mux := zeroq.NewMux()
	mux.HandleBatch("*", o.batch, zeroq.BatchHandlerFunc(handle))
	w, err := worker.New(o.conf(name, queues), mux)
	if err != nil {
		return nil, fmt.Errorf("consumer group %s: %w", name, err)
	}
	return &ConsumerGroup{name: name, worker: w}, nil
}

var (
	errNoQueue   = errors.New("needs a queue")
	errNoHandler = errors.New("needs a handler")
	errTwoStates = errors.New("its queues keep their state in two Redis")
)

func (o options) check(queues []*Queue, handle Handler) error {
	switch {
	case len(queues) == 0:
		return errNoQueue
	case handle == nil:
		return errNoHandler
	case o.batch.Size < 1:
		return fmt.Errorf("WithBatch: %d is not positive", o.batch.Size)
	case o.concurrency < o.batch.Size:
		return fmt.Errorf("WithConcurrency: %d cannot hold a batch of %d", o.concurrency, o.batch.Size)
	}
	for _, q := range queues {
		if !reflect.DeepEqual(q.store.redis, queues[0].store.redis) {
			return fmt.Errorf("%s and %s: %w", queues[0].name, q.name, errTwoStates)
		}
	}
	return nil
}

// conf is the configuration of the worker beneath. Queues over the same broker share its connections.
func (o options) conf(name string, queues []*Queue) worker.Conf {
	conf := worker.Conf{Redis: queues[0].store.redis}
	pool := worker.PoolConf{Name: name, Concurrency: o.concurrency}
	for _, q := range queues {
		queue := worker.QueueConf{Name: q.name}
		if q.store.broker != nil {
			conf.Brokers, queue.Broker = named(conf.Brokers, *q.store.broker)
		}
		pool.Queues = append(pool.Queues, queue)
	}
	conf.Pools = []worker.PoolConf{pool}
	return conf
}

// named finds a broker among others, or adds it, and returns its name.
func named(brokers []zeroq.BrokerConf, wanted zeroq.BrokerConf) ([]zeroq.BrokerConf, string) {
	for _, b := range brokers {
		wanted.Name = b.Name
		if reflect.DeepEqual(b, wanted) {
			return brokers, b.Name
		}
	}
	wanted.Name = fmt.Sprintf("broker-%d", len(brokers)+1)
	return append(brokers, wanted), wanted.Name
}

// Name is the group's name.
func (g *ConsumerGroup) Name() string { return g.name }

// Start runs the group until Stop is called, and returns when its handlers have ended.
func (g *ConsumerGroup) Start() { g.worker.Start() }

// Stop ends it: what is at work is finished, what is not begun goes to others. It returns when that is done.
func (g *ConsumerGroup) Stop() { g.worker.Stop() }
