package redisq

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/cron"
)

// schedule is what is kept of a schedule. Times are in ms, durations in ns.
type schedule struct {
	// Revision is another one after each change. It stands first, where scripts look for it.
	Revision string `json:"rev"`

	Spec     string        `json:"spec"`
	Timezone string        `json:"timezone"`
	Jitter   time.Duration `json:"jitter,omitempty"`
	Overlap  zeroq.Overlap `json:"overlap"`
	CatchUp  zeroq.CatchUp `json:"catch_up"`
	Paused   bool          `json:"paused,omitempty"`
	Task     template      `json:"task"`

	// Origin and Configured say which configuration it comes from, and a hash of what stood there.
	Origin     string `json:"origin,omitempty"`
	Configured string `json:"configured,omitempty"`

	LastRun  int64  `json:"last_run,omitempty"`
	LastTask string `json:"last_task,omitempty"`
	Skipped  int64  `json:"skipped,omitempty"`
}

// template is the task of a schedule. Its queue is that of the key. Data is a text, as JSON inside
// JSON would not stay byte for byte.
type template struct {
	Type        string            `json:"type"`
	Data        string            `json:"data"`
	Priority    zeroq.Priority    `json:"priority"`
	Group       string            `json:"group,omitempty"`
	MaxAttempts int               `json:"max_attempts"`
	Timeout     time.Duration     `json:"timeout"`
	Retention   time.Duration     `json:"retention"`
	Headers     map[string]string `json:"headers,omitempty"`
}

// markSize is how much of a stored schedule tells its revision: {"rev":" and twelve letters.
const markSize = len(`{"rev":"`) + 12

// markOf is how a stored schedule begins; empty if there is none.
func markOf(text string) string { return text[:min(markSize, len(text))] }

// newSchedule makes what is kept of a schedule that is complete. past is what was kept before.
func newSchedule(s zeroq.Schedule, past schedule) schedule {
	return schedule{
		Spec: s.Spec, Timezone: s.Timezone, Jitter: s.Jitter,
		Overlap: s.Overlap, CatchUp: s.CatchUp, Paused: s.Paused,
		Task: template{
			Type: s.Task.Type, Data: string(s.Task.Data), Priority: s.Task.Priority, Group: s.Task.Group,
			MaxAttempts: s.Task.MaxAttempts, Timeout: s.Task.Timeout, Retention: s.Task.Retention, Headers: s.Task.Headers,
		},
		Origin: past.Origin, Configured: past.Configured,
		LastRun: past.LastRun, LastTask: past.LastTask, Skipped: past.Skipped,
	}
}

// encode writes the schedule as a new revision of itself.
func (s schedule) encode() string {
	s.Revision = rand.Text()[:12]
	return s.encodeAs(s.Revision)
}

func (s schedule) encodeAs(revision string) string {
	s.Revision = revision
	text, _ := json.Marshal(s) // strings, numbers and a map of strings: it cannot fail
	return string(text)
}

func decodeSchedule(name, text string) (s schedule, err error) {
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, scheduleError(name, err)
	}
	return s, nil
}

// configHash tells a configuration of a schedule from others.
func configHash(s schedule, queue string) string {
	s.Origin, s.Configured, s.LastRun, s.LastTask, s.Skipped = "", "", 0, "", 0
	sum := sha256.Sum256([]byte(queue + "\n" + s.encodeAs("")))
	return hex.EncodeToString(sum[:16])
}

// task is the schedule's task, as whoever made the schedule gave it.
func (s schedule) task(queue string) *zeroq.Task {
	t := s.Task
	return &zeroq.Task{
		Type: t.Type, Data: json.RawMessage(t.Data), Queue: queue, Priority: t.Priority, Group: t.Group,
		MaxAttempts: t.MaxAttempts, Timeout: t.Timeout, Retention: t.Retention, Headers: t.Headers,
	}
}

// taskFor is the task to enqueue for one time.
func (s schedule) taskFor(name, queue string, at time.Time) *zeroq.Task {
	t := s.task(queue)
	t.Headers = cron.Headers(name, at, t.Headers)
	t.SetDefaults()
	return t
}

// nextRuns is how many of its next times a schedule tells.
const nextRuns = 5

// public is the schedule in zeroq's words.
func (s schedule) public(name, queue string, now time.Time) zeroq.Schedule {
	shown := zeroq.Schedule{
		Name: name, Spec: s.Spec, Timezone: s.Timezone, Jitter: s.Jitter,
		Overlap: s.Overlap, CatchUp: s.CatchUp, Task: s.task(queue), Paused: s.Paused,
		LastRun: millis(s.LastRun), LastTask: s.LastTask, Skipped: s.Skipped,
	}
	if s.Paused {
		return shown
	}
	spec, err := cron.Parse(s.Spec, s.Timezone)
	if err != nil {
		return shown // of a newer program, perhaps: it has no times here
	}
	for at := spec.Next(now); !at.IsZero() && len(shown.NextRuns) < nextRuns; at = spec.Next(at) {
		shown.NextRuns = append(shown.NextRuns, at)
	}
	return shown
}

// revisionOf is the revision of an encoded schedule.
func revisionOf(text string) string { return text[len(`{"rev":"`):markSize] }

func scheduleError(name string, err error) error { return fmt.Errorf("schedule %s: %w", name, err) }
