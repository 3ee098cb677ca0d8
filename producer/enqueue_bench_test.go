package producer_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/producer"
)

// BenchmarkEnqueue reports what a task with 192 bytes of data costs the Redis and this process in µs of CPU,
// by how many callers there are and how many tasks each sends with a call.
func BenchmarkEnqueue(b *testing.B) {
	for _, load := range []struct{ callers, size int }{{1, 1}, {8, 1}, {64, 1}, {256, 1}, {1, 512}} {
		b.Run(fmt.Sprintf("callers=%d/tasks=%d", load.callers, load.size), func(b *testing.B) {
			server := redistest.StartServer(b, "--appendonly", "no")
			p, err := producer.New(producer.Conf{Redis: server.Conf()})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = p.Close() })
			enqueueAll(b, p, load.callers, load.size, load.callers*load.size) // connections and scripts
			store, own := storeCPU(b, server), ownCPU(b)
			b.ResetTimer()
			enqueueAll(b, p, load.callers, load.size, b.N)
			b.StopTimer()
			n := float64(b.N)
			b.ReportMetric(n/b.Elapsed().Seconds(), "tasks/s")
			b.ReportMetric((storeCPU(b, server)-store)/n, "redis-µs/task")
			b.ReportMetric((ownCPU(b)-own)/n, "cpu-µs/task")
		})
	}
}

func enqueueAll(b *testing.B, p *producer.Producer, callers, size, total int) {
	b.Helper()
	data := fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", 181))
	var group sync.WaitGroup
	for caller := range callers {
		mine := total / callers
		if caller < total%callers {
			mine++
		}
		group.Go(func() {
			for left := mine; left > 0; left -= size {
				tasks := make([]*zeroq.Task, min(size, left))
				for i := range tasks {
					tasks[i] = &zeroq.Task{Type: "noop", Data: data}
				}
				if err := p.Enqueue(context.Background(), tasks...); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// storeCPU is what the Redis has used, in µs.
func storeCPU(b *testing.B, server *redistest.Server) (used float64) {
	b.Helper()
	info, err := server.Client().Info(context.Background(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_sys" || name == "used_cpu_user" {
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			used += seconds * 1e6
		}
	}
	return used
}

// ownCPU is what this process has used, in µs.
func ownCPU(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return float64(time.Duration(usage.Utime.Nano()+usage.Stime.Nano())) / float64(time.Microsecond)
}
