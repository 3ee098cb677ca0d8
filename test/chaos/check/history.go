// Package check judges a chaos run: from what the processes noted and what Redis holds in the end it
// tells what was lost, what ran more than once and why, what came late and what was left behind. It
// is a pure function, so it is tested with runs that never were.
package check

import (
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// History is a run that is over: all processes have ended, all queues were drained.
type History struct {
	// Records are all ledgers, by their moments.
	Records []ledger.Record
	// Final is what Redis held in the end.
	Final Final
	// Rules are what else this run promises.
	Rules Rules
}

// Final is the state of the queues after a run. Nil maps and zero are fine for a system that does
// not tell; then what would be compared with it is not.
type Final struct {
	// Counted: Succeeded is told.
	Counted bool
	// Succeeded is how many tasks the system counted as done, since it began. One that was counted
	// twice makes it too large.
	Succeeded int
	// Dead are the dead letters that a handler's task became, by number.
	Dead map[uint64]bool
	// Unreadable are the dead letters that no handler could get, by number.
	Unreadable map[uint64]bool
	// Cancelled are the tasks that were called off and did not start again.
	Cancelled map[uint64]bool
	// Stored are tasks that wait or run still, with their state: none should.
	Stored map[uint64]string
	// Keys are the names in Redis that should not be there any more.
	Keys []string
	// Before and After are the bytes that Redis used before the first task, and after the last one
	// was forgotten. 0: not looked at.
	Before, After int64
}

// Rules are what a run promises beyond losing nothing.
type Rules struct {
	// Settle is how long after its handler has returned a task's outcome may still be on its way: a
	// fault after that explains no second run. Default: 1 s.
	Settle time.Duration
	// Harmless: what is broken costs nothing. No fault explains a second run, or a task that is dead.
	Harmless bool
	// Shared: several producers send the same tasks, each under what makes them known as the same.
	Shared bool
	// Spends: the death of a worker uses up an attempt, so that numbers of attempts may be left out; and a
	// reply that is lost may cost a second run, as may a connection that is reset. So it is with asynq.
	Spends bool
	// Ordered: tasks start in the order of their numbers, whoever runs them.
	Ordered bool
	// Grouped: keys (not 0) are groups. The tasks of one run one at a time, whoever runs them, and begin in the
	// order of their numbers.
	Grouped bool
	// Unique: of the tasks with one key (not 0) one is in at a time, from its acceptance until it has
	// ended.
	Unique bool
	// Ticks are the times of a schedule at which a task had to run, exactly once each; runs note theirs
	// as Key. Nil: the run has no schedules.
	Ticks []uint64
	// Memory is how many bytes After may be above Before. 0: not looked at.
	Memory int64
	// Once: no task starts twice, and one whose worker died with it is a dead letter.
	Once bool
	// Pause is the least time between an attempt that failed and the next one.
	Pause time.Duration
	// Answered: each task is accepted or refused.
	Answered bool
	// Spared: no task that should succeed dies with its workers.
	Spared bool
}

// Violation is one promise that was not kept.
type Violation struct {
	// Rule is its name: see the constants.
	Rule string
	// Task is the task's number, if it is about one.
	Task uint64
	// Text says what happened, for people.
	Text string
}

// Rules that a run can break.
const (
	Lost         = "lost"          // accepted, and neither run to its end nor stored
	Stuck        = "stuck"         // stored still, after the drain
	Unexplained  = "unexplained"   // ran more often than its outcomes ask for, without a fault that explains it
	TooOften     = "too often"     // one fault cannot explain so many runs of a task
	Acked        = "acked twice"   // the system counted another number of successes than there were tasks
	WrongEnd     = "wrong end"     // dead, though it should succeed, or the other way round
	Phantom      = "phantom"       // ran or ended, but nobody sent it
	AfterRefusal = "after refusal" // ran or was stored though it was refused
	AfterCancel  = "after cancel"  // started after it was answered that it would not
	Attempts     = "attempts"      // a run whose attempt is not the one that was due
	Disorder     = "disorder"      // started before a task that was sent earlier
	Together     = "together"      // ran while another task of its group did
	Overtaken    = "overtaken"     // began before a task of its group that was sent earlier
	TwoHolders   = "two holders"   // accepted while another held its unique key
	LockLeft     = "lock left"     // refused as a duplicate when no other task can have held its key
	MissedTick   = "missed tick"   // no run for a time of a schedule
	DoubleTick   = "double tick"   // more than one task for it
	StrayTick    = "stray tick"    // a run for a time that the schedule does not have
	KeyLeft      = "key left"      // a name in Redis that should be gone
	MemoryLeft   = "memory left"   // more bytes than before
	Unended      = "unended"       // a handler that neither returned nor was ended by a fault
	Early        = "early"         // started before it was due, or before the pause after a failure was over
	Twice        = "twice"         // started again though it may start only once
	Unanswered   = "unanswered"    // neither accepted nor refused
	Crashed      = "crashed"       // a process ended by itself, or not in order
	Damaged      = "damaged"       // records that contradict each other
)

// Report is the judgement.
type Report struct {
	// Sent, Accepted, Refused and Unknown count tasks. Unknown are those that never got an answer,
	// whether they were in or not.
	Sent, Accepted, Refused, Unknown int
	// Succeeded, Dead and Cancelled count tasks by how they ended.
	Succeeded, Dead, Cancelled int
	// Poisoned are tasks that should have succeeded and are dead, as three workers died while they had
	// them.
	Poisoned int
	// Runs counts starts of handlers.
	Runs int
	// Lost are tasks that were accepted and are gone; Forgiven those that a Redis that was killed may
	// have forgotten, by the reach of the fault, and did.
	Lost, Forgiven int
	// Duplicates are runs beyond those that the outcomes of a task ask for; Explained those that a
	// fault explains.
	Duplicates, Explained int
	// Stalls is how often the machine stood still, which nobody asked for.
	Stalls int
	// Excusable is how many of all runs a fault would have explained a repetition of: in the others a second
	// run would have been found.
	Excusable int
	// Faults counts faults by what was broken.
	Faults map[ledger.Code]int
	// Recovery is how long after the death (or the stop) of a process the tasks began again that it was
	// running, sorted; Resume how long after Redis served again the first task started, sorted.
	Recovery, Resume []time.Duration
	// Late is how long after it was due each task began first that was accepted, sorted; due is when it was
	// accepted, if it was not delayed.
	Late []time.Duration
	// Displaced is by how many places a task started too early at most, where order is promised to no
	// one.
	Displaced int
	// Grouped is how many tasks of groups ran; Beside how many runs began beside another of their group, as a fault
	// explains.
	Grouped, Beside int
	// Violations are all promises that were not kept.
	Violations []Violation
}

// OK tells whether all promises were kept.
func (r Report) OK() bool { return len(r.Violations) == 0 }

// Unexplained is how many runs no fault explains.
func (r Report) Unexplained() int { return r.Duplicates - r.Explained }
