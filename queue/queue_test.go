package queue_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/queue"
)

func TestMain(m *testing.M) {
	logx.Disable()
	logging.Disable()
	os.Exit(redistest.Main(rabbittest.With(m), redistest.GoZero...))
}

func TestRedis(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	testStore(t, queue.Redis(conf))
}

func TestKafka(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	testStore(t, queue.Kafka(kafkatest.New(t), redis))
}

func TestRabbitMQ(t *testing.T) {
	t.Parallel()
	rabbit := rabbittest.New(t)
	redis, _ := redistest.New(t)
	testStore(t, queue.RabbitMQ(rabbit, redis))
}

// testStore is the article's example: tasks of two queues over the store go to the batches of one group.
func testStore(t *testing.T, store queue.Store) {
	orders, refunds := queue.New("orders", store), queue.New("refunds", store)
	got := newTaken(t, 40)
	group, err := queue.NewConsumerGroup("billing", []*queue.Queue{orders, refunds}, got.handle,
		queue.WithConcurrency(20), queue.WithBatch(5, 50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []*queue.Queue{orders, refunds} {
		p := open(t, q)
		for n := range 20 {
			if err := p.Produce(t.Context(), zeroq.NewTask("confirm", n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if group.Name() != "billing" {
		t.Errorf("the group is called %s", group.Name())
	}
	run(t, group)
	got.wait()
	got.check(orders.Name(), refunds.Name())
}

// Batches have tasks of several customers, and those of one customer come in their order.
func TestKafka_TasksOfAGroupKeepTheirOrderInBatches(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	orders := queue.New("orders", queue.Kafka(kafkatest.New(t), redis))
	got := newTaken(t, 60)
	group, err := queue.NewConsumerGroup("billing", []*queue.Queue{orders}, got.handle,
		queue.WithConcurrency(20), queue.WithBatch(4, 50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, orders)
	for n := range 60 {
		task := zeroq.NewTask("confirm", n, zeroq.Group(fmt.Sprint("customer-", n%6)))
		if err := p.Produce(t.Context(), task); err != nil {
			t.Fatal(err)
		}
	}
	run(t, group)
	got.wait()
	got.mu.Lock()
	defer got.mu.Unlock()
	for customer, numbers := range got.groups {
		if len(numbers) != 10 || !slices.IsSorted(numbers) {
			t.Errorf("the tasks of %s came as %v", customer, numbers)
		}
	}
	if len(got.groups) != 6 || got.largest < 2 {
		t.Errorf("%d groups, the largest batch had %d tasks", len(got.groups), got.largest)
	}
}

// taken is what a group's handler was given.
type taken struct {
	t    *testing.T
	want int
	all  chan struct{}

	mu      sync.Mutex
	data    map[string][]string // by queue
	groups  map[string][]int    // the numbers of tasks that have a group, by that
	total   int
	largest int
}

func newTaken(t *testing.T, want int) *taken {
	return &taken{t: t, want: want, all: make(chan struct{}), data: make(map[string][]string), groups: make(map[string][]int)}
}

func (g *taken) handle(_ context.Context, tasks []*zeroq.Task) []error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.largest = max(g.largest, len(tasks))
	for _, task := range tasks {
		g.data[task.Queue] = append(g.data[task.Queue], string(task.Data))
		if n, err := strconv.Atoi(string(task.Data)); err == nil && task.Group != "" {
			g.groups[task.Group] = append(g.groups[task.Group], n)
		}
	}
	if g.total += len(tasks); g.total == g.want {
		close(g.all)
	}
	return nil
}

func (g *taken) wait() {
	g.t.Helper()
	select {
	case <-g.all:
	case <-time.After(60 * time.Second):
		g.mu.Lock()
		defer g.mu.Unlock()
		g.t.Fatalf("%d of %d tasks were handled", g.total, g.want)
	}
}

// check says that each of the queues' tasks was handed over once, and some of them together.
func (g *taken) check(queues ...string) {
	g.t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range queues {
		seen := slices.Compact(slices.Sorted(slices.Values(g.data[name])))
		if len(seen) != 20 || len(g.data[name]) != 20 {
			g.t.Errorf("of queue %s came %v", name, g.data[name])
		}
	}
	if g.largest < 2 || g.largest > 5 {
		g.t.Errorf("the largest batch had %d tasks, want 2 to 5", g.largest)
	}
}

func run(t *testing.T, group *queue.ConsumerGroup) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		group.Start()
	}()
	t.Cleanup(func() {
		group.Stop()
		<-ended
	})
}

func open(t *testing.T, q *queue.Queue) *queue.Producer {
	t.Helper()
	p, err := q.Producer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func TestProduce_RefusesTasksOfAnotherQueue(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	p := open(t, queue.New("orders", queue.Redis(conf)))
	err := p.Produce(t.Context(), zeroq.NewTask("confirm", nil, zeroq.Queue("refunds")))
	if !errors.Is(err, zeroq.ErrUnknownQueue) {
		t.Errorf("answered %v, want %v", err, zeroq.ErrUnknownQueue)
	}
}

func TestNew_ReportsWhatIsWrongBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	store, other := queue.Redis(conf), queue.Redis(zeroq.RedisConf{Addrs: []string{"127.0.0.1:1"}})
	orders := queue.New("orders", store)
	nothing := func(context.Context, []*zeroq.Task) []error { return nil }
	for want, try := range map[string]func() error{
		"queue": func() error {
			_, err := queue.New("No Queue", store).Producer()
			return err
		},
		"needs a queue":   group(nil, nothing),
		"needs a handler": group([]*queue.Queue{orders}, nil),
		"two Redis":       group([]*queue.Queue{orders, queue.New("refunds", other)}, nothing),
		"WithBatch":       group([]*queue.Queue{orders}, nothing, queue.WithBatch(0, 0)),
		"WithConcurrency": group([]*queue.Queue{orders}, nothing, queue.WithConcurrency(2), queue.WithBatch(3, 0)),
		"twice":           group([]*queue.Queue{orders, orders}, nothing),
		"Kafka.Addrs":     group([]*queue.Queue{queue.New("q", queue.Kafka(zeroq.KafkaConf{}, conf))}, nothing),
		"RabbitMQ.Addrs":  group([]*queue.Queue{queue.New("q", queue.RabbitMQ(zeroq.RabbitMQConf{}, conf))}, nothing),
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("answered %v, want it to say %q", err, want)
		}
	}
}

func group(queues []*queue.Queue, handle queue.Handler, options ...queue.Option) func() error {
	return func() error {
		g, err := queue.NewConsumerGroup("billing", queues, handle, options...)
		if err == nil {
			g.Stop()
			return nil
		}
		return fmt.Errorf("%w", err)
	}
}
