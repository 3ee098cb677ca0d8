package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/producer"
	"github.com/zeroq-dev/zeroq/worker"
)

// startRedis stands in for a Redis of one's own, and send for a producer in another process.
func startRedis() (conf zeroq.RedisConf, stop func()) {
	server, err := miniredis.Run()
	if err != nil {
		log.Fatal(err)
	}
	return zeroq.RedisConf{Addrs: []string{server.Addr()}}, server.Close
}

func send(redis zeroq.RedisConf, tasks ...*zeroq.Task) {
	p, err := producer.New(producer.Conf{Redis: redis})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	if err := p.Enqueue(context.Background(), tasks...); err != nil {
		log.Fatal(err)
	}
}

// A worker among the services of a go-zero program.
func Example() {
	redis, stop := startRedis()
	defer stop()

	type email struct{ To string }
	sent := make(chan struct{})
	mux := zeroq.NewMux()
	mux.Handle("email", zeroq.HandlerOf(func(_ context.Context, e email) error {
		fmt.Println("to", e.To)
		close(sent)
		return nil
	}))
	w, err := worker.New(worker.Conf{Redis: redis}, mux)
	if err != nil {
		log.Fatal(err)
	}
	group := service.NewServiceGroup()
	w.AddTo(group)
	go group.Start() // a program calls it last: it returns after SIGTERM, when the worker has drained

	send(redis, zeroq.NewTask("email", email{To: "ann@example.com"}))
	<-sent
	group.Stop()
	// Output: to ann@example.com
}

// Rows are inserted together, a hundred at a time or whatever came within 50 ms.
func ExampleNew_batch() {
	redis, stop := startRedis()
	defer stop()
	send(redis, zeroq.NewTask("row", 1), zeroq.NewTask("row", 2), zeroq.NewTask("row", 3))

	inserted := make(chan struct{})
	mux := zeroq.NewMux()
	mux.HandleBatch("row", zeroq.Batch{Size: 100, Wait: 50 * time.Millisecond}, zeroq.BatchHandlerFunc(
		func(_ context.Context, tasks []*zeroq.Task) []error {
			fmt.Println(len(tasks), "rows")
			close(inserted)
			return nil // all succeeded
		}))
	// Each gathered task holds a slot.
	pools := []worker.PoolConf{{Concurrency: 200}}
	w, err := worker.New(worker.Conf{Redis: redis, Pools: pools}, mux)
	if err != nil {
		log.Fatal(err)
	}
	go w.Start()
	<-inserted
	w.Stop()
	// Output: 3 rows
}

func ExampleObserve() {
	redis, stop := startRedis()
	defer stop()
	send(redis, zeroq.NewTask("email", nil), zeroq.NewTask("fax", nil))

	mux := zeroq.NewMux()
	mux.HandleFunc("email", func(context.Context, *zeroq.Task) error { return nil })
	mux.HandleFunc("fax", func(context.Context, *zeroq.Task) error { return zeroq.Permanent(errors.New("no such machine")) })

	events := make(chan worker.Event, 10)
	pools := []worker.PoolConf{{Concurrency: 1}} // so that the order is certain
	w, err := worker.New(worker.Conf{Redis: redis, Pools: pools}, mux, worker.Observe(func(e worker.Event) { events <- e }))
	if err != nil {
		log.Fatal(err)
	}
	go w.Start()
	for range 2 {
		e := <-events
		fmt.Println(e.Task.Type, e.State, e.Err)
	}
	w.Stop()
	// Output:
	// email succeeded <nil>
	// fax dead no such machine
}
