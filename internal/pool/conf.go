// Package pool runs handlers on the tasks of some queues, so many at once.
//
// One goroutine fetches, some tasks ahead of free slots. It starts one goroutine for a slot, which runs a task and then
// those that wait for a slot. Each queue has a [lane]: its member of the
// broker, a goroutine that waits for tasks when there are none, one that settles outcomes, and one
// that keeps the lease alive. They end in this order: fetching, waiting, handlers, settling, the
// heartbeat. So a lease outlives everything that relies on it.
package pool

import (
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/metrics"
)

// Conf is what a pool does, and where.
type Conf struct {
	// Worker is the id of this process's worker.
	Worker string
	// Concurrency is how many tasks run at once.
	Concurrency int
	// Queues are the queues to take from.
	Queues []Queue
	// Strict takes from a queue only while those before it are empty. Otherwise queues are chosen at
	// random by weight.
	Strict bool
	// Lease is how long the worker may be silent before its tasks go to others; it beats four times
	// in that time.
	Lease time.Duration
	// Drain is how long tasks may go on once the pool is told to stop.
	Drain time.Duration
	// Retry is the delay after failures.
	Retry zeroq.RetryPolicy
	// Observe is told of every outcome; it must not block.
	Observe func(Event)
	// Metrics counts what happens; nil counts for nobody.
	Metrics *metrics.Workers
}

// Queue is one queue of a pool.
type Queue struct {
	Name   string
	Weight int
	Mode   broker.Mode
	// Retry is the delay after failures in this queue; zero is that of the pool.
	Retry zeroq.RetryPolicy
	// Retention is how long finished tasks are kept that ask for nothing else; zero is the default.
	Retention time.Duration
}

// Event is an outcome as it is told to an observer.
type Event struct {
	// Task is nil when the message could not be read.
	Task *zeroq.Task
	// Queue is where it came from.
	Queue string
	// State is what became of it; Ready means that it was handed back.
	State zeroq.State
	// Err is why, unless it succeeded.
	Err error
	// Took is how long the handler ran; 0 when it was not started.
	Took time.Duration
	// RunAt is the time of the next attempt, if there is one.
	RunAt time.Time
}

// Times that nobody needs to set.
const (
	callTimeout  = 5 * time.Second        // one call of the broker
	grace        = time.Second            // for handlers to return once their context has ended
	flushTimeout = 5 * time.Second        // for the last outcomes to be settled
	closedFor    = time.Second            // at most, between looks at a queue that is paused or at its limit
	reportEvery  = 250 * time.Millisecond // between reports of progress of one queue
	stuckAfter   = time.Second            // a handler that runs on so long after its context has ended is stuck
)

// StopTime is the longest that a pool takes to stop while the broker answers. While it does not,
// there is nothing to save by waiting longer.
func (c Conf) StopTime() time.Duration { return c.Drain + grace + flushTimeout }
