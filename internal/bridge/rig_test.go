package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carriertest"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) {
	logx.Disable()
	logging.Disable()
	os.Exit(redistest.Main(rabbittest.With(m), redistest.GoZero...))
}

// patience is how long a test waits for what should happen at once.
const patience = 15 * time.Second

// rig is a foreign server, and a queue.
type rig struct {
	t      *testing.T
	server *carriertest.Memory
	bridge Bridge // to be changed before it is run
	queue  *redisq.Broker

	mu   sync.Mutex
	fail func(attempt int, task *zeroq.Task) error // nil: all are taken
	lose bool                                      // the answers of enqueues
	puts int
	in   []string // ids that the queue has taken, in its order
}

// newRig has a source that keeps order, and a bridge from it to the queue "orders" by the default mapping.
func newRig(t *testing.T, powers broker.Powers) *rig {
	t.Helper()
	conf, _ := redistest.New(t)
	q, err := redisq.Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rig{t: t, server: carriertest.NewMemory(powers), queue: q}
	r.bridge = Bridge{Group: "g", Mapping: plain, Put: r.put, Now: q.Now}
	return r
}

var inOrder = broker.Powers{Name: "memory", Order: true}

// put is the queue's Enqueue, with what the test wants to go wrong.
func (r *rig) put(ctx context.Context, tasks []*zeroq.Task) []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.puts++
	errs := make([]error, len(tasks))
	for i, task := range tasks {
		if r.fail != nil {
			errs[i] = r.fail(r.puts, task)
		}
		if errs[i] != nil {
			continue
		}
		if errs[i] = r.queue.Enqueue(ctx, []*zeroq.Task{task})[0]; errs[i] == nil {
			r.in = append(r.in, task.ID)
		}
		if r.lose {
			errs[i] = zeroq.ErrUnavailable
		}
	}
	return errs
}

// set changes what goes wrong.
func (r *rig) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *rig) attempts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.puts
}

func (r *rig) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.in)
}

// run runs a bridge of a process of its own, until the test or the returned function ends it.
func (r *rig) run() (carrier *carriertest.MemoryCarrier, stop func()) {
	r.t.Helper()
	carrier = r.server.Open()
	return carrier, r.runOn(carrier)
}

// runOn runs a bridge on the carrier.
func (r *rig) runOn(carrier broker.Carrier) (stop func()) {
	r.t.Helper()
	b, tapped := r.bridge, make(chan struct{}, 1)
	b.Carrier = &tapTold{carrier, tapped}
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	r.t.Cleanup(stop)
	select {
	case <-tapped:
	case <-time.After(patience):
		r.t.Fatal("the bridge does not begin")
	}
	return stop
}

// runOver runs a bridge on a carrier that was opened for it.
func (r *rig) runOver(carrier broker.Carrier, err error) (stop func()) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := carrier.Close(); err != nil {
			r.t.Error(err)
		}
	})
	return r.runOn(carrier)
}

// tapTold tells when its source was tapped. Before that the server knows nothing of the group.
type tapTold struct {
	broker.Carrier
	tapped chan struct{}
}

func (c *tapTold) Tap(ctx context.Context, source, group string, most int) (broker.Subscription, error) {
	sub, err := c.Carrier.Tap(ctx, source, group, most)
	c.tapped <- struct{}{}
	return sub, err
}

// send puts JSON messages on the source, numbered from, each of its own id.
func (r *rig) send(from, to int, key string) {
	var all []broker.Message
	for i := from; i < to; i++ {
		all = append(all, broker.Message{ID: fmt.Sprintf("orders.v1.0.%d", i), Group: key, Body: fmt.Appendf(nil, `{"n":%d}`, i)})
	}
	r.server.Send("orders.v1", all...)
}

// left is how many messages the source still has for the bridge's group.
func (r *rig) left() int { return len(r.server.Unacknowledged("orders.v1\x00" + r.bridge.Group)) }

// info is what the queue says of itself.
func (r *rig) info() zeroq.QueueInfo {
	r.t.Helper()
	info, err := r.queue.Queue(r.t.Context(), "orders")
	if err != nil {
		r.t.Fatal(err)
	}
	return info
}

// eventually waits until ok, and fails the test when that takes too long.
func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	late := time.After(patience)
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-late:
			r.t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

// crossed waits until the source has nothing left, and says in which order the queue has the numbers.
func (r *rig) crossed() []int {
	r.t.Helper()
	r.eventually("all messages acknowledged", func() bool { return r.left() == 0 })
	return r.waiting()
}

// waiting fetches what is ready.
func (r *rig) waiting() (numbers []int) {
	r.t.Helper()
	m, err := r.queue.Join(r.t.Context(), broker.Join{Queue: "orders", Worker: "w", Lease: time.Minute})
	if err != nil {
		r.t.Fatal(err)
	}
	for {
		deliveries, err := m.Fetch(r.t.Context(), 100, 0)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(deliveries) == 0 {
			return numbers
		}
		for _, d := range deliveries {
			var data struct{ N int }
			if err := json.Unmarshal(d.Task.Data, &data); err != nil {
				r.t.Fatal(err)
			}
			numbers = append(numbers, data.N)
		}
	}
}

// upTo are the numbers below n.
func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}
