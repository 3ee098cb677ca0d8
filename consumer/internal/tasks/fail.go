package tasks

import (
	"cmp"
	"context"
	"errors"

	"github.com/zeroq-dev/zeroq"
)

// failData is the data of a task "fail".
type failData struct {
	// Message is the error's text. Default: "told to fail".
	Message string `json:"message"`
	// UntilAttempt is the first attempt that succeeds. Default: none does.
	UntilAttempt int `json:"until_attempt"`
	// Permanent makes the task a dead letter at its first failure.
	Permanent bool `json:"permanent"`
	// Panic panics where an error would be returned.
	Panic bool `json:"panic"`
}

// fail fails in the way that its data asks for.
func fail(_ context.Context, task *zeroq.Task) error {
	var data failData
	if err := decode(task, &data); err != nil {
		return err
	}
	if data.UntilAttempt < 0 {
		return refuse(task, errors.New("until_attempt: must be positive"))
	}
	if data.UntilAttempt > 0 && task.Attempt >= data.UntilAttempt {
		return nil
	}
	return data.failure()
}

func (d failData) failure() error {
	err := errors.New(cmp.Or(d.Message, "told to fail"))
	switch {
	case d.Panic:
		panic(err)
	case d.Permanent:
		return zeroq.Permanent(err)
	}
	return err
}
