package redisq

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// BenchmarkScripts takes tasks with 192 bytes of data through their lives and reports, for each
// script, the time of Redis's CPU for one task: it is what bounds the throughput of one Redis.
func BenchmarkScripts(b *testing.B) {
	for _, size := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			server := redistest.StartServer(b, "--appendonly", "no")
			client := server.Client()
			l := newLife(b, server.Conf())
			var held []*broker.Delivery
			steps := []struct {
				name string
				do   func()
			}{
				{"enqueue", func() { l.enqueue(size) }},
				{"fetch", func() { held = l.fetch(size) }},
				{"settle", func() { l.settle(held) }},
				{"forget", l.sweep},
			}
			spent := make(map[string]float64)
			for b.Loop() {
				for _, step := range steps {
					before := scriptTime(b, client)
					step.do()
					spent[step.name] += scriptTime(b, client) - before
				}
			}
			for name, time := range spent {
				b.ReportMetric(time/float64(b.N*size), "redis-µs/"+name)
			}
		})
	}
}

// BenchmarkMemory reports what a ready and a finished task take in Redis.
func BenchmarkMemory(b *testing.B) {
	const n = 20_000
	for b.Loop() {
		server := redistest.StartServer(b, "--appendonly", "no")
		client := server.Client()
		r := newLife(b, server.Conf())
		before := memory(b, client)
		r.enqueue(n)
		ready := memory(b, client)
		for left := n; left > 0; left -= maxFetch {
			r.settle(r.fetch(min(left, maxFetch)))
		}
		b.ReportMetric(float64(ready-before)/n, "B/ready")
		b.ReportMetric(float64(memory(b, client)-before)/n, "B/finished")
	}
}

// life is a broker, and a member of its queue "q".
type life struct {
	b      *testing.B
	broker *Broker
	member broker.Member
	data   []byte
}

func newLife(b *testing.B, conf zeroq.RedisConf) *life {
	b.Helper()
	store, err := Open(conf)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	m, err := store.Join(context.Background(), broker.Join{Queue: "q", Worker: "bench", Mode: broker.AtLeastOnce, Lease: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	return &life{b: b, broker: store, member: m, data: fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", 181))}
}

func (l *life) enqueue(n int) {
	tasks := make([]*zeroq.Task, n)
	for i := range tasks {
		tasks[i] = &zeroq.Task{Type: "noop", Queue: "q", Data: l.data}
		tasks[i].SetDefaults()
	}
	for _, err := range l.broker.Enqueue(context.Background(), tasks) {
		if err != nil {
			l.b.Fatal(err)
		}
	}
}

func (l *life) fetch(n int) []*broker.Delivery {
	deliveries, err := l.member.Fetch(context.Background(), n, 0)
	if err != nil || len(deliveries) != n {
		l.b.Fatalf("fetched %d of %d: %v", len(deliveries), n, err)
	}
	return deliveries
}

func (l *life) settle(deliveries []*broker.Delivery) {
	outcomes := make([]broker.Outcome, len(deliveries))
	for i, d := range deliveries {
		now := l.member.Now()
		outcomes[i] = broker.Outcome{Delivery: d, State: zeroq.Succeeded, StartedAt: now, FinishedAt: now}
	}
	if err := l.member.Settle(context.Background(), outcomes); err != nil {
		l.b.Fatal(err)
	}
}

func (l *life) sweep() {
	if _, err := l.broker.Sweep(context.Background(), "q", broker.Keep{DeadFor: time.Hour}); err != nil {
		l.b.Fatal(err)
	}
}

// scriptTime is the time that Redis has spent in scripts, in µs.
func scriptTime(b *testing.B, client *redis.Client) float64 {
	b.Helper()
	return infoField(b, client, "commandstats", "cmdstat_evalsha:", "usec=")
}

func memory(b *testing.B, client *redis.Client) int64 {
	b.Helper()
	return int64(infoField(b, client, "memory", "used_memory:", ""))
}

func infoField(b *testing.B, client *redis.Client, section, line, field string) float64 {
	b.Helper()
	info, err := client.Info(context.Background(), section).Result()
	if err != nil {
		b.Fatal(err)
	}
	for l := range strings.Lines(info) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), line); ok {
			_, value, _ := strings.Cut(rest, field)
			value, _, _ = strings.Cut(value, ",")
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("INFO %s has no %s", section, line)
	return 0
}

// BenchmarkCancel reports the time of Redis's CPU for calling a task off, by the number of live workers:
// each one's hash is asked for the task.
func BenchmarkCancel(b *testing.B) {
	for _, workers := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			server := redistest.StartServer(b, "--appendonly", "no")
			client := server.Client()
			l := newLife(b, server.Conf())
			keys := keysOf("q")
			for w := range workers - 1 {
				group := fmt.Sprintf("worker-%d.abcdefghij", w)
				client.ZAdd(b.Context(), keys.groups, redis.Z{Member: group, Score: 1e15})
				client.HSet(b.Context(), keys.inflight+group, "#f", "1", "other", "{}")
			}
			spent := 0.0
			for b.Loop() {
				task := newTask()
				if err := l.broker.Enqueue(b.Context(), []*zeroq.Task{task})[0]; err != nil {
					b.Fatal(err)
				}
				before := scriptTime(b, client)
				if _, err := l.broker.Cancel(b.Context(), task.ID, "q"); err != nil {
					b.Fatal(err)
				}
				spent += scriptTime(b, client) - before
			}
			b.ReportMetric(spent/float64(b.N), "redis-µs/cancel")
		})
	}
}
