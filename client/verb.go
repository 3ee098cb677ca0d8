package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/zeroq-dev/zeroq"
)

// cancelling is the state that the API tells of a running task that was called off.
const cancelling = "cancelling"

// Cancel calls a task off, which then never starts. It answers with zeroq.Cancelled, or with
// zeroq.Leased when the task runs and its handler is told to stop. A [zeroq.StateError]: it has finished
// otherwise. queue may be empty, as for [Client.Task].
func (c *Client) Cancel(ctx context.Context, id, queue string) (zeroq.State, error) {
	var answer struct{ State string }
	if err := c.post(ctx, taskPath(id, "/cancel", queueQuery(queue)), nil, &answer); err != nil {
		return "", err
	}
	if answer.State == cancelling {
		return zeroq.Leased, nil
	}
	return zeroq.State(answer.State), nil
}

// Retry makes a dead, cancelled or expired task ready, with at least one attempt left. A
// [zeroq.StateError]: it is in another state. A [zeroq.DuplicateError]: another task holds its unique key.
func (c *Client) Retry(ctx context.Context, id, queue string) error {
	return c.post(ctx, taskPath(id, "/retry", queueQuery(queue)), nil, nil)
}

// Delete forgets a task. A [zeroq.StateError]: it is running.
func (c *Client) Delete(ctx context.Context, id, queue string) error {
	_, err := c.do(ctx, http.MethodDelete, taskPath(id, "", queueQuery(queue)), nil, nil)
	return err
}

// taskPath is the path of a task, or of something that belongs to it.
func taskPath(id, part string, query url.Values) string {
	return withQuery("/v1/tasks/"+url.PathEscape(id)+part, query)
}

// queueQuery says which queue's task is meant, if it says so.
func queueQuery(queue string) url.Values {
	query := make(url.Values)
	setParameter(query, "queue", queue)
	return query
}

// setParameter leaves out what is empty.
func setParameter(query url.Values, name, value string) {
	if value != "" {
		query.Set(name, value)
	}
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
