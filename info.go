package zeroq

import (
	"encoding/json"
	"time"
)

// TaskInfo is what is known of a task that was looked up by its id.
type TaskInfo struct {
	ID, Type, Queue string
	State           State
	// Attempt is the number of the attempt that runs or ran last; 0 before the first start.
	Attempt, MaxAttempts int
	// Data is nil where the broker does not keep it at hand: while the task is ready, and once it
	// has succeeded.
	Data json.RawMessage
	// Result is what the handler set; nil if it set none.
	Result json.RawMessage
	// Progress is what the handler reported last, of its last attempt; nil if it reported none.
	Progress json.RawMessage
	// CancelRequested: the task was called off while it runs, and its handler has not returned yet.
	CancelRequested bool
	// Priority is that of the task where its message is at hand, else empty.
	Priority Priority
	// Group is that of the task where its message is at hand, else empty.
	Group string
	// Fingerprint tells dead letters of equal errors; empty for other tasks.
	Fingerprint string
	// Error is the text of the last failed attempt; empty once the task has succeeded.
	Error string
	// Errors are the last failed attempts, oldest first.
	Errors []AttemptError
	// Times that have not come are zero. StartedAt of a task that runs is known once its worker's
	// next heartbeat has told of it.
	EnqueuedAt, StartedAt, FinishedAt, NextRunAt time.Time
	// Worker is the id of the worker that runs or ran it.
	Worker string
}

// QueueInfo is a queue at one moment.
type QueueInfo struct {
	Queue string
	// Counts is how many tasks are in each state now; every state has an entry.
	Counts map[State]int64
	// OldestAge is how long the first ready task could have started by now; 0 when none is ready.
	OldestAge time.Duration
	// Totals is how many tasks did something since the queue began, by [Counter].
	Totals map[Counter]int64
	// Rates is how many tasks did something in a second, over the last minute or so.
	Rates map[Counter]float64
	// Limits are what the queue may do at most.
	Limits Limits
	// Paused: workers take nothing from the queue.
	Paused bool
	// Draining: nothing may be put on the queue until it is empty.
	Draining bool
}

// Counter names something that tasks do, for [QueueInfo.Totals].
type Counter string

// The counters.
const (
	CountEnqueued   Counter = "enqueued"
	CountSucceeded  Counter = "succeeded"
	CountFailed     Counter = "failed" // attempts
	CountRetried    Counter = "retried"
	CountDead       Counter = "dead"
	CountExpired    Counter = "expired"
	CountCancelled  Counter = "cancelled"
	CountHandedBack Counter = "handed_back" // not run to the end, or their worker died
	CountRevived    Counter = "revived"     // run again by hand, once they had finished
	CountDeleted    Counter = "deleted"     // by hand
	CountEvicted    Counter = "evicted"     // dead letters that were too old or too many
)

// Counters lists all counters.
var Counters = []Counter{
	CountEnqueued, CountSucceeded, CountFailed, CountRetried, CountDead, CountExpired, CountCancelled,
	CountHandedBack, CountRevived, CountDeleted, CountEvicted,
}

// TaskQuery selects a page of a queue's tasks.
type TaskQuery struct {
	Queue string
	State State
	// Type and Fingerprint select further; empty selects all. Fingerprint goes with [Dead] only.
	Type, Fingerprint string
	// Cursor is that of the page before; empty for the first.
	Cursor string
	// Limit is the most tasks of the page.
	Limit int
}

// TaskPage is a page of tasks. What moves while pages are read may be missing, or stand on two.
type TaskPage struct {
	Tasks []*TaskInfo
	// Next is the cursor of the next page; empty when this is the last. A page can have fewer tasks than
	// were asked for, or none, and still have a next one.
	Next string
}

// DeadGroup is the dead letters of a queue that have equal errors.
type DeadGroup struct {
	// Fingerprint is what their errors have in common: see package fingerprint.
	Fingerprint string
	Count       int64
	// FirstSeen and LastSeen are when the oldest and the newest of them died.
	FirstSeen, LastSeen time.Time
	// Sample is the error of one of them.
	Sample string
}

// WorkerInfo is a worker at its last heartbeat.
type WorkerInfo struct {
	ID, Host string
	PID      int
	// Queues are the names of the queues it takes tasks from.
	Queues []string
	// Slots is how many tasks it can run at once.
	Slots int
	// Running are the tasks at hand.
	Running []RunningTask
	// StartedAt is when the worker started.
	StartedAt time.Time
	// LastHeartbeat is when it was last heard of.
	LastHeartbeat time.Time
}

// RunningTask is a task at hand in a worker.
type RunningTask struct {
	ID, Type, Queue string
	Attempt         int
	StartedAt       time.Time
	// Stuck: its context has ended and its handler has not returned.
	Stuck bool
}
