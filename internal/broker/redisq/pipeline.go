package redisq

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// runAll runs a script several times in one round trip. After an error some calls may have been
// made, so the script must be safe to run twice.
func (b *Broker) runAll(ctx context.Context, script *redis.Script, calls []call) ([]reply, error) {
	answers, err := b.pipe(ctx, script, calls)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		if err := script.Load(ctx, b.calls).Err(); err != nil {
			return nil, explain(err)
		}
		answers, err = b.pipe(ctx, script, calls)
	}
	if err != nil {
		return nil, explain(err)
	}
	return answers, nil
}

func (b *Broker) pipe(ctx context.Context, script *redis.Script, calls []call) ([]reply, error) {
	sent := make([]*redis.Cmd, len(calls))
	_, err := b.calls.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, c := range calls {
			sent[i] = p.EvalSha(ctx, script.Hash(), c.keys, c.args...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	answers := make([]reply, len(sent))
	for i, cmd := range sent {
		answer, err := cmd.Slice()
		if err != nil {
			return nil, err
		}
		if answers[i], err = b.read(answer); err != nil {
			return nil, err
		}
	}
	return answers, nil
}
