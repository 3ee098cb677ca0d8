package broker

import (
	"context"
	"errors"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// ErrRefused: a carrier never takes the message, as it is too large for instance.
var ErrRefused = errors.New("the broker refuses the message")

// ErrHeld: another process moves the tasks of the queue.
var ErrHeld = errors.New("another relay has the queue")

// Outbox is what is ready in the store and is to go to a carrier: the transactional outbox of a queue.
// One process moves it at a time. Its methods are called by one goroutine, but for Wake.
type Outbox interface {
	// Take returns the messages that are next, at most so many, in their order. They stay in the store until
	// Done is called: whoever takes next, in whatever process, is given the same batch again. An empty
	// batch: nothing is ready, Wait may be called. A HeldError: another process has the outbox.
	Take(ctx context.Context, most int) (Batch, error)
	// Done forgets the messages of the batch, which a carrier has now. ErrHeld: another process took the
	// outbox over, and will publish them again.
	Done(ctx context.Context, batch Batch) error
	// Bury makes dead letters of messages of the batch that the carrier refused, before it is done.
	Bury(ctx context.Context, batch Batch, refused map[int]error) error
	// Wait returns true when a message may be ready, else as [Member].Wait does.
	Wait(ctx context.Context) (bool, error)
	// Measured corrects the number of messages that wait at the carrier by what the carrier says.
	Measured(ctx context.Context, least, most int64) error
	// Close lets others have the outbox at once.
	Close(ctx context.Context) error
}

// HeldError is returned by [Outbox].Take while another process has the outbox. It is an ErrHeld.
type HeldError struct {
	// Wait is how long until that process must have shown itself.
	Wait time.Duration
}

func (e *HeldError) Error() string { return ErrHeld.Error() }

// Unwrap returns ErrHeld.
func (e *HeldError) Unwrap() error { return ErrHeld }

// Batch is some messages of an outbox.
type Batch struct {
	// Number is the same whenever the same batch is taken, and no other's.
	Number   uint64
	Messages [][]byte
}

// Admitter is a [Member] of a queue whose tasks come by a carrier. It takes them from its worker's hands
// instead of fetching them.
type Admitter interface {
	Member
	// Admit asks for messages that came by the carrier whether they may run here, and begins the worker's
	// lease of those that may. It answers with a verdict for each, and with a delivery for each that is
	// Granted, in their order. A ClosedError: nothing may start for the time being. It is called by the one that calls Fetch.
	Admit(ctx context.Context, messages [][]byte) ([]Verdict, []*Delivery, error)
}

// Doorman takes in bare messages that came by a carrier: they come again as admitted ones.
type Doorman interface {
	// EnqueueBare puts them on the queue, and answers as [Broker].Enqueue does; but as they are there already, in a
	// way, there is room for them however full it is. What means nothing to the engine survives. A message that was put
	// there already under the same id is a zeroq.ErrDuplicateID.
	EnqueueBare(ctx context.Context, queue string, bare []Bare) []error
}

// Bare is a message that was never enqueued.
type Bare struct {
	// Task is what the message says, valid and with its defaults. It should have an ID.
	Task *zeroq.Task
	Raw  []byte
	// Relayed: it came from the outbox, so it is counted among those that wait at the carrier.
	Relayed bool
}

// Verdict is what is to be done with a message that came by a carrier.
type Verdict byte

// The verdicts. What is known of a task in the store decides, whatever a carrier delivers again.
const (
	// Granted: the worker has the task now.
	Granted Verdict = 'G'
	// Stale: the store knows better, as the task has finished, waits there for a later attempt, or was
	// called off. The message is to be let go of.
	Stale Verdict = 'S'
	// Busy: a worker has the task, which may be dead or this one. Its lease, not the carrier, says when it
	// runs again.
	Busy Verdict = 'B'
	// Later: a limit, or another task that may have killed its worker, is in the way.
	Later Verdict = 'L'
)
