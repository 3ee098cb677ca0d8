package zeroq

import "time"

// Operation is something done to many tasks, step by step, that goes on when the process dies which
// does it.
type Operation struct {
	ID    string
	Queue string
	// Verb is what is done to each task.
	Verb Verb
	// Selection is which tasks it is done to.
	Selection Selection
	// Rate is how many tasks are done in a second at most. Zero: as fast as it goes.
	Rate float64

	// Status is how far it is.
	Status OperationStatus
	// Matched is how many tasks the selection had when the operation began. Done is how many it was
	// done to, and Failed to how many it could not be done, as they had gone or it did not fit them.
	Matched, Done, Failed int64
	// Error is why the last of the failed ones failed.
	Error string
	// FinishedAt is zero while it runs.
	CreatedAt, FinishedAt time.Time
}

// Verb is what an [Operation] does to a task.
type Verb string

// The verbs.
const (
	// VerbDelete forgets tasks.
	VerbDelete Verb = "delete"
	// VerbRetry runs dead letters again.
	VerbRetry Verb = "retry"
)

// Selection is some tasks of a queue: those of the ids, or all of the state, or of these, those of the
// fingerprint. What came after the operation began is left alone.
type Selection struct {
	// State is that of all tasks selected.
	State State
	// IDs are at most 1,000 ids. Empty: all.
	IDs []string
	// Fingerprint is that of the error of dead letters. Empty: all.
	Fingerprint string
}

// OperationStatus is how far an [Operation] is.
type OperationStatus string

// The statuses.
const (
	OperationRunning   OperationStatus = "running"
	OperationDone      OperationStatus = "done"
	OperationCancelled OperationStatus = "cancelled"
)
