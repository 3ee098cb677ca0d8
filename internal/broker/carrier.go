package broker

import "context"

// Carrier takes ready tasks from the store to workers, in the place of the store's own lists: Kafka, RabbitMQ.
// It carries bytes and knows nothing of tasks. It is safe for concurrent use.
type Carrier interface {
	// Publish hands messages of a queue over, in their order. It answers with one error for each: nil once
	// the carrier has it for good (every replica in sync, or a publisher confirm), ErrRefused when it
	// never will, else zeroq.ErrUnavailable. After the last one it may or may not have it.
	Publish(ctx context.Context, queue string, messages []Message) []error
	// Subscribe begins to take messages of a queue. hold bounds how many are in the subscriber's hands at
	// a time. It does not wait for the carrier: a subscription survives its outages, and begins with them.
	Subscribe(ctx context.Context, queue string, hold int) (Subscription, error)
	// Tap begins to take what others put on a topic or queue of theirs, which must be there. group is the
	// consumer group, where the carrier has such. It goes on as Subscribe does.
	Tap(ctx context.Context, source, group string, hold int) (Subscription, error)
	// Depth returns bounds of how many messages of a queue wait for a worker. The carrier may not know
	// better, as what it has sent and what was acknowledged are not told apart by all of them.
	Depth(ctx context.Context, queue string) (least, most int64, err error)
	// Powers is what the carrier can do.
	Powers() Powers
	// Ping answers zeroq.ErrUnavailable when the carrier cannot be reached.
	Ping(ctx context.Context) error
	// Close ends the connections. Subscriptions must have been closed.
	Close() error
}

// Powers are what not every carrier can do.
type Powers struct {
	// Name is what users call the carrier: "kafka", "rabbitmq".
	Name string
	// Order: the messages of a group are taken one at a time and in their order.
	Order bool
}

// Message is what a carrier carries.
type Message struct {
	// ID tells the message from all others of its queue; one that is published or delivered again has the
	// same. Of a message that came without one it is made of its place, or empty where that cannot be.
	ID string
	// Group is whose messages keep their order among themselves, where the carrier keeps it. Empty: none.
	Group string
	// Headers are for those who look at the carrier's own tools: trace context and the user's own.
	Headers map[string]string
	// Body is the task's message, byte for byte.
	Body []byte
}

// Subscription is a worker's share of a queue's messages. Its methods are called by one goroutine at a
// time, but for Arrived, Ack, Holds and Err, which may be called by any.
type Subscription interface {
	// Receive returns up to n messages that have arrived, without waiting. Of a group it returns one at a
	// time: the next one when that is acknowledged.
	Receive(n int) []*Parcel
	// Arrived has a value when Receive may have more to return.
	Arrived() <-chan struct{}
	// Ack lets go of parcels: the carrier forgets them. One that the carrier has given to another by now is
	// passed over. Parcels may be let go of in any order. It does not wait for the carrier.
	Ack(parcels ...*Parcel)
	// Holds reports whether the carrier will not give the parcel to another while this subscription lives.
	Holds(parcel *Parcel) bool
	// Err is why nothing comes at present, a zeroq.ErrUnavailable; nil while all is well.
	Err() error
	// Close ends it; what was not acknowledged is given to others.
	Close() error
}

// Parcel is a message that arrived. It belongs to its receiver until it is acknowledged.
type Parcel struct {
	Message
	// Tag is the subscription's own.
	Tag any
}
