package client

import (
	"context"
	"fmt"
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
		if err := pause(ctx, waitPause); err != nil {
			return nil, err
		}
	}
}

func (c *Client) task(ctx context.Context, id, queue string, wait time.Duration) (*zeroq.TaskInfo, error) {
	query := queueQuery(queue)
	if wait > 0 {
		query.Set("wait", wait.String())
	}
	var answer taskAnswer
	if err := c.get(ctx, taskPath(id, "", query), &answer); err != nil {
		return nil, err
	}
	return answer.info()
}

// Queues returns all queues that have been used, by name. It asks for as many pages as there are.
func (c *Client) Queues(ctx context.Context) ([]zeroq.QueueInfo, error) {
	answers, err := pages[queueAnswer](ctx, c, "/v1/queues")
	if err != nil {
		return nil, err
	}
	infos := make([]zeroq.QueueInfo, len(answers))
	for i := range answers {
		if infos[i], err = answers[i].info(); err != nil {
			return nil, err
		}
	}
	return infos, nil
}

// Queue returns one queue.
func (c *Client) Queue(ctx context.Context, name string) (zeroq.QueueInfo, error) {
	var answer queueAnswer
	if err := c.get(ctx, queuePath(name, ""), &answer); err != nil {
		return zeroq.QueueInfo{}, err
	}
	return answer.info()
}

// Workers returns the live workers, by id. It asks for as many pages as there are.
func (c *Client) Workers(ctx context.Context) ([]zeroq.WorkerInfo, error) {
	answers, err := pages[workerAnswer](ctx, c, "/v1/workers")
	if err != nil {
		return nil, err
	}
	infos := make([]zeroq.WorkerInfo, len(answers))
	for i := range answers {
		infos[i] = answers[i].info()
	}
	return infos, nil
}

// pageItems is how many items a page is asked for; it is the most that the API gives.
const pageItems = "200"

// pages returns the items of all pages of a list.
func pages[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var all []T
	query := url.Values{"limit": {pageItems}}
	for {
		var answer struct {
			Items      []T    `json:"items"`
			NextCursor string `json:"next_cursor"`
		}
		if err := c.get(ctx, path+"?"+query.Encode(), &answer); err != nil {
			return nil, err
		}
		all = append(all, answer.Items...)
		if answer.NextCursor == "" {
			return all, nil
		}
		// A page without items, or one that leads to itself, would have no end.
		if len(answer.Items) == 0 || answer.NextCursor == query.Get("cursor") {
			return nil, fmt.Errorf("answer of GET %s: a page leads nowhere", path)
		}
		query.Set("cursor", answer.NextCursor)
	}
}
