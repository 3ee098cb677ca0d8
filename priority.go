package zeroq

// Priority is which of a queue's waiting tasks go first. Tasks of one priority start in the order in
// which they came; those of a lower one get their turn now and then, however many of a higher one wait.
type Priority string

// The priorities, first the one that goes first.
const (
	High   Priority = "high"
	Normal Priority = "normal"
	Low    Priority = "low"
)

// Priorities lists all priorities, first the one that goes first.
var Priorities = []Priority{High, Normal, Low}
