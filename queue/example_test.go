package queue_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/queue"
)

// A queue over a store, its producer, and a group that takes its tasks three at a time.
func Example() {
	server, err := miniredis.Run() // stands in for a Redis of one's own
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	orders := queue.New("orders", queue.Redis(zeroq.RedisConf{Addrs: []string{server.Addr()}}))

	producer, err := orders.Producer()
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close()
	for n := range 3 {
		if err := producer.Produce(context.Background(), zeroq.NewTask("confirm", n)); err != nil {
			log.Fatal(err)
		}
	}

	done := make(chan struct{})
	group, err := queue.NewConsumerGroup("billing", []*queue.Queue{orders},
		func(_ context.Context, tasks []*zeroq.Task) []error {
			for _, task := range tasks {
				fmt.Println(task.Type, string(task.Data))
			}
			close(done)
			return nil // all succeeded
		},
		queue.WithConcurrency(10), queue.WithBatch(3, time.Second))
	if err != nil {
		log.Fatal(err)
	}
	go group.Start()
	<-done
	group.Stop()
	// Output:
	// confirm 0
	// confirm 1
	// confirm 2
}
