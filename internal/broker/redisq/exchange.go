package redisq

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

var _ broker.Exchanger = (*member)(nil)

// Exchange implements [broker.Exchanger]. What the settle script wants changed is settled in calls of its own.
func (m *member) Exchange(ctx context.Context, outcomes []broker.Outcome, n, ahead int) (deliveries []*broker.Delivery, fetching, settling error) {
	held, err := m.hold(ctx)
	if err != nil || len(m.unclaimed) > 0 { // what is fetched must be claimed before more is
		settling = m.Settle(ctx, outcomes)
		deliveries, fetching = m.Fetch(ctx, n, ahead)
		return deliveries, fetching, settling
	}
	var fetched *reply
	settling = m.settleBy(ctx, outcomes, func(ctx context.Context, settle call) (reply, error) {
		if fetched != nil {
			return m.broker.settleCall(ctx, settle)
		}
		var settled reply
		settled, fetched = m.broker.both(ctx, settle, m.fetchCall(held, n, ahead))
		return settled, settled.err
	})
	switch {
	case fetched == nil: // the outcomes' lease is over
		deliveries, fetching = m.Fetch(ctx, n, ahead)
	case fetched.err != nil:
		fetching = fetched.err
	default:
		deliveries, fetching = m.fetch(ctx, held, n, ahead, fetched)
	}
	return deliveries, fetching, settling
}

// both runs the settle and the fetch script in one round trip.
func (b *Broker) both(ctx context.Context, settle, fetch call) (settled reply, fetched *reply) {
	scripts := []*redis.Script{scriptSettle, scriptFetch}
	answers, err := b.runEach(ctx, []call{settle, fetch}, func(i int) *redis.Script { return scripts[i] })
	for i := range answers {
		if answers[i].status == "" && answers[i].err == nil {
			answers[i].err = err
		}
	}
	return answers[0], &answers[1]
}
