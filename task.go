package zeroq

import (
	"encoding/json"
	"fmt"
	"time"
)

// What a task has when its producer says nothing else.
const (
	DefaultQueue       = "default"
	DefaultMaxAttempts = 10
	DefaultTimeout     = 30 * time.Minute
	DefaultRetention   = time.Hour
)

// Task is one unit of work: a type that names its handler, and data for it.
//
// A producer fills in what it wants to decide and leaves the rest zero, which means the default.
// Enqueueing sets ID, Queue and EnqueuedAt. A handler gets the task with every default filled in.
type Task struct {
	// ID names the task for life. Empty: the queue assigns one. A producer that chooses it gets
	// [ErrDuplicateID] when the queue already knows a task of that id.
	ID string
	// Type names the handler: 1 to 128 of A-Za-z0-9._:/-
	Type string
	// Data is any JSON value. It travels byte for byte; empty means null.
	Data json.RawMessage
	// Queue is where the task waits. Default: [DefaultQueue].
	Queue string

	// Delay postpones the first start by this long, at most a year. It excludes RunAt.
	Delay time.Duration
	// RunAt postpones the first start to this time, at most a year away. It excludes Delay.
	RunAt time.Time

	// Attempt is the number of the run at hand, from 1. Producers leave it alone.
	Attempt int
	// MaxAttempts is how often the task may start before it is a dead letter. Default:
	// [DefaultMaxAttempts].
	MaxAttempts int
	// Timeout bounds one attempt, 1 s to 24 h. Default: [DefaultTimeout].
	Timeout time.Duration
	// Deadline bounds all attempts together: past it the task is a dead letter. Zero: none.
	Deadline time.Time
	// ExpiresAt is the last moment of the first start: past it the task is expired and never
	// runs. Zero: none.
	ExpiresAt time.Time
	// Retention is how long the finished task and its result can be looked up. Default:
	// [DefaultRetention].
	Retention time.Duration

	// Priority is which waiting tasks of the queue go first. Default: [Normal].
	Priority Priority
	// Group is whose tasks run one at a time, in the order in which they were enqueued, where the queue's
	// broker keeps that order: 1 to 128 bytes. A task that runs again does so behind those that came
	// after it. Empty: none.
	Group string
	// Unique keeps a second task of its key away. nil: any number of them.
	Unique *Unique

	// Headers travel with the task: W3C trace context and the user's own.
	Headers map[string]string

	// EnqueuedAt is when the queue took the task in, by the clock of the broker.
	EnqueuedAt time.Time
	// Errors are the last failed attempts, oldest first, at most [MaxErrors].
	Errors []AttemptError

	// err is what went wrong in NewTask; Validate reports it.
	err error
}

// MaxErrors is how many failed attempts a task carries along.
const MaxErrors = 5

// AttemptError is one failed attempt.
type AttemptError struct {
	// Attempt is the number of the attempt, from 1.
	Attempt int
	// At is when the attempt ended.
	At time.Time
	// Worker is the id of the worker that ran it.
	Worker string
	// Duration is how long it ran.
	Duration time.Duration
	// Message is the error's text, at most [MaxErrorBytes].
	Message string
}

// MaxErrorBytes bounds the text of an error that is kept: longer ones are cut.
const MaxErrorBytes = 2048

// NewTask returns a task of the type with data marshalled to JSON. A json.RawMessage is JSON already and stays
// byte for byte; do not change it until the task is enqueued. Data that cannot be marshalled, or is no
// JSON, is reported when the task is enqueued.
func NewTask(typ string, data any, options ...Option) *Task {
	task := &Task{Type: typ}
	if raw, ready := data.(json.RawMessage); ready && len(raw) > 0 {
		task.Data = raw
	} else if raw, err := json.Marshal(data); err != nil {
		task.err = &FieldError{Field: "data", Reason: fmt.Sprintf("cannot be written as JSON: %v", err)}
	} else {
		task.Data = raw
	}
	for _, option := range options {
		option(task)
	}
	return task
}

// SetDefaults fills in the defaults of all fields that are zero, but for ID and the times.
func (t *Task) SetDefaults() {
	if t.Queue == "" {
		t.Queue = DefaultQueue
	}
	if t.Attempt == 0 {
		t.Attempt = 1
	}
	if t.MaxAttempts == 0 {
		t.MaxAttempts = DefaultMaxAttempts
	}
	if t.Timeout == 0 {
		t.Timeout = DefaultTimeout
	}
	if t.Retention == 0 {
		t.Retention = DefaultRetention
	}
	if t.Priority == "" {
		t.Priority = Normal
	}
	if t.Unique != nil && t.Unique.Mode == "" {
		unique := *t.Unique // it may be shared with the producer's own task
		unique.Mode = UntilFinished
		t.Unique = &unique
	}
	if len(t.Data) == 0 {
		t.Data = json.RawMessage("null")
	}
}
