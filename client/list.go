package client

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strconv"

	"github.com/zeroq-dev/zeroq"
)

// Tasks returns a page of a queue's tasks. A Limit of zero is as many as the API likes.
func (c *Client) Tasks(ctx context.Context, query zeroq.TaskQuery) (zeroq.TaskPage, error) {
	parameters := make(url.Values)
	setParameter(parameters, "type", query.Type)
	setParameter(parameters, "cursor", query.Cursor)
	if query.Limit > 0 {
		parameters.Set("limit", strconv.Itoa(query.Limit))
	}
	part := "/tasks"
	if query.State == zeroq.Dead { // its path knows fingerprints
		part = "/dead"
		setParameter(parameters, "fingerprint", query.Fingerprint)
	} else {
		setParameter(parameters, "state", string(query.State))
	}
	var answer struct {
		Items      []taskAnswer `json:"items"`
		NextCursor string       `json:"next_cursor"`
	}
	if err := c.get(ctx, withQuery(queuePath(query.Queue, part), parameters), &answer); err != nil {
		return zeroq.TaskPage{}, err
	}
	page := zeroq.TaskPage{Next: answer.NextCursor}
	for i := range answer.Items {
		info, err := answer.Items[i].info()
		if err != nil {
			return zeroq.TaskPage{}, err
		}
		page.Tasks = append(page.Tasks, info)
	}
	return page, nil
}

// AllTasks shows the tasks of all pages from the query's cursor on, of Limit tasks each. An error is
// the last thing shown.
func (c *Client) AllTasks(ctx context.Context, query zeroq.TaskQuery) iter.Seq2[*zeroq.TaskInfo, error] {
	return func(yield func(*zeroq.TaskInfo, error) bool) {
		for {
			page, err := c.Tasks(ctx, query)
			if err == nil && page.Next != "" && page.Next == query.Cursor {
				err = fmt.Errorf("a page of the tasks of %s leads nowhere", query.Queue)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, info := range page.Tasks {
				if !yield(info, nil) {
					return
				}
			}
			if query.Cursor = page.Next; query.Cursor == "" {
				return
			}
		}
	}
}
