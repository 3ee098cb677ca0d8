package worker_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/producer"
	"github.com/zeroq-dev/zeroq/worker"
)

// One operation is a task that does nothing, from the first enqueue to the last acknowledgement; the producer
// and the worker of 100 slots share the machine with Redis and the broker. Kafka is the in-process server of the tests unless
// ZEROQ_TEST_KAFKA names one.
func BenchmarkBroker(b *testing.B) {
	b.Run("redis", func(b *testing.B) { runTasks(b, nil) })
	b.Run("kafka", func(b *testing.B) {
		conf := kafkatest.New(b)
		runTasks(b, &zeroq.BrokerConf{Name: "main", Kafka: &conf})
	})
	b.Run("rabbitmq", func(b *testing.B) {
		conf := rabbittest.New(b)
		runTasks(b, &zeroq.BrokerConf{Name: "main", RabbitMQ: &conf})
	})
}

func runTasks(b *testing.B, named *zeroq.BrokerConf) {
	redis, client := redistest.New(b)
	conf := worker.Conf{Redis: redis, Pools: []worker.PoolConf{{Concurrency: 100, Queues: []worker.QueueConf{{Name: "default"}}}}}
	if named != nil {
		conf.Brokers, conf.Pools[0].Queues[0].Broker = []zeroq.BrokerConf{*named}, named.Name
	}
	ran := make(chan struct{}, 1024)
	mux := zeroq.NewMux()
	mux.HandleFunc("nothing", func(context.Context, *zeroq.Task) error {
		ran <- struct{}{}
		return nil
	})
	w, err := worker.New(conf, mux)
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Start()
	}()
	p, err := producer.New(producer.Conf{Redis: redis})
	if err != nil {
		b.Fatal(err)
	}
	put(b, p, 1) // makes what the broker needs
	<-ran
	info := func() string { return client.Info(b.Context(), "cpu").Val() }
	before := spent(b, info())
	b.ResetTimer()
	go put(b, p, b.N)
	for range b.N {
		<-ran
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	b.ReportMetric((spent(b, info())-before)*1e6/float64(b.N), "redis-µs/task")
	w.Stop()
	<-ended
	_ = p.Close()
}

// put enqueues n tasks of 192 bytes, 500 at a time.
func put(b *testing.B, p *producer.Producer, n int) {
	payload := make([]byte, 190)
	for i := range payload {
		payload[i] = 'x'
	}
	for n > 0 {
		tasks := make([]*zeroq.Task, min(n, 500))
		for i := range tasks {
			tasks[i] = zeroq.NewTask("nothing", string(payload))
		}
		if err := p.Enqueue(context.Background(), tasks...); err != nil {
			b.Error(err)
			return
		}
		n -= len(tasks)
	}
}

// spent is how many seconds of CPU a Redis has used, by what it tells of it.
func spent(b *testing.B, info string) (sum float64) {
	b.Helper()
	for _, name := range []string{"used_cpu_user:", "used_cpu_sys:"} {
		_, rest, _ := strings.Cut(info, name)
		seconds, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += seconds
	}
	return sum
}
