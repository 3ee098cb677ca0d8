package redisq

import (
	"context"
	"encoding/json"
)

// Report implements [broker.Member].
func (m *member) Report(ctx context.Context, lease string, progress map[string]json.RawMessage) error {
	if len(progress) == 0 {
		return nil
	}
	args := []any{m.keys.done}
	for receipt, value := range progress {
		args = append(args, receipt, []byte(value))
	}
	_, err := m.broker.run(ctx, m.broker.calls, scriptProgress, []string{m.keys.inflight + lease, m.keys.progress, m.keys.waiters}, args...)
	return err
}
