package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
)

// serve stands for a running API that answers one path.
func serve(path string, status int, body string) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
	return httptest.NewServer(mux)
}

func ExampleClient_Enqueue() {
	api := serve("POST /v1/tasks", 202, `{"id":"t1","queue":"mail","state":"ready"}`)
	defer api.Close()

	c, err := client.New(api.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	task := zeroq.NewTask("email", map[string]string{"to": "ann@example.com"}, zeroq.Queue("mail"))
	if err := c.Enqueue(context.Background(), task); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(task.ID, "is on", task.Queue)
	// Output: t1 is on mail
}

func ExampleClient_Enqueue_duplicate() {
	api := serve("POST /v1/tasks", 409,
		`{"error":{"code":"duplicate","message":"a task of this id exists","field":"id","task_id":"invoice-7"}}`)
	defer api.Close()

	c, _ := client.New(api.URL)
	err := c.Enqueue(context.Background(), zeroq.NewTask("invoice", 7, zeroq.ID("invoice-7")))
	var refused *client.Error
	if errors.Is(err, zeroq.ErrDuplicateID) && errors.As(err, &refused) {
		fmt.Println("there is", refused.TaskID, "already")
	}
	// Output: there is invoice-7 already
}

func ExampleClient_EnqueueBatch() {
	api := serve("POST /v1/tasks/batch", 202, `{"accepted":1,"rejected":1,"items":[{"index":0,"id":"t1"},
		{"index":1,"error":{"code":"unknown_queue","message":"tasks may not be put on this queue","field":"queue"}}]}`)
	defer api.Close()

	c, _ := client.New(api.URL)
	tasks := []*zeroq.Task{zeroq.NewTask("a", 1), zeroq.NewTask("a", 2, zeroq.Queue("closed"))}
	result, err := c.EnqueueBatch(context.Background(), slices.Values(tasks))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, item := range result.Items {
		if item.Err != nil {
			fmt.Println(item.Index, item.Err)
		}
	}
	// Output: 1 unknown_queue: queue: tasks may not be put on this queue
}

func ExampleClient_Wait() {
	api := serve("GET /v1/tasks/t1", 200, `{"id":"t1","type":"sum","queue":"default","state":"succeeded","result":[1,2]}`)
	defer api.Close()

	c, _ := client.New(api.URL)
	task, err := c.Wait(context.Background(), "t1", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %s\n", task.State, task.Result)
	// Output: succeeded: [1,2]
}

func ExampleClient_Queues() {
	api := serve("GET /v1/queues", 200,
		`{"items":[{"queue":"mail","counts":{"ready":3},"oldest_age":"1.5s","paused":false}],"next_cursor":null}`)
	defer api.Close()

	c, _ := client.New(api.URL)
	queues, err := c.Queues(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, queue := range queues {
		fmt.Println(queue.Queue, queue.Counts[zeroq.Ready], queue.OldestAge)
	}
	// Output: mail 3 1.5s
}

func ExampleWithIdempotencyKey() {
	api := serve("POST /v1/tasks", 202, `{"id":"t1","queue":"default","state":"ready"}`)
	defer api.Close()

	// The key is kept for a day: however often this runs, there is one task.
	c, _ := client.New(api.URL, client.WithRetries(3))
	ctx := client.WithIdempotencyKey(context.Background(), "order-7-receipt")
	task := zeroq.NewTask("receipt", 7)
	if err := c.Enqueue(ctx, task); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(task.ID)
	// Output: t1
}

func ExampleClient_Cancel() {
	api := serve("POST /v1/tasks/t1/cancel", 409, `{"error":{"code":"wrong_state","message":"the task is succeeded"}}`)
	defer api.Close()

	c, _ := client.New(api.URL)
	_, err := c.Cancel(context.Background(), "t1", "")
	var wrong *zeroq.StateError
	if errors.As(err, &wrong) {
		fmt.Println("too late, it has", wrong.State)
	}
	// Output: too late, it has succeeded
}

func ExampleClient_Events() {
	api := serve("GET /v1/tasks/t1/events", 200, "event: task\n"+
		`data: {"id":"t1","state":"leased","attempt":1,"progress":0.5}`+"\n\nevent: task\n"+
		`data: {"id":"t1","state":"succeeded","attempt":1,"progress":1}`+"\n\n")
	defer api.Close()

	c, _ := client.New(api.URL)
	for task, err := range c.Events(context.Background(), "t1", "") {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %s\n", task.State, task.Progress)
	}
	// Output:
	// leased: 0.5
	// succeeded: 1
}

func ExampleClient_AllTasks() {
	api := serve("GET /v1/queues/mail/tasks", 200,
		`{"items":[{"id":"t1","state":"retry","error":"no route"}],"next_cursor":null}`)
	defer api.Close()

	c, _ := client.New(api.URL)
	for task, err := range c.AllTasks(context.Background(), zeroq.TaskQuery{Queue: "mail", State: zeroq.Retry}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(task.ID, task.Error)
	}
	// Output: t1 no route
}

func ExampleClient_RetryDead() {
	api := serve("/v1/", 200, `{"id":"op~mail~1","queue":"mail","verb":"retry","state":"dead",
		"status":"done","matched":3,"done":3,"failed":0}`)
	defer api.Close()

	c, _ := client.New(api.URL)
	ctx := context.Background()
	operation, err := c.RetryDead(ctx, "mail", client.DeadLetters{Fingerprint: "5f1c"}, 50)
	if err == nil {
		operation, err = c.WaitOperation(ctx, operation.ID, nil)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(operation.Done, "of", operation.Matched)
	// Output: 3 of 3
}

func ExampleClient_PutSchedule() {
	api := serve("PUT /v1/schedules/nightly", 201, `{"name":"nightly","spec":"0 3 * * *","timezone":"UTC",
		"task":{"type":"report","queue":"default"},"next_runs":["2030-01-02T03:00:00.000Z"]}`)
	defer api.Close()

	c, _ := client.New(api.URL)
	schedule, created, err := c.PutSchedule(context.Background(), zeroq.Schedule{
		Name: "nightly", Spec: "0 3 * * *", Overlap: zeroq.OverlapSkip, Task: zeroq.NewTask("report", nil),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(created, schedule.NextRuns[0])
	// Output: true 2030-01-02 03:00:00 +0000 UTC
}
