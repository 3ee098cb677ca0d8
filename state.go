package zeroq

import "slices"

// State is where a task is in its life.
type State string

// The states. Which may follow which is in [Transitions].
const (
	// Scheduled: waits for its time.
	Scheduled State = "scheduled"
	// Ready: waits on the list for a worker.
	Ready State = "ready"
	// Leased: handed to a worker, which runs it or is about to.
	Leased State = "leased"
	// Retry: failed, and waits for its next attempt.
	Retry State = "retry"
	// Succeeded: its handler answered nil.
	Succeeded State = "succeeded"
	// Dead: a dead letter; it failed for good and is kept with its bytes.
	Dead State = "dead"
	// Cancelled: somebody called it off.
	Cancelled State = "cancelled"
	// Expired: it was not started in time.
	Expired State = "expired"
)

// States lists all states in the order in which a task may pass through them.
var States = []State{Scheduled, Ready, Leased, Retry, Succeeded, Dead, Cancelled, Expired}

// Transition is one allowed step, and what makes it happen.
type Transition struct {
	From, To State
	Cause    string
}

// Transitions is the whole life of a task. A From of "" is the enqueueing.
var Transitions = []Transition{
	{"", Ready, "enqueue"},
	{"", Scheduled, "enqueue with a delay"},
	{Scheduled, Ready, "its time has come"},
	{Ready, Leased, "fetch"},
	{Leased, Succeeded, "handler answers nil"},
	{Leased, Retry, "handler fails or snoozes"},
	{Leased, Dead, "attempts used up, permanent error, deadline passed, unreadable"},
	{Leased, Expired, "not started in time"},
	{Leased, Ready, "handed back, or its worker died"},
	{Leased, Scheduled, "a bare message asks for a delay"},
	{Retry, Ready, "its time has come"},
	{Scheduled, Cancelled, "cancel"},
	{Ready, Cancelled, "cancel"},
	{Leased, Cancelled, "cancel, or a bare message is a duplicate"},
	{Retry, Cancelled, "cancel"},
	{Dead, Ready, "retry"},
	{Cancelled, Ready, "retry"},
	{Expired, Ready, "retry"},
}

// CanBecome reports whether a task may go from s to next in one step.
func (s State) CanBecome(next State) bool {
	return slices.ContainsFunc(Transitions, func(t Transition) bool {
		return t.From == s && t.To == next
	})
}

// Finished reports whether nothing more happens to the task by itself.
func (s State) Finished() bool {
	return s == Succeeded || s == Dead || s == Cancelled || s == Expired
}
