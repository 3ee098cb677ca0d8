package redisq

import (
	"context"
	"time"
)

// Samples of a queue's totals are taken so often, and kept for so long: rates are those of the last
// minute or so.
const (
	sampleEvery = 10 * time.Second
	sampleKeep  = 70 * time.Second
)

// Sample implements [broker.Keeper].
func (b *Broker) Sample(ctx context.Context, queue string) error {
	keys := keysOf(queue)
	_, err := b.run(ctx, b.calls, scriptSample, []string{keys.samples, keys.counters},
		sampleEvery.Milliseconds(), sampleKeep.Milliseconds())
	return err
}

// Recount implements [broker.Keeper].
func (b *Broker) Recount(ctx context.Context, queue string) error {
	keys := keysOf(queue)
	_, err := b.run(ctx, b.calls, scriptRecount, []string{keys.gate, keys.groups}, keys.prefix)
	return err
}
