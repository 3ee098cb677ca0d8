package tasks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/zeroq-dev/zeroq"
)

// decode reads the task's data into target, a pointer to a struct. What does not fit, and a field
// that target does not have, is a Permanent error: a misspelt field would be ignored otherwise.
func decode(task *zeroq.Task, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(task.Data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return refuse(task, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return refuse(task, errors.New("more than one JSON value"))
	}
	return nil
}

// refuse is the answer to data that no further attempt could use.
func refuse(task *zeroq.Task, reason error) error {
	return zeroq.Permanent(fmt.Errorf("data of %s: %w", task.Type, reason))
}
