package zeroq

import (
	"context"
	"slices"
)

// Middleware wraps a [Handler] with something that every task of a mux needs.
type Middleware func(Handler) Handler

// Enqueuer puts tasks on their queues. Package producer has the real one.
type Enqueuer interface {
	// Enqueue puts the tasks on their queues. A [BatchError] says which of several were refused.
	Enqueue(ctx context.Context, tasks ...*Task) error
}

// EnqueueFunc is a function that is an [Enqueuer].
type EnqueueFunc func(ctx context.Context, tasks ...*Task) error

// Enqueue calls f.
func (f EnqueueFunc) Enqueue(ctx context.Context, tasks ...*Task) error { return f(ctx, tasks...) }

// EnqueueMiddleware wraps an [Enqueuer] with something that every enqueue of a producer needs.
type EnqueueMiddleware func(Enqueuer) Enqueuer

// chain wraps inner so that the first of the wrappers is the outermost.
func chain[T any, W ~func(T) T](inner T, wrappers []W) T {
	for _, wrap := range slices.Backward(wrappers) {
		inner = wrap(inner)
	}
	return inner
}

// WrapEnqueuer wraps an [Enqueuer] so that the first middleware is the outermost.
func WrapEnqueuer(inner Enqueuer, middleware ...EnqueueMiddleware) Enqueuer {
	return chain(inner, middleware)
}
