package broker

// UnreadableType is the type of a task that stands for a foreign message of which no task can be made. A
// worker that takes it makes it a dead letter, so it gets there by the way of all tasks: its id keeps a second
// one away, and its data has the message.
const UnreadableType = "zeroq.unreadable"

// ReasonHeader is the header of such a task that says why, in the words that its dead letter has.
const ReasonHeader = "zeroq-reason"
