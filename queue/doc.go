// Package queue has tasks as tutorials build them: a queue with a name over a store, its producer, and a
// group of consumers that takes from several queues.
//
//	store := queue.Redis(zeroq.RedisConf{Addrs: []string{"127.0.0.1:6379"}})
//	orders := queue.New("orders", store)
//
//	producer, err := orders.Producer()
//	…
//	err = producer.Produce(ctx, zeroq.NewTask("order.confirm", order))
//
//	group, err := queue.NewConsumerGroup("billing", []*queue.Queue{orders},
//		func(ctx context.Context, tasks []*zeroq.Task) []error { … },
//		queue.WithConcurrency(10))
//	…
//	go group.Start()
//	defer group.Stop()
//
// It is a thin layer over the packages producer and worker, which can do more: handlers by type, weights,
// limits, schedules. Tasks of the one are tasks of the other.
package queue
