package redisq

import (
	"cmp"
	"context"

	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

var _ broker.Doorman = (*Broker)(nil)

// EnqueueBare implements [broker.Doorman].
func (b *Broker) EnqueueBare(ctx context.Context, queue string, bare []broker.Bare) []error {
	errs := make([]error, len(bare))
	calls, err := b.bareCalls(ctx, queue, bare)
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	answers, _ := b.runAll(ctx, scriptEnqueueOne, calls)
	for i, answer := range answers {
		errs[i] = cmp.Or(answer.err, refused(answer))
	}
	return errs
}

func (b *Broker) bareCalls(ctx context.Context, queue string, bare []broker.Bare) ([]call, error) {
	keys, err := b.meet(ctx, queue)
	if err == nil && b.clock.reading.Load() == nil {
		err = b.Ping(ctx)
	}
	if err != nil {
		return nil, err
	}
	nameless := 0
	for _, one := range bare {
		if one.Task.ID == "" {
			nameless++
		}
	}
	ids, err := b.newIDs(ctx, queue, nameless)
	if err != nil {
		return nil, err
	}
	calls := make([]call, len(bare))
	for i, one := range bare {
		if one.Task.ID == "" {
			one.Task.ID, ids = ids[0], ids[1:]
		}
		b.time(one.Task)
		message, err := wire.Admit(one.Raw, one.Task)
		if err != nil {
			return nil, err
		}
		from := "carrier"
		if one.Relayed {
			from = "relay"
		}
		calls[i] = b.putCall(keys, one.Task, message, from)
	}
	return calls, nil
}
