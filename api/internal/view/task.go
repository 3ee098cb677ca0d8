package view

import (
	"encoding/json"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// Task is a task. Its data and result are json.RawMessage, or nil.
func Task(info *zeroq.TaskInfo) *types.Task {
	return &types.Task{
		Id:          info.ID,
		Type:        info.Type,
		Queue:       info.Queue,
		State:       string(info.State),
		Attempt:     info.Attempt,
		MaxAttempts: info.MaxAttempts,
		Error:       word(info.Error),
		Errors:      attempts(info.Errors),
		EnqueuedAt:  moment(info.EnqueuedAt),
		StartedAt:   moment(info.StartedAt),
		FinishedAt:  moment(info.FinishedAt),
		NextRunAt:   moment(info.NextRunAt),
		Worker:      word(info.Worker),
		Data:        raw(info.Data),
		Result:      raw(info.Result),
	}
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
