package carriertest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// maxMemoryBody is the longest body that [Memory] takes.
const maxMemoryBody = 4 << 20

// Memory is a carrier's server in this process. What it does wrong is done at will.
type Memory struct {
	powers broker.Powers

	mu      sync.Mutex
	queues  map[string]*memoryQueue // foreign sources too, by source and group
	foreign map[string][]broker.Message
	placed  int // numbers what others send
	away    bool
	hanging bool
	deaf    int                        // how many more publishes are taken and not answered
	refuse  func(broker.Message) error // nil: all are taken
	doubled bool
}

// memoryQueue is what waits in a queue or is in a subscriber's hands, in order.
type memoryQueue struct {
	items []*item
	subs  []*memorySubscription
}

// item is a message of a queue. Its handing tells one handing of it from the next.
type item struct {
	message broker.Message
	holder  *memorySubscription // nil: it waits
	handing int
}

// NewMemory returns a server with the powers.
func NewMemory(powers broker.Powers) *Memory {
	return &Memory{powers: powers, queues: map[string]*memoryQueue{}, foreign: map[string][]broker.Message{}}
}

// Open opens the connections of a process.
func (m *Memory) Open() *MemoryCarrier { return &MemoryCarrier{server: m} }

// change changes the server, and has all subscribers look again.
func (m *Memory) change(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
	for _, q := range m.queues {
		q.tell()
	}
}

// Stop has the server go away; what it has and who holds what is kept.
func (m *Memory) Stop() { m.change(func() { m.away = true }) }

// Start has it come back.
func (m *Memory) Start() { m.change(func() { m.away = false }) }

// Hang has publishing wait until its context ends, and take nothing.
func (m *Memory) Hang(hang bool) { m.change(func() { m.hanging = hang }) }

// LoseAnswers has the next publishes take their messages and answer that the server is away.
func (m *Memory) LoseAnswers(publishes int) { m.change(func() { m.deaf = publishes }) }

// Refuse has messages refused with the errors of the function; nil: none.
func (m *Memory) Refuse(refuse func(broker.Message) error) { m.change(func() { m.refuse = refuse }) }

// Double has every message come twice.
func (m *Memory) Double(double bool) { m.change(func() { m.doubled = double }) }

// Rebalance takes all messages of a queue out of the hands of their subscribers and gives them anew.
func (m *Memory) Rebalance(queue string) {
	m.change(func() {
		for _, one := range m.queue(queue).items {
			one.holder = nil
		}
	})
}

// Put puts messages on a queue as a foreign producer would.
func (m *Memory) Put(queue string, messages ...broker.Message) {
	m.change(func() {
		for _, one := range messages {
			m.queue(queue).add(one)
		}
	})
}

// Send puts messages on a foreign source, for those who tap it.
func (m *Memory) Send(source string, messages ...broker.Message) {
	m.change(func() {
		for _, one := range messages {
			if one.ID == "" {
				m.placed++
				one.ID = fmt.Sprintf("%s/%d", source, m.placed)
			}
			m.foreign[source] = append(m.foreign[source], one)
			for _, q := range m.readers(source) {
				q.add(one)
			}
		}
	})
}

// Unacknowledged returns the bodies of what the queue has, whether it waits or is in somebody's hands.
func (m *Memory) Unacknowledged(queue string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, one := range m.queue(queue).items {
		all = append(all, string(one.message.Body))
	}
	return all
}

// queue returns a queue, which is made when it is first asked for. m.mu is held, here and below.
func (m *Memory) queue(name string) *memoryQueue {
	q := m.queues[name]
	if q == nil {
		q = &memoryQueue{}
		m.queues[name] = q
	}
	return q
}

// tapped is the name of the queue of those who read a source together. Where no order is kept there
// are no consumer groups: all read together.
func (m *Memory) tapped(source, group string) string {
	if !m.powers.Order {
		group = ""
	}
	return source + "\x00" + group
}

// readers are the queues of those who tap a source.
func (m *Memory) readers(source string) []*memoryQueue {
	var all []*memoryQueue
	for name, q := range m.queues {
		if len(name) > len(source) && name[:len(source)+1] == source+"\x00" {
			all = append(all, q)
		}
	}
	return all
}

func (q *memoryQueue) add(message broker.Message) {
	q.items = append(q.items, &item{message: message})
}

// tell has the subscribers look.
func (q *memoryQueue) tell() {
	for _, sub := range q.subs {
		select {
		case sub.arrived <- struct{}{}:
		default: // it is told already
		}
	}
}

func (q *memoryQueue) remove(done *item) {
	q.items = slices.DeleteFunc(q.items, func(one *item) bool { return one == done })
}

// unavailableError is what the server says of itself while it is away.
func unavailableError(why string) error {
	return fmt.Errorf("%w: memory carrier: %s", zeroq.ErrUnavailable, why)
}

// publish takes messages, or says why not; hangs: the caller is to wait.
func (m *Memory) publish(queue string, messages []broker.Message) (errs []error, hangs bool) {
	errs = make([]error, len(messages))
	m.change(func() {
		if hangs = m.hanging; hangs {
			return
		}
		for i, one := range messages {
			errs[i] = m.take(queue, one)
		}
		if m.deaf > 0 {
			m.deaf--
			fill(errs, unavailableError("the answer was lost"))
		}
	})
	return errs, hangs
}

func (m *Memory) take(queue string, message broker.Message) error {
	if m.away {
		return unavailableError("it is stopped")
	}
	if len(message.Body) > maxMemoryBody {
		return fmt.Errorf("%w: it has %d bytes", broker.ErrRefused, len(message.Body))
	}
	if m.refuse != nil {
		if err := m.refuse(message); err != nil {
			return err
		}
	}
	q := m.queue(queue)
	q.add(message)
	if m.doubled {
		q.add(message)
	}
	return nil
}

func fill(errs []error, err error) {
	for i := range errs {
		errs[i] = err
	}
}

// wait is a publish that hangs.
func (m *Memory) wait(ctx context.Context, n int) []error {
	<-ctx.Done()
	errs := make([]error, n)
	fill(errs, unavailableError("it hangs"))
	return errs
}
