package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Whatever is pushed on the list of a worker: each message is a task or a dead letter with its bytes, and the
// worker takes the next one.
func FuzzMessage(f *testing.F) {
	now := time.Now()
	var batch [][]byte
	for i, raw := range corpus(now) {
		if batch = append(batch, raw); i%50 == 49 {
			f.Add(bytes.Join(batch, []byte{between}))
			batch = nil
		}
	}
	for _, raw := range []string{"x\x1e\x1e{}", `{"type":"good"}`, `{"type":"nobody"}`, `{"type":"a","id":"x"}` + "\x1e" + `{"type":"a","id":"x"}`, `{"id":"a~0~","enqueued_at":"x"`} {
		f.Add([]byte(raw))
	}
	c := newCrew(f)
	n := 0
	f.Fuzz(func(t *testing.T, messages []byte) {
		n++
		dead, ids := map[string]int{}, map[string]bool{}
		ref := reference{now: time.Now()}
		for raw := range bytes.SplitSeq(messages, []byte{between}) {
			s := ref.judge(raw)
			if len(raw) == 0 || admitted(string(raw)) || s.id != "" && ids[s.id] || bytes.Contains(raw, []byte("good")) {
				continue
			}
			if ids[s.id] = true; !s.ok {
				dead[string(raw)]++
			}
			if err := c.client.LPush(t.Context(), ready, raw).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.client.LPush(t.Context(), ready, fmt.Sprintf(`{"type":"good","data":%d}`, n)).Err(); err != nil {
			t.Fatal(err)
		}
		c.wantGood(t, 1)
		c.rest(t)
		if got := c.unread(t); !maps.Equal(got, dead) {
			wantCounts(t, "dead letter", got, dead)
		}
		c.forget(t)
	})
}

// between stands between two messages of a fuzzer's bytes: no JSON has it.
const between = 0x1e

// forget takes away what is left of messages, so that the next ones meet none of their ids.
func (c *crew) forget(t *testing.T) {
	t.Helper()
	const q = "zq:{default}:"
	err := errors.Join(
		c.client.Del(t.Context(), q+"dead", q+"parked", q+"errors", q+"cancelled", q+"expired", q+"scheduled", q+"scheduled:d", q+"retry", q+"retry:d").Err(),
		c.deleteAll(t.Context(), q+"id:*"), c.deleteAll(t.Context(), q+"unique:*"), c.deleteAll(t.Context(), q+"dead:*"),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// deleteAll deletes the keys of a pattern.
func (c *crew) deleteAll(ctx context.Context, pattern string) error {
	keys, err := c.client.Keys(ctx, pattern).Result()
	if err != nil || len(keys) == 0 {
		return err
	}
	_, err = c.client.Pipelined(ctx, func(p redis.Pipeliner) error { p.Del(ctx, keys...); return nil })
	return err
}
