package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"

	"github.com/zeroq-dev/zeroq"
)

// BatchResult is what became of the tasks of a batch.
type BatchResult struct {
	// Accepted and Rejected count the tasks that were read.
	Accepted, Rejected int
	// Omitted is how many accepted tasks are not among Items, as the API lists 8 MiB of them.
	Omitted int
	// Items are the others, in order.
	Items []BatchItem
	// Err says why the API stopped reading; nil if it read all.
	Err *Error
}

// BatchItem is what became of one task.
type BatchItem struct {
	// Index is the task's place in the batch, from 0.
	Index int
	// ID is the task's id if it is in.
	ID string
	// Err says why it was refused; nil if it is in.
	Err *Error
}

// errStopped ends a body that the API does not want to its end.
var errStopped = errors.New("the request is over")

// EnqueueBatch puts any number of tasks on their queues, which takes little memory: they are sent as
// they come, and enqueued as they arrive. An error says that the API did not answer, or that no task
// is in; a task that cannot be sent, as it is not valid, ends the batch with an error too, and those
// before it may be in.
func (c *Client) EnqueueBatch(ctx context.Context, tasks iter.Seq[*zeroq.Task]) (*BatchResult, error) {
	reader, writer := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		err := writeLines(writer, tasks)
		_ = writer.CloseWithError(err)
		sent <- err
	}()
	result, err := c.EnqueueLines(ctx, reader)
	_ = reader.CloseWithError(errStopped)
	if sendErr := <-sent; sendErr != nil && !errors.Is(sendErr, errStopped) && !errors.Is(sendErr, io.ErrClosedPipe) {
		return nil, sendErr
	}
	return result, err
}

// EnqueueLines puts the tasks of lines on their queues: NDJSON, each line a task as the HTTP API takes
// it. It is sent as it is read, and is not looked at here. Blank lines are no items of the result. An
// error says that the API did not answer, or that no task is in.
func (c *Client) EnqueueLines(ctx context.Context, lines io.Reader) (*BatchResult, error) {
	var answer batchAnswer
	_, err := c.call(ctx, http.MethodPost, "/v1/tasks/batch", "application/x-ndjson", lines, &answer)
	if err != nil {
		return nil, err
	}
	return answer.result(), nil
}

func writeLines(writer io.Writer, tasks iter.Seq[*zeroq.Task]) error {
	index := 0
	for task := range tasks {
		line, err := encodeLine(task)
		if err != nil {
			return fmt.Errorf("task %d: %w", index, err)
		}
		if _, err := writer.Write(line); err != nil {
			return err
		}
		index++
	}
	return nil
}

// batchAnswer is a result as the API writes it.
type batchAnswer struct {
	Accepted int        `json:"accepted"`
	Rejected int        `json:"rejected"`
	Omitted  int        `json:"omitted"`
	Error    *wireError `json:"error"`
	Items    []struct {
		Index int        `json:"index"`
		ID    string     `json:"id"`
		Error *wireError `json:"error"`
	} `json:"items"`
}

func (a *batchAnswer) result() *BatchResult {
	result := &BatchResult{Accepted: a.Accepted, Rejected: a.Rejected, Omitted: a.Omitted}
	if a.Error != nil {
		result.Err = a.Error.err()
	}
	for _, item := range a.Items {
		one := BatchItem{Index: item.Index, ID: item.ID}
		if item.Error != nil {
			one.Err = item.Error.err()
		}
		result.Items = append(result.Items, one)
	}
	return result
}
