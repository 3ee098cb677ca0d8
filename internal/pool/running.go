package pool

import (
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/metrics"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

// running is every delivery that a handler has at hand.
type running struct {
	mu   sync.Mutex
	runs map[*broker.Delivery]*run
}

// run is one delivery in a handler's hands.
type run struct {
	lane     *lane
	delivery *broker.Delivery
	route    zeroq.Route
	term     *term
	started  time.Time // by the broker's clock
	began    time.Time // by this machine's monotonic clock
	ended    time.Time // when the context was first seen to have ended; of running.mu
	stats    *metrics.Type
	span     *trace.Span // of the handler's goroutine
}

func newRunning() *running { return &running{runs: make(map[*broker.Delivery]*run)} }

func (r *running) add(one *run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs[one.delivery] = one
}

// remove reports whether the delivery was still there: if not, it was given up before its handler
// returned.
func (r *running) remove(d *broker.Delivery) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, there := r.runs[d]
	delete(r.runs, d)
	return there
}

// giveUp removes and returns everything: outcomes of their handlers count no more.
func (r *running) giveUp() []*run {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*run
	for _, one := range r.runs {
		all = append(all, one)
	}
	clear(r.runs)
	return all
}

// stop tells the handlers of a lane's task that it is called off. The other tasks of a batch are none
// the worse for it: it runs to its end.
func (r *running) stop(l *lane, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for d, one := range r.runs {
		if one.lane == l && d.Task.ID == id && one.route.BatchHandler == nil {
			one.term.end(zeroq.ErrCancelled)
		}
	}
}

// list describes the tasks at hand.
func (r *running) list() []zeroq.RunningTask {
	r.mu.Lock()
	defer r.mu.Unlock()
	tasks := make([]zeroq.RunningTask, 0, len(r.runs))
	for _, one := range r.runs {
		t := one.delivery.Task
		tasks = append(tasks, zeroq.RunningTask{
			ID: t.ID, Type: t.Type, Queue: t.Queue, Attempt: t.Attempt, StartedAt: one.started, Stuck: one.stuck(),
		})
	}
	return tasks
}
