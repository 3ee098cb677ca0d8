package verdict

import (
	"errors"
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// A type that no handler is registered for may belong to a version that is being deployed: its
// task waits, for half as long as it has waited so far, and is a dead letter a day after it was met
// first.
const (
	minUnknownDelay = 5 * time.Second
	maxUnknownDelay = 5 * time.Minute
	maxUnknownAge   = 24 * time.Hour
)

// errUnknownType is why a task has no handler.
var errUnknownType = errors.New("no handler for this type")

func (r Rules) unknown(o broker.Outcome) broker.Outcome {
	t, now := o.Delivery.Task, o.FinishedAt
	age := time.Duration(0)
	// The errors that the task carries say when it was met first: its other times change with
	// every retry, or count the time that it waited for any worker at all.
	met := slices.IndexFunc(t.Errors, func(e zeroq.AttemptError) bool {
		return e.Attempt == t.Attempt && e.Message == errUnknownType.Error()
	})
	if met >= 0 {
		age = now.Sub(t.Errors[met].At)
	} else {
		o.Failure = r.failure(o, errUnknownType, 0)
	}
	if age > maxUnknownAge {
		return r.dead(o, errUnknownType, 0)
	}
	o.State, o.NextAttempt = zeroq.Retry, t.Attempt
	o.RunAt = now.Add(min(max(age/2, minUnknownDelay), maxUnknownDelay))
	return o
}
