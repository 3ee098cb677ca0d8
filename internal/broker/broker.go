// Package broker is the contract between the engine and what carries its tasks.
//
// [Broker] and [Member] are what every broker does. Powers that not every broker has are interfaces
// of their own ([Inspector], [Keeper], [Registry]); who needs one asks for it once, at start, and
// refuses to start with zeroq.ErrUnsupported where it is missing.
//
// The clock is the broker's: every time that is stored comes from it (see [Member.Now]), so workers
// with wrong clocks do no harm. A worker owns its deliveries by a lease that it renews with
// [Member.Beat]; once that answers zeroq.ErrLeaseLost, whatever it still settles is refused.
package broker

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// Mode is what a queue promises of its deliveries.
type Mode string

const (
	// AtLeastOnce runs a task again when its worker died, so a task may run twice.
	AtLeastOnce Mode = "at-least-once"
	// AtMostOnce never starts a task a second time, so a task whose worker died is a dead letter,
	// and so is one that failed.
	AtMostOnce Mode = "at-most-once"
)

// Broker carries tasks from producers to workers.
type Broker interface {
	// Enqueue puts tasks that have been validated and have their defaults on their queues, and sets
	// ID, EnqueuedAt and RunAt. It answers with one error for each task: nil once the task is safe, else
	// zeroq.ErrDuplicateID, zeroq.ErrStoreFull or zeroq.ErrUnavailable. After the last one the task
	// may or may not be in.
	Enqueue(ctx context.Context, tasks []*zeroq.Task) []error
	// Join makes a worker a member of a queue.
	Join(ctx context.Context, join Join) (Member, error)
	// Ping answers zeroq.ErrUnavailable when the broker cannot be reached.
	Ping(ctx context.Context) error
	// Close ends the connections. Members must have left.
	Close() error
}

// Join says who becomes a member of which queue.
type Join struct {
	Queue  string
	Worker string
	Mode   Mode
	// Lease is how long the worker may be silent before its tasks go to others.
	Lease time.Duration
}

// Member is a worker's place at one queue. Fetch and Commit are called by one goroutine, Wait by one
// other, Settle by a third, Beat by a fourth; they may be at work at the same time.
type Member interface {
	// Fetch takes up to n tasks. No task and no error: nothing is ready, Wait may be called. An
	// ErrPaused: nothing may be taken for the time being.
	Fetch(ctx context.Context, n int) ([]*Delivery, error)
	// Wait returns true when a task may be ready, and false after a while without one, when ctx
	// ends, or when Wake is called.
	Wait(ctx context.Context) (bool, error)
	// Wake ends a Wait of another goroutine, and returns when it has ended.
	Wake(ctx context.Context)
	// Yield gives up what Wait found, when the worker cannot take it after all.
	Yield(ctx context.Context) error
	// Commit says that the deliveries are about to start. Where a task must not start twice, those
	// that may start are returned; elsewhere all are, at no cost.
	Commit(ctx context.Context, deliveries []*Delivery) ([]*Delivery, error)
	// Settle records outcomes of deliveries of one lease and gives the deliveries up.
	// zeroq.ErrLeaseLost: nothing was recorded, as the tasks belong to another worker. After any
	// other error the call must be made again with the same outcomes before any other.
	Settle(ctx context.Context, outcomes []Outcome) error
	// Beat renews the lease. zeroq.ErrLeaseLost: it is over, and the next Fetch begins a new one.
	Beat(ctx context.Context) error
	// Abandon stops using the lease, which could not be renewed in time: the next Fetch begins a
	// new one.
	Abandon()
	// Leave ends the membership once every delivery is settled.
	Leave(ctx context.Context) error
	// Now is the broker's time.
	Now() time.Time
}

// ErrPaused is returned by Fetch while the queue is paused.
var ErrPaused = errors.New("queue is paused")

// Delivery is one handing of a task to a worker.
type Delivery struct {
	// Task is nil when the message cannot be read; Err says why.
	Task *zeroq.Task
	Err  error
	// Raw is the message as it came, byte for byte.
	Raw []byte
	// Receipt is the broker's name for this delivery, Lease that of the lease it belongs to.
	Receipt, Lease string
}

// Outcome is what became of a delivery.
type Outcome struct {
	Delivery *Delivery
	// State is Succeeded, Retry, Dead, Expired, or Ready to hand the delivery back as it came, to
	// the front of its queue.
	State zeroq.State
	// Result is what the handler set, if it succeeded.
	Result json.RawMessage
	// Failure is the failed attempt, or why the task is dead without one; nil on success.
	Failure *zeroq.AttemptError
	// NextAttempt and RunAt are for Retry: the number of the next attempt, and its time.
	NextAttempt int
	RunAt       time.Time
	// StartedAt is zero when the task was not started.
	StartedAt, FinishedAt time.Time
}

// Inspector looks at tasks, queues and workers.
type Inspector interface {
	// Task looks a task up. queue may be empty: the id alone finds it, or is zeroq.ErrAmbiguousID.
	// zeroq.ErrNotFound when nothing is known of it.
	Task(ctx context.Context, id, queue string) (*zeroq.TaskInfo, error)
	// WaitTask returns the task as soon as it is finished, or as it is when ctx ends.
	WaitTask(ctx context.Context, id, queue string) (*zeroq.TaskInfo, error)
	// Queues returns all queues that have been used, by name.
	Queues(ctx context.Context) ([]zeroq.QueueInfo, error)
	// Queue returns one queue; zeroq.ErrNotFound if it has never been used.
	Queue(ctx context.Context, name string) (zeroq.QueueInfo, error)
	// Workers returns the live workers, by id.
	Workers(ctx context.Context) ([]zeroq.WorkerInfo, error)
}

// Registry keeps what workers tell of themselves.
type Registry interface {
	// Announce replaces what is known of the worker, for at most ttl.
	Announce(ctx context.Context, worker zeroq.WorkerInfo, ttl time.Duration) error
	// Retire forgets the worker.
	Retire(ctx context.Context, id string) error
}

// Keeper does the upkeep of queues. Any number of workers may do it at the same time.
type Keeper interface {
	// Promote moves tasks whose time has come to ready, and returns how many.
	Promote(ctx context.Context, queue string) (int, error)
	// LiveWorkers returns how many workers share the upkeep of the queue.
	LiveWorkers(ctx context.Context, queue string) (int, error)
	// NewReaper returns a reaper for a queue. lease is that of its workers.
	NewReaper(queue, worker string, lease time.Duration) Reaper
	// Sweep forgets finished tasks that are older or more than what is kept, in small steps.
	Sweep(ctx context.Context, queue string, keep Keep) (Swept, error)
	// Drain moves messages from a foreign list to the queue's ready list until ctx ends, when it
	// returns nil, or an error.
	Drain(ctx context.Context, list, queue string) error
}

// Keep says how much of what is finished a queue keeps, beside the retention of each task.
type Keep struct {
	// Finished is the most succeeded, and the most expired or cancelled tasks.
	Finished int
	// Dead is the most dead letters, DeadFor how long they are kept.
	Dead    int
	DeadFor time.Duration
}

// Swept is how many tasks a sweep forgot.
type Swept struct {
	// Finished are those whose retention was over, and those above the number.
	Finished int
	// Dead are dead letters that were too old or too many.
	Dead int
}

// Reaper gives the tasks of dead workers back to their queue.
type Reaper interface {
	// Reap looks for dead workers once and returns how many tasks it gave back. A worker is dead
	// when two looks, at least 1.5 heartbeats apart and with no error between, saw the same expired
	// lease.
	Reap(ctx context.Context) (int, error)
}
