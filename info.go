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
	// Paused: workers take nothing from the queue.
	Paused bool
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
