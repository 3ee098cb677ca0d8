package client

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// wireTask is a task as the API reads it, without its data.
type wireTask struct {
	ID          string            `json:"id,omitempty"`
	Type        string            `json:"type"`
	Queue       string            `json:"queue,omitempty"`
	Delay       string            `json:"delay,omitempty"`
	RunAt       *time.Time        `json:"run_at,omitempty"`
	MaxAttempts int               `json:"max_attempts,omitempty"`
	Timeout     string            `json:"timeout,omitempty"`
	Deadline    *time.Time        `json:"deadline,omitempty"`
	ExpiresAt   *time.Time        `json:"expires_at,omitempty"`
	Retention   string            `json:"retention,omitempty"`
	Priority    zeroq.Priority    `json:"priority,omitempty"`
	Group       string            `json:"group,omitempty"`
	Unique      *wireUnique       `json:"unique,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
}

type wireUnique struct {
	Key  string           `json:"key"`
	Mode zeroq.UniqueMode `json:"mode,omitempty"`
	For  string           `json:"for,omitempty"`
}

// encode returns the task as JSON, its data byte for byte.
func encode(task *zeroq.Task) ([]byte, error) {
	if err := validate(task); err != nil {
		return nil, err
	}
	head, err := json.Marshal(wireTask{
		ID:          task.ID,
		Type:        task.Type,
		Queue:       task.Queue,
		Delay:       duration(task.Delay),
		RunAt:       moment(task.RunAt),
		MaxAttempts: task.MaxAttempts,
		Timeout:     duration(task.Timeout),
		Deadline:    moment(task.Deadline),
		ExpiresAt:   moment(task.ExpiresAt),
		Retention:   duration(task.Retention),
		Priority:    task.Priority,
		Group:       task.Group,
		Unique:      unique(task.Unique),
		Headers:     task.Headers,
	})
	if err != nil || len(task.Data) == 0 {
		return head, err
	}
	body := append(head[:len(head)-1], `,"data":`...)
	return append(append(body, task.Data...), '}'), nil
}

// validate finds what this program can know to be wrong. Times are for the API to judge, as the
// clock here may be wrong, and so is a unique key, which may need one.
func validate(task *zeroq.Task) error {
	timeless := *task
	timeless.Delay, timeless.RunAt, timeless.Deadline, timeless.ExpiresAt = 0, time.Time{}, time.Time{}, time.Time{}
	timeless.Unique = nil
	return timeless.Validate(time.Now())
}

func unique(u *zeroq.Unique) *wireUnique {
	if u == nil {
		return nil
	}
	return &wireUnique{Key: u.Key, Mode: u.Mode, For: duration(u.For)}
}

// encodeLine is encode on one line, with its end. A line break in data can only be white space.
func encodeLine(task *zeroq.Task) ([]byte, error) {
	body, err := encode(task)
	if err != nil {
		return nil, err
	}
	if bytes.ContainsAny(body, "\n\r") {
		var line bytes.Buffer
		if err := json.Compact(&line, body); err != nil {
			return nil, err
		}
		body = line.Bytes()
	}
	return append(body, '\n'), nil
}

func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}
