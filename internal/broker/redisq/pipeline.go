package redisq

import (
	"cmp"
	"context"

	"github.com/redis/go-redis/v9"
)

// runAll runs a script several times in one round trip. Each answer has its own error; the first of
// them is returned as well. After an error some calls may have been made, so the script must be safe
// to run twice.
func (b *Broker) runAll(ctx context.Context, script *redis.Script, calls []call) ([]reply, error) {
	return b.runEach(ctx, calls, func(int) *redis.Script { return script })
}

// runEach does the same with a script for each call.
func (b *Broker) runEach(ctx context.Context, calls []call, script func(i int) *redis.Script) ([]reply, error) {
	answers, err := b.pipe(ctx, calls, script)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		loaded := make(map[string]bool)
		for i := range calls {
			if s := script(i); !loaded[s.Hash()] {
				if err := s.Load(ctx, b.calls).Err(); err != nil {
					return answers, explain(err)
				}
				loaded[s.Hash()] = true
			}
		}
		answers, err = b.pipe(ctx, calls, script)
	}
	return answers, explainNil(err)
}

func (b *Broker) pipe(ctx context.Context, calls []call, script func(i int) *redis.Script) ([]reply, error) {
	sent := make([]*redis.Cmd, len(calls))
	_, err := b.calls.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, c := range calls {
			sent[i] = p.EvalSha(ctx, script(i).Hash(), c.keys, c.args...)
		}
		return nil
	})
	answers := make([]reply, len(sent))
	for i, cmd := range sent {
		answer, failed := cmd.Slice()
		if failed == nil {
			answers[i], failed = b.read(answer)
		}
		if failed != nil {
			answers[i].err = explain(failed)
			err = cmp.Or(err, failed)
		}
	}
	return answers, err
}
