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
