package redisq

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/fingerprint"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// BenchmarkOperations reports how long it takes to do something to many tasks with 192 bytes of data,
// and the longest that one script held up Redis meanwhile.
func BenchmarkOperations(b *testing.B) {
	for _, bench := range []struct {
		name    string
		prepare func(*life)
		do      func(*life)
	}{
		{"purge of 1,000,000 ready", func(l *life) { l.enqueue(1_000_000) }, func(l *life) {
			l.operate(zeroq.VerbDelete, zeroq.Ready)
		}},
		{"retry of 100,000 dead", func(l *life) { l.die(100_000) }, func(l *life) {
			l.operate(zeroq.VerbRetry, zeroq.Dead)
		}},
		{"delete of 100,000 dead", func(l *life) { l.die(100_000) }, func(l *life) {
			l.operate(zeroq.VerbDelete, zeroq.Dead)
		}},
		{"page of 200 of 100,000 dead", func(l *life) { l.die(100_000) }, func(l *life) { l.page() }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				server := redistest.StartServer(b, "--appendonly", "no", "--slowlog-log-slower-than", "100", "--slowlog-max-len", "100000")
				client, l := server.Client(), newLife(b, server.Conf())
				bench.prepare(l)
				if err := client.SlowLogReset(context.Background()).Err(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				bench.do(l)
				b.StopTimer()
				report(b, client)
				b.StartTimer()
			}
		})
	}
}

// report reports how long commands took that took 100 µs or more. On a busy machine the longest says more
// of the machine than of Redis.
func report(b *testing.B, client *redis.Client) {
	b.Helper()
	slow, err := client.SlowLogGet(context.Background(), -1).Result()
	if err != nil || len(slow) == 0 {
		b.Fatalf("%d slow commands, %v", len(slow), err)
	}
	slices.SortFunc(slow, func(a, b redis.SlowLog) int { return cmp.Compare(a.Duration, b.Duration) })
	for name, share := range map[string]float64{"median-µs": 0.5, "p99-µs": 0.99, "longest-µs": 1} {
		at := int(share * float64(len(slow)-1))
		b.ReportMetric(float64(slow[at].Duration.Microseconds()), name)
	}
}

// die makes n dead letters of some hundred fingerprints.
func (l *life) die(n int) {
	k, ctx := keysOf("q"), context.Background()
	for range n / 500 {
		l.enqueue(500)
		outcomes := make([]broker.Outcome, 500)
		for i, d := range l.fetch(500) {
			outcomes[i] = outcome(l.member, d, zeroq.Dead)
		}
		if err := l.member.Settle(ctx, outcomes); err != nil {
			l.b.Fatal(err)
		}
		_, err := l.broker.calls.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, o := range outcomes {
				group := fingerprint.Of(fmt.Sprintf("boom %c%c", 'g'+i%10, 'g'+i/10%10))
				r := newRecord(markDead, o.Delivery.Task)
				r.Attempt, r.FinishedAt, r.Fingerprint = 1, o.FinishedAt.UnixMilli(), group
				at := k.place(o.Delivery.Task.ID)
				p.HSet(ctx, at.key, at.slot, r.encode())
				p.ZAdd(ctx, k.deadOf+group, zOf(float64(r.FinishedAt), o.Delivery.Task.ID))
				p.HSet(ctx, k.errors, group, "boom")
			}
			return nil
		})
		if err != nil {
			l.b.Fatal(err)
		}
	}
}

func (l *life) operate(verb zeroq.Verb, state zeroq.State) {
	ctx := context.Background()
	op, err := l.broker.Begin(ctx, zeroq.Operation{Queue: "q", Verb: verb, Selection: zeroq.Selection{State: state}})
	if err != nil {
		l.b.Fatal(err)
	}
	if _, err := l.broker.Work(ctx); err != nil {
		l.b.Fatal(err)
	}
	if op, err = l.broker.Operation(ctx, op.ID); err != nil || op.Done != op.Matched {
		l.b.Fatalf("the operation is %+v, %v", op, err)
	}
}

func (l *life) page() {
	page, err := l.broker.Tasks(context.Background(), zeroq.TaskQuery{Queue: "q", State: zeroq.Dead, Limit: 200})
	if err != nil || len(page.Tasks) != 200 {
		l.b.Fatalf("a page of %d, %v", len(page.Tasks), err)
	}
}
