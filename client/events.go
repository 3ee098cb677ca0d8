package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"

	"github.com/zeroq-dev/zeroq"
)

// maxEventBytes bounds one line of an event: a task with its data and its result.
const maxEventBytes = 8 << 20

// Events shows the task as it is, and then each time it has changed, until it is finished. An error
// is the last thing shown, and says that the end was not seen: the connection is not made again.
func (c *Client) Events(ctx context.Context, id, queue string) iter.Seq2[*zeroq.TaskInfo, error] {
	return func(yield func(*zeroq.TaskInfo, error) bool) {
		body, err := c.stream(ctx, taskPath(id, "/events", queueQuery(queue)))
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = body.Close() }()
		finished := false
		for data, err := range events(body) {
			var info *zeroq.TaskInfo
			if err == nil {
				info, err = taskOf(data)
			}
			if !yield(info, err) || err != nil {
				return
			}
			finished = info.State.Finished()
		}
		if !finished {
			yield(nil, fmt.Errorf("the events of task %s have ended early: %w", id, io.ErrUnexpectedEOF))
		}
	}
}

func (c *Client) stream(ctx context.Context, path string) (io.ReadCloser, error) {
	request, err := c.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer func() { _ = response.Body.Close() }()
		return nil, errorOf(response)
	}
	return response.Body, nil
}

// events are the data of the server-sent events of body. Comments and names of events are of no use
// here.
func events(body io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		scanner := bufio.NewScanner(body)
		scanner.Buffer(nil, maxEventBytes)
		var data []byte
		for scanner.Scan() {
			line := scanner.Bytes()
			if text, ok := bytes.CutPrefix(line, []byte("data:")); ok {
				data = append(append(data, bytes.TrimPrefix(text, []byte(" "))...), '\n')
			}
			if len(line) > 0 || len(data) == 0 {
				continue
			}
			if !yield(data, nil) {
				return
			}
			data = nil
		}
		if err := scanner.Err(); err != nil {
			yield(nil, err)
		}
	}
}

func taskOf(data []byte) (*zeroq.TaskInfo, error) {
	var answer taskAnswer
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("event of a task: %w", err)
	}
	return answer.info()
}
