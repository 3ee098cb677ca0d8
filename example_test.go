package zeroq_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq"
)

func ExampleNewTask() {
	task := zeroq.NewTask("email:welcome", map[string]string{"to": "ada@example.com"},
		zeroq.Queue("mail"),
		zeroq.Delay(10*time.Minute),
		zeroq.MaxAttempts(3),
		zeroq.Timeout(20*time.Second),
		zeroq.Header("tenant", "acme"),
	)
	fmt.Println(task.Type, string(task.Data))
	fmt.Println(task.Queue, task.Delay, task.MaxAttempts, task.Timeout, task.Headers["tenant"])
	fmt.Println(task.Validate(time.Now()))
	// Output:
	// email:welcome {"to":"ada@example.com"}
	// mail 10m0s 3 20s acme
	// <nil>
}

func ExampleMux() {
	type welcome struct{ To string }

	mux := zeroq.NewMux()
	mux.Handle("email:welcome", zeroq.HandlerOf(func(ctx context.Context, data welcome) error {
		task, _ := zeroq.TaskFrom(ctx)
		fmt.Println(task.Type, "to", data.To)
		return zeroq.SetResult(ctx, "sent")
	}))
	mux.HandleFunc("email:*", func(_ context.Context, task *zeroq.Task) error {
		return zeroq.Permanent(errors.New("no template for " + task.Type))
	})

	// A worker does this with each task that it takes.
	for _, task := range []*zeroq.Task{
		zeroq.NewTask("email:welcome", welcome{To: "ada"}),
		zeroq.NewTask("email:goodbye", welcome{To: "ada"}),
	} {
		route, _ := mux.Route(task.Type)
		result, err := zeroq.Run(context.Background(), route.Handler, task)
		fmt.Printf("%s, %v, permanent: %v\n", result, err, zeroq.IsPermanent(err))
	}
	// Output:
	// email:welcome to ada
	// "sent", <nil>, permanent: false
	// , no template for email:goodbye, permanent: true
}

func ExampleRetryPolicy() {
	policy := zeroq.RetryPolicy{Base: time.Second, Max: 10 * time.Second}
	for attempt := 1; attempt <= 6; attempt++ {
		fmt.Println(policy.Delay(attempt))
	}
	// Output:
	// 1s
	// 2s
	// 4s
	// 8s
	// 10s
	// 10s
}

func ExampleRetryAfter() {
	err := zeroq.RetryAfter(30*time.Second, errors.New("too many requests"))
	delay, _ := zeroq.RetryDelay(err)
	fmt.Println(err, delay)
	// Output: too many requests 30s
}
