package worker_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/producer"
	"github.com/zeroq-dev/zeroq/worker"
)

// One operation is a task that does nothing, of a backlog that is there when the worker starts.
func BenchmarkProcess(b *testing.B) {
	for _, slots := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("slots=%d", slots), func(b *testing.B) { runBacklog(b, slots) })
	}
}

// runBacklog has a worker run b.N tasks that are there, and tells what each costs Redis and the worker.
func runBacklog(b *testing.B, slots int) {
	server := redistest.StartServer(b, "--appendonly", "no")
	p, err := producer.New(producer.Conf{Redis: server.Conf()})
	if err != nil {
		b.Fatal(err)
	}
	put(b, p, b.N)
	ran := make(chan struct{})
	var left atomic.Int64
	left.Store(int64(b.N))
	mux := zeroq.NewMux()
	mux.HandleFunc("nothing", func(context.Context, *zeroq.Task) error {
		if left.Add(-1) == 0 {
			close(ran)
		}
		return nil
	})
	w, err := worker.New(worker.Conf{Redis: server.Conf(), Pools: []worker.PoolConf{{Concurrency: slots, Queues: []worker.QueueConf{{Name: "default"}}}}}, mux)
	if err != nil {
		b.Fatal(err)
	}
	client := server.Client()
	info := func() string { return client.Info(b.Context(), "cpu").Val() }
	before, used := spent(b, info()), ownCPU(b)
	b.ResetTimer()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Start()
	}()
	<-ran
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	b.ReportMetric((spent(b, info())-before)*1e6/float64(b.N), "redis-µs/task")
	b.ReportMetric((ownCPU(b)-used)*1e6/float64(b.N), "worker-µs/task")
	w.Stop()
	<-ended
	_ = p.Close()
}

// ownCPU is how many seconds of CPU this process has used.
func ownCPU(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}
