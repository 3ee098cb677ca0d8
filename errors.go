package zeroq

import (
	"errors"
	"fmt"
	"time"
)

// Why a task was not enqueued.
var (
	// ErrInvalidTask is the cause of every [FieldError].
	ErrInvalidTask = errors.New("invalid task")
	// ErrDuplicateID is returned when the queue already knows a task of the chosen id.
	ErrDuplicateID = errors.New("a task of this id exists")
	// ErrUnknownQueue is returned when queues are closed and the task names one that is not listed.
	ErrUnknownQueue = errors.New("unknown queue")
	// ErrDuplicate is the cause of every [DuplicateError].
	ErrDuplicate = errors.New("a task of this unique key exists")
	// ErrQueueFull is returned when as many tasks wait as the queue may have.
	ErrQueueFull = errors.New("queue is full")
	// ErrDraining is returned while the queue is drained: see [QueueInfo.Draining].
	ErrDraining = errors.New("queue is draining")
)

// Why something could not be done to a task by hand.
var (
	// ErrWrongState is the cause of every [StateError].
	ErrWrongState = errors.New("the task is in the wrong state")
	// ErrUnreadable is returned when a dead letter is to run again whose message nobody can read.
	ErrUnreadable = errors.New("the task's message cannot be read")
)

// Why something was not found.
var (
	// ErrNotFound is returned when no task of the id is known: it never was, or its retention is over.
	ErrNotFound = errors.New("not found")
	// ErrAmbiguousID is returned when more than one queue knows a task of the id.
	ErrAmbiguousID = errors.New("more than one queue has a task of this id")
)

// Why the store did not answer. Nothing is half done: a task is in whole, or not at all.
var (
	// ErrUnavailable is returned when the broker cannot be reached or does not answer in time. What
	// was asked may have been done: an enqueue is safe to repeat with a chosen id only.
	ErrUnavailable = errors.New("broker is not available")
	// ErrStoreFull is returned when the broker has no memory left for more tasks. Nothing was done.
	ErrStoreFull = errors.New("broker is full")
)

// Why a running handler's context was cancelled, as context.Cause tells.
var (
	// ErrTimeout is the cause when the attempt ran longer than the task's timeout.
	ErrTimeout = errors.New("attempt timed out")
	// ErrDeadline is the cause when the task's deadline passed while it ran.
	ErrDeadline = errors.New("task deadline passed")
	// ErrLeaseLost is the cause when the worker lost its lease: another worker may have the task
	// by now, and what this handler answers is refused.
	ErrLeaseLost = errors.New("lease lost")
	// ErrShutdown is the cause when the worker stops and the time to drain is over. The task is
	// handed back and runs again without having used an attempt.
	ErrShutdown = errors.New("worker is shutting down")
	// ErrCancelled is the cause when somebody cancelled the task. Whatever error its handler answers
	// with, it does not run again; one that answers nil has succeeded.
	ErrCancelled = errors.New("task was cancelled")
)

// Why a configuration was refused.
var (
	// ErrUnsupported is returned when the configuration asks for what the broker cannot do.
	ErrUnsupported = errors.New("not supported by this broker")
	// ErrUnsafeStore is returned when the broker is set up in a way that loses tasks.
	ErrUnsafeStore = errors.New("broker would lose tasks")
	// ErrFormat is returned when the broker holds data of a newer format than this program knows.
	ErrFormat = errors.New("broker holds a newer data format")
)

// FieldError says which field of a task is wrong, and why. Its cause is [ErrInvalidTask].
type FieldError struct {
	// Field is the name of the field as in the message format, such as "max_attempts".
	Field string
	// Reason is the sentence's end: "must be positive".
	Reason string
}

func (e *FieldError) Error() string { return e.Field + " " + e.Reason }

// Unwrap returns [ErrInvalidTask].
func (e *FieldError) Unwrap() error { return ErrInvalidTask }

// DuplicateError is returned when another task holds the task's unique key. Its cause is
// [ErrDuplicate].
type DuplicateError struct {
	// TaskID is the other task's id.
	TaskID string
}

func (e *DuplicateError) Error() string { return fmt.Sprintf("%v: %s", ErrDuplicate, e.TaskID) }

// Unwrap returns [ErrDuplicate].
func (e *DuplicateError) Unwrap() error { return ErrDuplicate }

// StateError is returned when what was asked does not fit the state that a task is in. Its cause is
// [ErrWrongState].
type StateError struct {
	// State is the one that it is in.
	State State
}

func (e *StateError) Error() string { return fmt.Sprintf("the task is %s", e.State) }

// Unwrap returns [ErrWrongState].
func (e *StateError) Unwrap() error { return ErrWrongState }

// BatchError is returned by an enqueue of several tasks when some were refused. The others are in.
type BatchError struct {
	// Errors has one entry for each task, in order; nil for those that were accepted.
	Errors []error
}

func (e *BatchError) Error() string {
	refused, first := 0, error(nil)
	for _, err := range e.Errors {
		if err != nil {
			refused++
			if first == nil {
				first = err
			}
		}
	}
	return fmt.Sprintf("%d of %d tasks refused, the first: %v", refused, len(e.Errors), first)
}

// Unwrap returns the errors of the refused tasks.
func (e *BatchError) Unwrap() []error {
	var errs []error
	for _, err := range e.Errors {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Permanent wraps a handler's error that no further attempt can mend: the task becomes a dead
// letter now. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// IsPermanent reports whether err or one that it wraps came from [Permanent].
func IsPermanent(err error) bool {
	var permanent *permanentError
	return errors.As(err, &permanent)
}

// RetryAfter wraps a handler's error and says when the next attempt may start, in place of the
// retry policy. RetryAfter(d, nil) is nil.
func RetryAfter(delay time.Duration, err error) error {
	if err == nil {
		return nil
	}
	return &retryAfterError{delay: max(delay, 0), err: err}
}

type retryAfterError struct {
	delay time.Duration
	err   error
}

func (e *retryAfterError) Error() string { return e.err.Error() }
func (e *retryAfterError) Unwrap() error { return e.err }

// RetryDelay returns the delay that [RetryAfter] put on err, if it did.
func RetryDelay(err error) (time.Duration, bool) {
	var after *retryAfterError
	if errors.As(err, &after) {
		return after.delay, true
	}
	return 0, false
}

// Snooze is what a handler answers to be asked again in a while: no attempt is used, and nothing has
// failed. The task's deadline still holds.
func Snooze(delay time.Duration) error { return &snoozeError{delay: max(delay, 0)} }

type snoozeError struct{ delay time.Duration }

func (e *snoozeError) Error() string { return fmt.Sprintf("snoozed for %v", e.delay) }

// SnoozeDelay returns the delay of a [Snooze], if err is or wraps one.
func SnoozeDelay(err error) (time.Duration, bool) {
	var snooze *snoozeError
	if errors.As(err, &snooze) {
		return snooze.delay, true
	}
	return 0, false
}

// PanicError is what a handler's panic is turned into.
type PanicError struct {
	// Value is what was panicked with.
	Value any
	// Stack is the goroutine's stack at the panic.
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.Value, e.Stack) }
