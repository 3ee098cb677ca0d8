package redisq

import (
	"context"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq/internal/taskid"
)

const (
	// refillEvery is how long numbers should last at least; maxBuckets bounds how many that are.
	refillEvery = 50 * time.Millisecond
	maxBuckets  = 64
)

// sequences gives out ids. Sequence numbers are taken from Redis in whole buckets, so that one
// process fills a bucket and ids are known before the tasks are sent.
type sequences struct {
	mu    sync.Mutex
	spans map[string]*span // by queue
}

// span is a range of numbers not given out yet. It is used by whoever could put something into turn:
// a caller does not wait for another's round trip longer than its context lasts.
type span struct {
	turn        chan struct{}
	next, after uint64
	skip        uint64 // numbers to leave out before the next ones are taken

	filled  time.Time // when numbers were taken last
	buckets uint64    // how many buckets of them
}

func (s *sequences) span(queue string) *span {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spans == nil {
		s.spans = make(map[string]*span)
	}
	if s.spans[queue] == nil {
		s.spans[queue] = &span{turn: make(chan struct{}, 1)}
	}
	return s.spans[queue]
}

// skip drops the numbers at hand of a queue, and as many of the next ones: somebody else has used
// them, as Redis lost its last writes and gave them out again.
func (s *sequences) skip(queue string, n uint64) {
	span := s.span(queue)
	span.turn <- struct{}{}
	defer func() { <-span.turn }()
	span.next, span.skip = span.after, n
}

// newIDs returns n ids of a queue in order.
func (b *Broker) newIDs(ctx context.Context, queue string, n int) ([]string, error) {
	numbers, err := b.newNumbers(ctx, queue, n)
	ids := make([]string, len(numbers))
	for i, number := range numbers {
		ids[i] = taskid.New(queue, 0, number)
	}
	return ids, err
}

// newNumbers returns n sequence numbers of a queue in order.
func (b *Broker) newNumbers(ctx context.Context, queue string, n int) ([]uint64, error) {
	if n == 0 {
		return nil, nil
	}
	span := b.ids.span(queue)
	select {
	case span.turn <- struct{}{}:
		defer func() { <-span.turn }()
	case <-ctx.Done():
		return nil, explain(ctx.Err())
	}
	numbers := make([]uint64, 0, n)
	for len(numbers) < n {
		if span.next == span.after {
			if err := b.refill(ctx, queue, span, n-len(numbers)); err != nil {
				return nil, err
			}
		}
		numbers = append(numbers, span.next)
		span.next++
	}
	return numbers, nil
}

// refill takes the next numbers, for at least n ids. Who was here a moment ago gets twice as many as then.
func (b *Broker) refill(ctx context.Context, queue string, span *span, n int) error {
	span.buckets = min(2*span.buckets, maxBuckets)
	if now := time.Now(); now.Sub(span.filled) > refillEvery {
		span.buckets, span.filled = 1, now
	} else {
		span.filled = now
	}
	keys := keysOf(queue)
	size := max(uint64((n+bucketSize-1)/bucketSize), span.buckets) * bucketSize
	answer, err := b.run(ctx, b.calls, scriptAllocate, []string{keys.sequence, keys.groups}, span.skip+size)
	if err != nil {
		return err
	}
	span.after = uint64(answer.number(0))
	span.next, span.skip = span.after-size, 0
	return nil
}
