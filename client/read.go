package client

import (
	"context"
	"net/url"
	"time"

	"github.com/zeroq-dev/zeroq"
)

const (
	// waitTime is how long one request of Wait waits.
	waitTime = 30 * time.Second
	// waitPause keeps Wait from asking too often when it is answered early.
	waitPause = 200 * time.Millisecond
)

// Task looks a task up. queue may be empty; it is needed when more than one queue knows the id.
func (c *Client) Task(ctx context.Context, id, queue string) (*zeroq.TaskInfo, error) {
	return c.task(ctx, id, queue, 0)
}

// Wait returns the task when it is finished: succeeded, dead, cancelled or expired. It waits as long
// as ctx lets it.
func (c *Client) Wait(ctx context.Context, id, queue string) (*zeroq.TaskInfo, error) {
	for {
		info, err := c.task(ctx, id, queue, waitTime)
		if err != nil || info.State.Finished() {
			return info, err
		}
		select {
		case <-time.After(waitPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *Client) task(ctx context.Context, id, queue string, wait time.Duration) (*zeroq.TaskInfo, error) {
	query := make(url.Values)
	if queue != "" {
		query.Set("queue", queue)
	}
	if wait > 0 {
		query.Set("wait", wait.String())
	}
	path := "/v1/tasks/" + url.PathEscape(id)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	var answer taskAnswer
	if err := c.get(ctx, path, &answer); err != nil {
		return nil, err
	}
	return answer.info()
}

// Queues returns all queues that have been used.
func (c *Client) Queues(ctx context.Context) ([]zeroq.QueueInfo, error) {
	var answer struct{ Items []queueAnswer }
	if err := c.get(ctx, "/v1/queues", &answer); err != nil {
		return nil, err
	}
	infos := make([]zeroq.QueueInfo, len(answer.Items))
	for i, item := range answer.Items {
		var err error
		if infos[i], err = item.info(); err != nil {
			return nil, err
		}
	}
	return infos, nil
}

// Queue returns one queue.
func (c *Client) Queue(ctx context.Context, name string) (zeroq.QueueInfo, error) {
	var answer queueAnswer
	if err := c.get(ctx, "/v1/queues/"+url.PathEscape(name), &answer); err != nil {
		return zeroq.QueueInfo{}, err
	}
	return answer.info()
}

// Workers returns the live workers.
func (c *Client) Workers(ctx context.Context) ([]zeroq.WorkerInfo, error) {
	var answer struct{ Items []workerAnswer }
	if err := c.get(ctx, "/v1/workers", &answer); err != nil {
		return nil, err
	}
	infos := make([]zeroq.WorkerInfo, len(answer.Items))
	for i, item := range answer.Items {
		infos[i] = item.info()
	}
	return infos, nil
}
