package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/cron"
)

// ScheduleConf is a schedule that the worker makes when it starts. What is changed at runtime holds
// until the entry changes. See [zeroq.Schedule].
type ScheduleConf struct {
	// Name is 1 to 64 of a-z0-9_- and begins with a letter or digit.
	Name string
	// Spec says when: five fields, six with the seconds first, @hourly and the like, or "@every 90s".
	Spec string
	// Timezone is the IANA name of the zone in which Spec is read. Default: UTC.
	Timezone string `json:",default=UTC"`
	// Jitter delays each task by a random time up to this, at most an hour. Default: none.
	Jitter time.Duration `json:",optional"`
	// Overlap is "skip" to leave a time out while the task before has not finished. Default: allow.
	Overlap string `json:",default=allow,options=allow|skip"`
	// CatchUp says which times are made up for that passed while no worker and no API
	// ran. Default: none.
	CatchUp string `json:",default=none,options=none|last|all"`
	// Paused makes it without letting it begin.
	Paused bool `json:",optional"`
	// Task is what is enqueued.
	Task ScheduleTaskConf
}

// ScheduleTaskConf is the task of a schedule. The zero value of each field but Type means the default
// of [zeroq.Task].
type ScheduleTaskConf struct {
	// Type names the handler.
	Type string
	// Queue is where the tasks wait.
	Queue string `json:",default=default"`
	// Data is what a handler gets: JSON, written as a text, so that it stays byte for byte. Empty means
	// null.
	Data string `json:",optional"`
	// Priority is high, normal or low.
	Priority string `json:",default=normal,options=high|normal|low"`
	// Group is whose tasks run one at a time, in their order; only where the queue's broker keeps it.
	Group string `json:",optional"`
	// MaxAttempts is how often a task may start.
	MaxAttempts int `json:",default=10,range=[1:1000]"`
	// Timeout bounds one attempt.
	Timeout time.Duration `json:",default=30m"`
	// Retention is how long a finished task can be looked up.
	Retention time.Duration `json:",default=1h"`
	// Headers travel with the tasks.
	Headers map[string]string `json:",optional"`
}

// schedule is the entry in zeroq's words.
func (c ScheduleConf) schedule() zeroq.Schedule {
	t := c.Task
	return zeroq.Schedule{
		Name: c.Name, Spec: c.Spec, Timezone: c.Timezone, Jitter: c.Jitter, Paused: c.Paused,
		Overlap: zeroq.Overlap(c.Overlap), CatchUp: zeroq.CatchUp(c.CatchUp),
		Task: &zeroq.Task{
			Type: t.Type, Queue: t.Queue, Data: json.RawMessage(t.Data), Priority: zeroq.Priority(t.Priority),
			Group:       t.Group,
			MaxAttempts: t.MaxAttempts, Timeout: t.Timeout, Retention: t.Retention, Headers: t.Headers,
		},
	}
}

func (c Conf) validateSchedules() error {
	seen := make(map[string]bool)
	for i, s := range c.Schedules {
		key := fmt.Sprintf("Schedules[%d]", i)
		if seen[s.Name] {
			return fmt.Errorf("%s.Name: schedule %q stands there twice", key, s.Name)
		}
		seen[s.Name] = true
		if err := c.checkCarried(s.Task); err != nil {
			return fmt.Errorf("%s.Task.%w", key, err)
		}
		_, _, err := cron.Complete(s.schedule())
		var wrong *zeroq.FieldError
		if errors.As(err, &wrong) {
			return fmt.Errorf("%s.%s: %s", key, keyOf(wrong.Field), wrong.Reason)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// keyOf is the key of a configuration for a field of a schedule: Task.MaxAttempts for
// task.max_attempts.
func keyOf(field string) string {
	parts := strings.FieldsFunc(field, func(r rune) bool { return r == '.' || r == '_' })
	key, _, dotted := strings.Cut(field, ".")
	for i, part := range parts {
		parts[i] = strings.ToUpper(part[:1]) + part[1:]
	}
	if dotted && key == "task" {
		return parts[0] + "." + strings.Join(parts[1:], "")
	}
	return strings.Join(parts, "")
}

// origin tells this worker's schedules from those of other services: all workers of the same queues
// have the same schedules, whatever other workers there are.
func (c Conf) origin() string {
	var queues []string
	for _, p := range c.Pools {
		for _, q := range p.Queues {
			queues = append(queues, q.Name)
		}
	}
	slices.Sort(queues)
	return "worker of " + strings.Join(queues, ",")
}
