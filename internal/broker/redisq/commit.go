package redisq

import (
	"context"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Commit implements [broker.Member].
func (m *member) Commit(ctx context.Context, deliveries []*broker.Delivery) ([]*broker.Delivery, error) {
	if len(deliveries) == 0 {
		return nil, nil
	}
	if m.join.Mode == broker.AtMostOnce {
		var err error
		if deliveries, err = m.markStarted(ctx, deliveries); err != nil {
			return nil, err
		}
	}
	return deliveries, m.unlock(ctx, deliveries)
}

// markStarted marks tasks as started and returns those that may start.
func (m *member) markStarted(ctx context.Context, deliveries []*broker.Delivery) ([]*broker.Delivery, error) {
	args := make([]any, 0, 2*len(deliveries))
	for _, d := range deliveries {
		args = append(args, d.Receipt, d.Raw)
	}
	answer, err := m.broker.run(ctx, m.broker.calls, scriptCommit, []string{m.keys.inflight + deliveries[0].Lease}, args...)
	if err != nil {
		return nil, err
	}
	var may []*broker.Delivery
	for i, flag := range answer.list(0) {
		if flag == int64(1) {
			may = append(may, deliveries[i])
		}
	}
	return may, nil
}

// unlock frees the unique keys that the tasks hold until they start.
func (m *member) unlock(ctx context.Context, deliveries []*broker.Delivery) error {
	var keys []string
	var ids []any
	for _, d := range deliveries {
		if u := d.Task.Unique; u != nil && u.Mode == zeroq.UntilStarted {
			keys = append(keys, m.keys.unique+lockOf(u)[1:])
			ids = append(ids, d.Task.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := m.broker.run(ctx, m.broker.calls, scriptUnlock, append([]string{m.keys.inflight + deliveries[0].Lease}, keys...), ids...)
	return err
}
