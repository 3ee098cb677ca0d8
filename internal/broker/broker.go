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
	// zeroq.ErrDuplicateID, a zeroq.DuplicateError, zeroq.ErrQueueFull, zeroq.ErrDraining,
	// zeroq.ErrStoreFull or zeroq.ErrUnavailable. After the last one the task may or may not be in. A task
	// that took the place of another by zeroq.Debounce gets the id of that.
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
	// Slots is how many tasks the worker runs at once. Where tasks come unasked, it has no more of them at a
	// time. 0: no bound.
	Slots int
	// Lease is how long the worker may be silent before its tasks go to others.
	Lease time.Duration
	// Retention is how long finished tasks are kept that ask for no other than the default.
	Retention time.Duration
	// Stop is told of tasks of the worker's that are called off while it has them, by id. It must not
	// block, and may be told more than once, of tasks too that are settled by then.
	Stop func(id string)
	// Refused is told of deliveries whose outcomes Settle leaves out, as the broker does not know any more that
	// the worker has them. nil: nobody needs to know.
	Refused func(deliveries []*Delivery)
}

// Member is a worker's place at one queue. Fetch and Commit are called by one goroutine, Wait by one
// other, Settle by a third, Beat by a fourth; they may be at work at the same time.
type Member interface {
	// Fetch takes up to n tasks, and up to ahead more where neither a limit of the queue nor its carrier bounds
	// what a worker may hold; n may be 0, and such a queue answers ErrLimited to that. No task and no error: nothing is
	// ready, Wait may be called. A ClosedError: nothing may be taken for the time being.
	Fetch(ctx context.Context, n, ahead int) ([]*Delivery, error)
	// Wait returns true when a task may be ready, and false after a while without one, when ctx
	// ends, or when Wake is called.
	Wait(ctx context.Context) (bool, error)
	// Wake ends a Wait of another goroutine, and returns when it has ended.
	Wake(ctx context.Context)
	// Yield gives up what Wait found, when the worker cannot take it after all.
	Yield(ctx context.Context) error
	// Commit says that the deliveries are about to start, which frees unique keys that are held until
	// then. Where a task must not start twice, those that may start are returned; elsewhere all are, and a
	// delivery without such a key need not be committed.
	Commit(ctx context.Context, deliveries []*Delivery) ([]*Delivery, error)
	// Report tells of the progress of deliveries of one lease, by receipt. What the worker does not have
	// any more is left out.
	Report(ctx context.Context, lease string, progress map[string]json.RawMessage) error
	// Settle records outcomes of deliveries of one lease and gives the deliveries up. A delivery that
	// was called off is cancelled, where its outcome would let it run again.
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

// Exchanger is a member that can settle and fetch in one round trip. Who has one call of Exchange under way
// has neither one of Fetch nor one of Settle.
type Exchanger interface {
	// Exchange does what Settle does with the outcomes, and then what Fetch does, which may miss what is handed
	// back. fetching is Fetch's error, settling that of Settle.
	Exchange(ctx context.Context, outcomes []Outcome, n, ahead int) (deliveries []*Delivery, fetching, settling error)
}

// Why nothing may be taken from a queue.
var (
	ErrPaused  = errors.New("queue is paused")
	ErrLimited = errors.New("queue is at its limit")
)

// ClosedError is returned by Fetch while nothing may be taken.
type ClosedError struct {
	// Cause is ErrPaused or ErrLimited.
	Cause error
	// Wait is how long to wait before the next look.
	Wait time.Duration
}

func (e *ClosedError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *ClosedError) Unwrap() error { return e.Cause }

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
	// State is Succeeded, Retry, Dead, Expired, Cancelled, or Ready to hand the delivery back as it
	// came, to the front of its queue; but one that was started does not expire any more.
	State zeroq.State
	// Result is what the handler set, if it succeeded.
	Result json.RawMessage
	// Progress is what it reported last; nil if it reported none.
	Progress json.RawMessage
	// Failure is the failed attempt, or why the task is dead without one; nil on success.
	Failure *zeroq.AttemptError
	// NextAttempt and RunAt are for Retry: the number of the next attempt, and its time.
	NextAttempt int
	RunAt       time.Time
	// Crashes is, for Ready, how often a worker died that had the delivery; 0 when it is handed back by
	// a live one. Who died with it more than once waits apart from others.
	Crashes int
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
	// WatchTask shows the task to see as it is, and then whenever its state, attempt or progress has
	// changed, until it is finished, see answers an error, or ctx ends. It returns nil but for errors
	// of its own and those of see.
	WatchTask(ctx context.Context, id, queue string, see func(*zeroq.TaskInfo) error) error
	// Tasks returns a page of a queue's tasks. zeroq.FieldError for a cursor that is none.
	Tasks(ctx context.Context, query zeroq.TaskQuery) (zeroq.TaskPage, error)
	// DeadGroups returns the dead letters of a queue by fingerprint, the largest group first.
	DeadGroups(ctx context.Context, queue string) ([]zeroq.DeadGroup, error)
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
	// Intake moves messages from a foreign list to the queue's ready list until ctx ends, when it
	// returns nil, or an error.
	Intake(ctx context.Context, list, queue string) error
	// Sample notes the queue's totals now and then, from which its rates are told.
	Sample(ctx context.Context, queue string) error
	// Recount makes sure that the number of tasks in flight, which limits go by, is right.
	Recount(ctx context.Context, queue string) error
	// Configure sets the limits of a queue, unless these were the last that it was configured with: so
	// those set at runtime hold until the configuration changes.
	Configure(ctx context.Context, queue string, limits zeroq.Limits) error
}

// Controller changes tasks and queues by hand. queue of a task may be empty, as for
// [Inspector].Task. What has the state asked for already is no error.
type Controller interface {
	// Cancel calls a task off, which then never starts. It answers with zeroq.Cancelled, or with
	// zeroq.Leased when the task runs and its handler is told to stop. A zeroq.StateError: it has
	// finished otherwise.
	Cancel(ctx context.Context, id, queue string) (zeroq.State, error)
	// Retry makes a dead, cancelled or expired task ready, with at least one attempt left, no
	// expiry, and no deadline that has passed. A zeroq.StateError: it is in another state, but for
	// ready. A zeroq.DuplicateError: another task holds its unique key.
	Retry(ctx context.Context, id, queue string) error
	// Delete forgets a task. A zeroq.StateError: it is running.
	Delete(ctx context.Context, id, queue string) error

	// Pause keeps workers from taking tasks of the queue. It and the others answer with
	// zeroq.ErrNotFound for a queue that was never used.
	Pause(ctx context.Context, queue string) error
	// Resume ends Pause and Drain.
	Resume(ctx context.Context, queue string) error
	// Drain keeps producers from putting tasks on the queue until it is empty.
	Drain(ctx context.Context, queue string) error
	// Limit changes the limits of the queue.
	Limit(ctx context.Context, queue string, change zeroq.LimitsChange) error
}

// Operator does something to many tasks, step by step. An operation that was begun is gone on with
// by whoever calls Work, in whatever process.
type Operator interface {
	// Matched returns how many tasks of the queue are selected now.
	Matched(ctx context.Context, queue string, selection zeroq.Selection) (int64, error)
	// Begin begins the operation that op describes and returns it with its id.
	Begin(ctx context.Context, op zeroq.Operation) (zeroq.Operation, error)
	// Operation returns an operation; zeroq.ErrNotFound, also a day after it finished.
	Operation(ctx context.Context, id string) (zeroq.Operation, error)
	// Abort ends an operation where it is.
	Abort(ctx context.Context, id string) error
	// Work goes on with one operation that nobody works on, until it is finished or ctx ends, and
	// reports whether there was one.
	Work(ctx context.Context) (bool, error)
}

// Timetable keeps schedules and enqueues their tasks.
type Timetable interface {
	// Schedules returns all schedules, by name.
	Schedules(ctx context.Context) ([]zeroq.Schedule, error)
	// Schedule returns one; zeroq.ErrNotFound.
	Schedule(ctx context.Context, name string) (zeroq.Schedule, error)
	// PutSchedule makes or replaces a schedule and reports whether it is new. A schedule that is
	// replaced keeps its past; whether it is paused is as given. zeroq.FieldError for what is wrong.
	PutSchedule(ctx context.Context, schedule zeroq.Schedule) (created bool, err error)
	// DeleteSchedule deletes one; zeroq.ErrNotFound.
	DeleteSchedule(ctx context.Context, name string) error
	// PauseSchedule and ResumeSchedule stop it and let it go on; times that passed meanwhile are not
	// made up for.
	PauseSchedule(ctx context.Context, name string) error
	ResumeSchedule(ctx context.Context, name string) error
	// RunSchedule enqueues its task now, besides its times, and returns the task's id.
	RunSchedule(ctx context.Context, name string) (id string, err error)
	// Configured makes the schedules of a configuration: one that is there already with the same
	// configuration is left as it is, so that what was changed at runtime holds; one that came from
	// a configuration of the same origin and is no longer in it is deleted.
	Configured(ctx context.Context, origin string, schedules []zeroq.Schedule) error
	// Tick enqueues the tasks of all schedules whose time has come and returns how many, and how long
	// nothing more is due.
	Tick(ctx context.Context) (enqueued int, wait time.Duration, err error)
}

// Ledger keeps the answers of requests that may be sent again under the same key.
type Ledger interface {
	// Reserve begins an answer. fingerprint tells the request from others of the same key.
	Reserve(ctx context.Context, key, fingerprint string, lease time.Duration) (Reservation, error)
	// Renew keeps others from beginning the request again for another lease. It and the others take
	// the owner of the reservation, and answer with zeroq.ErrLeaseLost when another has it by now.
	Renew(ctx context.Context, key, owner string, lease time.Duration) error
	// Complete keeps the answer for a day.
	Complete(ctx context.Context, key, owner string, answer []byte) error
	// Release lets go of the key, as if it had not been used; but the same request gets the same base
	// again, as some of its tasks may be in.
	Release(ctx context.Context, key, owner string) error
	// Forget is Release for a request of which nothing is in.
	Forget(ctx context.Context, key, owner string) error
}

// Reservation is what is known of a key.
type Reservation struct {
	// Answer is that of the same request, which was complete already; nil if it was not.
	Answer []byte
	// Owner is who begins the request; empty if that is another.
	Owner string
	// Base begins the ids of the request's tasks, the same however often the request is begun; empty
	// without an owner.
	Base string
	// Other: the key was used with another fingerprint.
	Other bool
	// Busy: the request is being answered.
	Busy bool
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
