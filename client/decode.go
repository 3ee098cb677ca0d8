package client

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// taskAnswer is a task as the API writes it. Null times stay zero.
type taskAnswer struct {
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	Queue       string          `json:"queue"`
	State       zeroq.State     `json:"state"`
	Attempt     int             `json:"attempt"`
	MaxAttempts int             `json:"max_attempts"`
	Error       string          `json:"error"`
	Errors      []attemptAnswer `json:"errors"`
	EnqueuedAt  time.Time       `json:"enqueued_at"`
	StartedAt   time.Time       `json:"started_at"`
	FinishedAt  time.Time       `json:"finished_at"`
	NextRunAt   time.Time       `json:"next_run_at"`
	Worker      string          `json:"worker"`
	Priority    zeroq.Priority  `json:"priority"`
	Group       string          `json:"group"`
	Fingerprint string          `json:"fingerprint"`
	Cancelling  bool            `json:"cancel_requested"`
	Progress    json.RawMessage `json:"progress"`
	Data        json.RawMessage `json:"data"`
	Result      json.RawMessage `json:"result"`
}

type attemptAnswer struct {
	Attempt  int       `json:"attempt"`
	At       time.Time `json:"at"`
	Worker   string    `json:"worker"`
	Duration string    `json:"duration"`
	Message  string    `json:"message"`
}

func (a *taskAnswer) info() (*zeroq.TaskInfo, error) {
	info := &zeroq.TaskInfo{
		ID: a.ID, Type: a.Type, Queue: a.Queue, State: a.State,
		Attempt: a.Attempt, MaxAttempts: a.MaxAttempts,
		Priority: a.Priority, Group: a.Group, Fingerprint: a.Fingerprint, CancelRequested: a.Cancelling,
		Data: notNull(a.Data), Result: notNull(a.Result), Progress: notNull(a.Progress), Error: a.Error,
		EnqueuedAt: a.EnqueuedAt, StartedAt: a.StartedAt, FinishedAt: a.FinishedAt, NextRunAt: a.NextRunAt,
		Worker: a.Worker,
	}
	for _, e := range a.Errors {
		took, err := time.ParseDuration(e.Duration)
		if err != nil {
			return nil, fmt.Errorf("duration of an attempt: %w", err)
		}
		info.Errors = append(info.Errors, zeroq.AttemptError{
			Attempt: e.Attempt, At: e.At, Worker: e.Worker, Duration: took, Message: e.Message,
		})
	}
	return info, nil
}

// notNull is nil for null, which stands for "not kept" and for null itself.
func notNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

type queueAnswer struct {
	Queue     string                    `json:"queue"`
	Counts    map[zeroq.State]int64     `json:"counts"`
	OldestAge string                    `json:"oldest_age"`
	Totals    map[zeroq.Counter]int64   `json:"totals"`
	Rates     map[zeroq.Counter]float64 `json:"rates"`
	Limits    limitsAnswer              `json:"limits"`
	Paused    bool                      `json:"paused"`
	Draining  bool                      `json:"draining"`
}

// limitsAnswer is limits as the API writes them. Null ones stay zero, which is no limit.
type limitsAnswer struct {
	Rate        float64 `json:"rate"`
	Burst       int     `json:"burst"`
	Concurrency int     `json:"concurrency"`
	MaxLength   int     `json:"max_length"`
}

func (a *queueAnswer) info() (zeroq.QueueInfo, error) {
	age, err := time.ParseDuration(a.OldestAge)
	if err != nil {
		return zeroq.QueueInfo{}, fmt.Errorf("oldest_age of queue %s: %w", a.Queue, err)
	}
	return zeroq.QueueInfo{
		Queue: a.Queue, Counts: a.Counts, OldestAge: age, Totals: a.Totals, Rates: a.Rates,
		Limits: zeroq.Limits(a.Limits), Paused: a.Paused, Draining: a.Draining,
	}, nil
}

type workerAnswer struct {
	ID            string          `json:"id"`
	Host          string          `json:"host"`
	PID           int             `json:"pid"`
	Queues        []string        `json:"queues"`
	Slots         int             `json:"slots"`
	Running       []runningAnswer `json:"running"`
	StartedAt     time.Time       `json:"started_at"`
	LastHeartbeat time.Time       `json:"last_heartbeat"`
}

type runningAnswer struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Queue     string    `json:"queue"`
	Attempt   int       `json:"attempt"`
	StartedAt time.Time `json:"started_at"`
	Stuck     bool      `json:"stuck"`
}

func (a *workerAnswer) info() zeroq.WorkerInfo {
	info := zeroq.WorkerInfo{
		ID: a.ID, Host: a.Host, PID: a.PID, Queues: a.Queues, Slots: a.Slots,
		StartedAt: a.StartedAt, LastHeartbeat: a.LastHeartbeat,
	}
	for _, task := range a.Running {
		info.Running = append(info.Running, zeroq.RunningTask(task))
	}
	return info
}
