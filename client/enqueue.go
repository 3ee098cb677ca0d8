package client

import (
	"bytes"
	"context"
	"errors"

	"github.com/zeroq-dev/zeroq"
)

// The most in one request of Enqueue.
const (
	maxTasks = 1000
	maxBytes = 7 << 20
)

// Enqueue puts the tasks on their queues, and sets ID and Queue of those that are in. A single task
// is answered with its own error, several with a [zeroq.BatchError] if any was refused. After an
// error that is no [*Error] a task may or may not be in: give tasks an ID, or the context a key by
// [WithIdempotencyKey], to enqueue them again safely.
//
// A task that took the place of another by zeroq.Debounce gets the ID of that.
func (c *Client) Enqueue(ctx context.Context, tasks ...*zeroq.Task) error {
	if len(tasks) == 1 {
		return c.enqueueOne(ctx, tasks[0])
	}
	e := &enqueue{client: c, tasks: tasks, errs: make([]error, len(tasks))}
	for i := range tasks {
		e.add(ctx, i)
	}
	e.send(ctx)
	if errors.Join(e.errs...) != nil {
		return &zeroq.BatchError{Errors: e.errs}
	}
	return nil
}

func (c *Client) enqueueOne(ctx context.Context, task *zeroq.Task) error {
	body, err := encode(task)
	if err != nil {
		return err
	}
	var answer struct{ ID, Queue string }
	if err := c.post(ctx, "/v1/tasks", body, &answer); err != nil {
		return err
	}
	task.ID, task.Queue = answer.ID, answer.Queue
	return nil
}

// enqueue sends tasks in as many requests as they need.
type enqueue struct {
	client *Client
	tasks  []*zeroq.Task
	errs   []error
	// bodies are those of the next request, indexes says which tasks they are.
	bodies  [][]byte
	indexes []int
	size    int
	// requests is how many were sent.
	requests int
}

func (e *enqueue) add(ctx context.Context, index int) {
	body, err := encode(e.tasks[index])
	if err != nil {
		e.errs[index] = err
		return
	}
	if len(e.bodies) == maxTasks || e.size+len(body) > maxBytes {
		e.send(ctx)
	}
	e.bodies, e.indexes, e.size = append(e.bodies, body), append(e.indexes, index), e.size+len(body)+1
}

func (e *enqueue) send(ctx context.Context) {
	if len(e.bodies) == 0 {
		return
	}
	var answer batchAnswer
	body := append([]byte(`{"tasks":[`), bytes.Join(e.bodies, []byte(","))...)
	err := e.client.post(partKey(ctx, e.requests), "/v1/tasks/batch", append(body, "]}"...), &answer)
	e.requests++
	items := answer.result().Items
	if err == nil && len(items) != len(e.indexes) {
		err = errors.New("the answer has too few items")
	}
	for i, index := range e.indexes {
		if err != nil {
			e.errs[index] = err
			continue
		}
		e.settle(index, items[i])
	}
	e.bodies, e.indexes, e.size = e.bodies[:0], e.indexes[:0], 0
}

func (e *enqueue) settle(index int, item BatchItem) {
	task := e.tasks[index]
	if item.Err != nil {
		e.errs[index] = item.Err
		return
	}
	task.ID = item.ID
	if task.Queue == "" {
		task.Queue = zeroq.DefaultQueue
	}
}
