package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/zeroq-dev/zeroq"
)

// Pause keeps workers from taking tasks of the queue.
func (c *Client) Pause(ctx context.Context, queue string) (zeroq.QueueInfo, error) {
	return c.changeQueue(ctx, http.MethodPost, queuePath(queue, "/pause"), nil)
}

// Resume ends [Client.Pause] and [Client.Drain].
func (c *Client) Resume(ctx context.Context, queue string) (zeroq.QueueInfo, error) {
	return c.changeQueue(ctx, http.MethodPost, queuePath(queue, "/resume"), nil)
}

// Drain keeps producers from putting tasks on the queue until it is empty.
func (c *Client) Drain(ctx context.Context, queue string) (zeroq.QueueInfo, error) {
	return c.changeQueue(ctx, http.MethodPost, queuePath(queue, "/drain"), nil)
}

// Limit changes the limits of the queue.
func (c *Client) Limit(ctx context.Context, queue string, change zeroq.LimitsChange) (zeroq.QueueInfo, error) {
	limits := make(map[string]any)
	setLimit(limits, "rate", change.Rate)
	setLimit(limits, "burst", change.Burst)
	setLimit(limits, "concurrency", change.Concurrency)
	setLimit(limits, "max_length", change.MaxLength)
	body, err := json.Marshal(limits)
	if err != nil {
		return zeroq.QueueInfo{}, err
	}
	return c.changeQueue(ctx, http.MethodPatch, queuePath(queue, ""), body)
}

// setLimit leaves out what is not to change, and writes null for what is to be lifted.
func setLimit[T comparable](limits map[string]any, name string, value *T) {
	var none T
	switch {
	case value == nil:
	case *value == none:
		limits[name] = nil
	default:
		limits[name] = *value
	}
}

// Purge begins to delete all tasks of the queue that are in the state, which cannot be zeroq.Leased.
func (c *Client) Purge(ctx context.Context, queue string, state zeroq.State) (zeroq.Operation, error) {
	return c.begin(ctx, queuePath(queue, "/purge"), map[string]any{"state": state})
}

func (c *Client) changeQueue(ctx context.Context, method, path string, body []byte) (zeroq.QueueInfo, error) {
	var answer queueAnswer
	if _, err := c.do(ctx, method, path, body, &answer); err != nil {
		return zeroq.QueueInfo{}, err
	}
	return answer.info()
}

// queuePath is the path of a queue, or of something that belongs to it.
func queuePath(queue, part string) string { return "/v1/queues/" + url.PathEscape(queue) + part }
