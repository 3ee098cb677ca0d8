package redisq

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// BenchmarkTick is one look at so many schedules, of which none is due, or all are.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{0, 1, 100, 10_000} {
		b.Run(fmt.Sprintf("idle/%d", n), func(b *testing.B) {
			q, _ := timetableOf(b, n)
			for b.Loop() {
				tickOnce(b, q, 0)
			}
		})
	}
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("due/%d", n), func(b *testing.B) {
			q, client := timetableOf(b, n)
			for b.Loop() {
				b.StopTimer()
				makeDue(b, client, n)
				b.StartTimer()
				tickOnce(b, q, n)
			}
		})
	}
}

func timetableOf(b *testing.B, n int) (*Broker, *redis.Client) {
	b.Helper()
	conf, client := redistest.New(b)
	q, err := Open(conf)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = q.Close() })
	for i := range n {
		if _, err := q.PutSchedule(b.Context(), hourly(strconv.Itoa(i))); err != nil {
			b.Fatal(err)
		}
	}
	return q, client
}

func makeDue(b *testing.B, client *redis.Client, n int) {
	b.Helper()
	now := client.Time(b.Context()).Val().UnixMilli()
	_, err := client.Pipelined(b.Context(), func(p redis.Pipeliner) error {
		for i := range n {
			p.ZAdd(b.Context(), keysOf("q").schedNext, redis.Z{Score: float64(now - 1), Member: strconv.Itoa(i)})
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func tickOnce(b *testing.B, q *Broker, want int) {
	b.Helper()
	if n, _, err := q.Tick(b.Context()); err != nil || n != want {
		b.Fatalf("%d tasks, want %d, %v", n, want, err)
	}
}
