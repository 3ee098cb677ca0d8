package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// Schedules returns all schedules, by name. It asks for as many pages as there are.
func (c *Client) Schedules(ctx context.Context) ([]zeroq.Schedule, error) {
	answers, err := pages[scheduleAnswer](ctx, c, "/v1/schedules")
	if err != nil {
		return nil, err
	}
	schedules := make([]zeroq.Schedule, len(answers))
	for i := range answers {
		if schedules[i], err = answers[i].schedule(); err != nil {
			return nil, err
		}
	}
	return schedules, nil
}

// Schedule returns one schedule.
func (c *Client) Schedule(ctx context.Context, name string) (zeroq.Schedule, error) {
	schedule, _, err := c.schedule(ctx, http.MethodGet, schedulePath(name, ""), nil)
	return schedule, err
}

// PutSchedule makes or replaces a schedule, and returns it with what is known of it. created tells
// whether it is new.
func (c *Client) PutSchedule(
	ctx context.Context, schedule zeroq.Schedule,
) (put zeroq.Schedule, created bool, err error) {
	body, err := encodeSchedule(schedule)
	if err != nil {
		return zeroq.Schedule{}, false, err
	}
	put, status, err := c.schedule(ctx, http.MethodPut, schedulePath(schedule.Name, ""), body)
	return put, status == http.StatusCreated, err
}

// DeleteSchedule deletes a schedule.
func (c *Client) DeleteSchedule(ctx context.Context, name string) error {
	_, err := c.do(ctx, http.MethodDelete, schedulePath(name, ""), nil, nil)
	return err
}

// PauseSchedule stops a schedule: its times pass without a task.
func (c *Client) PauseSchedule(ctx context.Context, name string) (zeroq.Schedule, error) {
	schedule, _, err := c.schedule(ctx, http.MethodPost, schedulePath(name, "/pause"), nil)
	return schedule, err
}

// ResumeSchedule lets a schedule go on. Times that passed meanwhile are not made up for.
func (c *Client) ResumeSchedule(ctx context.Context, name string) (zeroq.Schedule, error) {
	schedule, _, err := c.schedule(ctx, http.MethodPost, schedulePath(name, "/resume"), nil)
	return schedule, err
}

// RunSchedule enqueues the schedule's task now, besides its times, and returns the task's id.
func (c *Client) RunSchedule(ctx context.Context, name string) (id string, err error) {
	var answer struct{ ID string }
	err = c.post(ctx, schedulePath(name, "/run"), nil, &answer)
	return answer.ID, err
}

func (c *Client) schedule(ctx context.Context, method, path string, body []byte) (zeroq.Schedule, int, error) {
	var answer scheduleAnswer
	status, err := c.do(ctx, method, path, body, &answer)
	if err != nil {
		return zeroq.Schedule{}, status, err
	}
	schedule, err := answer.schedule()
	return schedule, status, err
}

func schedulePath(name, part string) string { return "/v1/schedules/" + url.PathEscape(name) + part }

// wireSchedule is a schedule as the API reads it, without its task. Its name is in the path.
type wireSchedule struct {
	Spec     string        `json:"spec"`
	Timezone string        `json:"timezone,omitempty"`
	Jitter   string        `json:"jitter,omitempty"`
	Overlap  zeroq.Overlap `json:"overlap,omitempty"`
	CatchUp  zeroq.CatchUp `json:"catch_up,omitempty"`
	Paused   bool          `json:"paused,omitempty"`
}

// encodeSchedule returns the schedule as JSON, the data of its task byte for byte.
func encodeSchedule(schedule zeroq.Schedule) ([]byte, error) {
	if schedule.Task == nil {
		return nil, &zeroq.FieldError{Field: "task", Reason: "is missing"}
	}
	task, err := encode(schedule.Task)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	head, err := json.Marshal(wireSchedule{
		Spec: schedule.Spec, Timezone: schedule.Timezone, Jitter: duration(schedule.Jitter),
		Overlap: schedule.Overlap, CatchUp: schedule.CatchUp, Paused: schedule.Paused,
	})
	if err != nil {
		return nil, err
	}
	body := append(head[:len(head)-1], `,"task":`...)
	return append(append(body, task...), '}'), nil
}

// scheduleAnswer is a schedule as the API writes it.
type scheduleAnswer struct {
	Name     string              `json:"name"`
	Spec     string              `json:"spec"`
	Timezone string              `json:"timezone"`
	Jitter   string              `json:"jitter"`
	Overlap  zeroq.Overlap       `json:"overlap"`
	CatchUp  zeroq.CatchUp       `json:"catch_up"`
	Task     scheduledTaskAnswer `json:"task"`
	Paused   bool                `json:"paused"`
	NextRuns []time.Time         `json:"next_runs"`
	LastRun  time.Time           `json:"last_run"`
	LastTask string              `json:"last_task"`
	Skipped  int64               `json:"skipped"`
}

// scheduledTaskAnswer is the task of a schedule. What is left to the default is not there.
type scheduledTaskAnswer struct {
	Type        string            `json:"type"`
	Queue       string            `json:"queue"`
	Data        json.RawMessage   `json:"data"`
	MaxAttempts int               `json:"max_attempts"`
	Timeout     string            `json:"timeout"`
	Retention   string            `json:"retention"`
	Priority    zeroq.Priority    `json:"priority"`
	Group       string            `json:"group"`
	Headers     map[string]string `json:"headers"`
}

func (a *scheduleAnswer) schedule() (zeroq.Schedule, error) {
	jitter, err := parseDuration(a.Jitter)
	if err != nil {
		return zeroq.Schedule{}, fmt.Errorf("jitter of schedule %s: %w", a.Name, err)
	}
	task, err := a.Task.task()
	if err != nil {
		return zeroq.Schedule{}, fmt.Errorf("task of schedule %s: %w", a.Name, err)
	}
	return zeroq.Schedule{
		Name: a.Name, Spec: a.Spec, Timezone: a.Timezone, Jitter: jitter, Overlap: a.Overlap, CatchUp: a.CatchUp,
		Task: task, Paused: a.Paused,
		NextRuns: a.NextRuns, LastRun: a.LastRun, LastTask: a.LastTask, Skipped: a.Skipped,
	}, nil
}

func (a *scheduledTaskAnswer) task() (*zeroq.Task, error) {
	task := &zeroq.Task{
		Type: a.Type, Queue: a.Queue, Data: a.Data, MaxAttempts: a.MaxAttempts, Priority: a.Priority, Group: a.Group, Headers: a.Headers,
	}
	var err error
	if task.Timeout, err = parseDuration(a.Timeout); err != nil {
		return nil, fmt.Errorf("timeout: %w", err)
	}
	if task.Retention, err = parseDuration(a.Retention); err != nil {
		return nil, fmt.Errorf("retention: %w", err)
	}
	return task, nil
}

// parseDuration is time.ParseDuration, which takes no empty text.
func parseDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}

// ParseSchedule reads a schedule as the HTTP API writes it. Fields that may be left out of a request may
// be left out here; any other field is an error.
func ParseSchedule(text []byte) (zeroq.Schedule, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var answer scheduleAnswer
	if err := decoder.Decode(&answer); err != nil {
		return zeroq.Schedule{}, fmt.Errorf("schedule: %w", err)
	}
	return answer.schedule()
}
