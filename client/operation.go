package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// The pauses between two looks of WaitOperation: the first is short, as few tasks take no time.
const (
	firstLook = 50 * time.Millisecond
	laterLook = time.Second
)

// Operation returns an operation, up to a day after it finished. Its Selection has no IDs.
func (c *Client) Operation(ctx context.Context, id string) (zeroq.Operation, error) {
	var answer operationAnswer
	if err := c.get(ctx, operationPath(id), &answer); err != nil {
		return zeroq.Operation{}, err
	}
	return answer.operation(), nil
}

// AbortOperation ends an operation where it is.
func (c *Client) AbortOperation(ctx context.Context, id string) error {
	_, err := c.do(ctx, http.MethodDelete, operationPath(id), nil, nil)
	return err
}

// WaitOperation returns the operation when it is over. It calls see, if that is not nil, with each
// look at it until then.
func (c *Client) WaitOperation(
	ctx context.Context, id string, see func(zeroq.Operation),
) (zeroq.Operation, error) {
	for next := firstLook; ; next = min(2*next, laterLook) {
		operation, err := c.Operation(ctx, id)
		if err != nil || operation.Status != zeroq.OperationRunning {
			return operation, err
		}
		if see != nil {
			see(operation)
		}
		if err := pause(ctx, next); err != nil {
			return operation, err
		}
	}
}

// begin begins an operation.
func (c *Client) begin(ctx context.Context, path string, fields map[string]any) (zeroq.Operation, error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return zeroq.Operation{}, err
	}
	var answer operationAnswer
	if err := c.post(ctx, path, body, &answer); err != nil {
		return zeroq.Operation{}, err
	}
	return answer.operation(), nil
}

func operationPath(id string) string { return "/v1/operations/" + url.PathEscape(id) }

// operationAnswer is an operation as the API writes it.
type operationAnswer struct {
	ID          string                `json:"id"`
	Queue       string                `json:"queue"`
	Verb        zeroq.Verb            `json:"verb"`
	State       zeroq.State           `json:"state"`
	Fingerprint string                `json:"fingerprint"`
	Rate        float64               `json:"rate"`
	Status      zeroq.OperationStatus `json:"status"`
	Matched     int64                 `json:"matched"`
	Done        int64                 `json:"done"`
	Failed      int64                 `json:"failed"`
	Error       string                `json:"error"`
	CreatedAt   time.Time             `json:"created_at"`
	FinishedAt  time.Time             `json:"finished_at"`
}

func (a *operationAnswer) operation() zeroq.Operation {
	return zeroq.Operation{
		ID: a.ID, Queue: a.Queue, Verb: a.Verb, Rate: a.Rate,
		Selection: zeroq.Selection{State: a.State, Fingerprint: a.Fingerprint},
		Status:    a.Status, Matched: a.Matched, Done: a.Done, Failed: a.Failed, Error: a.Error,
		CreatedAt: a.CreatedAt, FinishedAt: a.FinishedAt,
	}
}
