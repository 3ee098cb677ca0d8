package view

import (
	"encoding/json"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// Task is a task. Its progress, data and result are json.RawMessage, or nil.
func Task(info *zeroq.TaskInfo) *types.Task {
	return &types.Task{
		Id:              info.ID,
		Type:            info.Type,
		Queue:           info.Queue,
		State:           string(info.State),
		CancelRequested: info.CancelRequested,
		Priority:        word(string(info.Priority)),
		Group:           info.Group,
		Attempt:         info.Attempt,
		MaxAttempts:     info.MaxAttempts,
		Error:           word(info.Error),
		Errors:          attempts(info.Errors),
		Fingerprint:     word(info.Fingerprint),
		EnqueuedAt:      moment(info.EnqueuedAt),
		StartedAt:       moment(info.StartedAt),
		FinishedAt:      moment(info.FinishedAt),
		NextRunAt:       moment(info.NextRunAt),
		Worker:          word(info.Worker),
		Progress:        raw(info.Progress),
		Data:            raw(info.Data),
		Result:          raw(info.Result),
	}
}

// Tasks is a page of tasks.
func Tasks(page zeroq.TaskPage) *types.Tasks {
	items := make([]types.Task, len(page.Tasks))
	for i, info := range page.Tasks {
		items[i] = *Task(info)
	}
	return &types.Tasks{Items: items, NextCursor: word(page.Next)}
}

// TaskState is the state of a task that was called off or is to run again. One that is leased still
// is told to stop.
func TaskState(id string, state zeroq.State) *types.TaskState {
	if state == zeroq.Leased {
		return &types.TaskState{Id: id, State: "cancelling"}
	}
	return &types.TaskState{Id: id, State: string(state)}
}

// raw keeps a nil of json.RawMessage from becoming a value.
func raw(value json.RawMessage) any {
	if len(value) == 0 {
		return nil
	}
	return value
}

func attempts(errors []zeroq.AttemptError) []types.Attempt {
	attempts := make([]types.Attempt, len(errors))
	for i, e := range errors {
		attempts[i] = types.Attempt{
			Attempt:  e.Attempt,
			At:       moment(e.At),
			Worker:   e.Worker,
			Duration: e.Duration.String(),
			Message:  e.Message,
		}
	}
	return attempts
}
