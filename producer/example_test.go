package producer_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/producer"
)

// startRedis stands in for a Redis of one's own.
func startRedis() (conf zeroq.RedisConf, stop func()) {
	server, err := miniredis.Run()
	if err != nil {
		log.Fatal(err)
	}
	return zeroq.RedisConf{Addrs: []string{server.Addr()}}, server.Close
}

func ExampleProducer_Enqueue() {
	redis, stop := startRedis()
	defer stop()

	p, err := producer.New(producer.Conf{Redis: redis})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	type email struct{ To string }
	task := zeroq.NewTask("email", email{To: "ann@example.com"}, zeroq.Queue("mail"), zeroq.MaxAttempts(3))
	if err := p.Enqueue(context.Background(), task); err != nil {
		log.Fatal(err)
	}
	fmt.Println(task.Queue, task.ID != "", !task.EnqueuedAt.IsZero())

	// A chosen id makes it safe to try again after an error.
	order := zeroq.NewTask("invoice", 7, zeroq.ID("order-7"), zeroq.Delay(time.Hour))
	fmt.Println(p.Enqueue(context.Background(), order))
	fmt.Println(p.Enqueue(context.Background(), zeroq.NewTask("invoice", 7, zeroq.ID("order-7"))))
	// Output:
	// mail true true
	// <nil>
	// a task of this id exists
}

func ExampleProducer_Enqueue_several() {
	redis, stop := startRedis()
	defer stop()

	p, err := producer.New(producer.Conf{Redis: redis, Queues: []string{"default", "mail"}})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	err = p.Enqueue(context.Background(),
		zeroq.NewTask("email", "ann"),
		zeroq.NewTask("email", "bob", zeroq.Queue("mial")),
	)
	var batch *zeroq.BatchError
	if errors.As(err, &batch) {
		for i, err := range batch.Errors {
			fmt.Println(i, err)
		}
	}
	// Output:
	// 0 <nil>
	// 1 unknown queue: mial
}

func ExampleNew_middleware() {
	redis, stop := startRedis()
	defer stop()

	// Every task carries the tenant on whose behalf it runs.
	tenant := func(next zeroq.Enqueuer) zeroq.Enqueuer {
		return zeroq.EnqueueFunc(func(ctx context.Context, tasks ...*zeroq.Task) error {
			for _, task := range tasks {
				zeroq.Header("tenant", "acme")(task)
			}
			return next.Enqueue(ctx, tasks...)
		})
	}
	p, err := producer.New(producer.Conf{Redis: redis}, tenant)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	task := zeroq.NewTask("email", "ann")
	fmt.Println(p.Enqueue(context.Background(), task), task.Headers)
	// Output: <nil> map[tenant:acme]
}
