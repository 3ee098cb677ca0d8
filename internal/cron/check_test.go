package cron_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/cron"
)

func TestComplete_FillsInDefaults(t *testing.T) {
	t.Parallel()
	given := zeroq.Schedule{Name: "nightly", Spec: "0 2 * * *", Task: zeroq.NewTask("report", nil)}
	s, spec, err := cron.Complete(given)
	if err != nil || spec == nil {
		t.Fatal(err)
	}
	if s.Timezone != "UTC" || s.Overlap != zeroq.OverlapAllow || s.CatchUp != zeroq.CatchUpNone ||
		s.Task.Queue != zeroq.DefaultQueue || s.Task.MaxAttempts != zeroq.DefaultMaxAttempts {
		t.Errorf("%+v of %+v", s, s.Task)
	}
	if given.Task.Queue != "" {
		t.Error("the caller's own task was changed")
	}
}

func TestComplete_MistakesNameTheField(t *testing.T) {
	t.Parallel()
	many := make(map[string]string)
	for i := range zeroq.MaxHeaders - 1 { // two come on top
		many[fmt.Sprint(i)] = ""
	}
	for _, c := range []struct {
		field string
		spoil func(*zeroq.Schedule)
	}{
		{"name", func(s *zeroq.Schedule) { s.Name = "" }},
		{"name", func(s *zeroq.Schedule) { s.Name = "Nightly" }},
		{"spec", func(s *zeroq.Schedule) { s.Spec = "" }},
		{"timezone", func(s *zeroq.Schedule) { s.Timezone = "Nowhere" }},
		{"jitter", func(s *zeroq.Schedule) { s.Jitter = -1 }},
		{"jitter", func(s *zeroq.Schedule) { s.Jitter = time.Hour + 1 }},
		{"overlap", func(s *zeroq.Schedule) { s.Overlap = "queue" }},
		{"catch_up", func(s *zeroq.Schedule) { s.CatchUp = "some" }},
		{"task", func(s *zeroq.Schedule) { s.Task = nil }},
		{"task.type", func(s *zeroq.Schedule) { s.Task.Type = "" }},
		{"task.queue", func(s *zeroq.Schedule) { s.Task.Queue = "No" }},
		{"task.data", func(s *zeroq.Schedule) { s.Task.Data = json.RawMessage("{") }},
		{"task.max_attempts", func(s *zeroq.Schedule) { s.Task.MaxAttempts = -1 }},
		{"task.id", func(s *zeroq.Schedule) { s.Task.ID = "mine" }},
		{"task.delay", func(s *zeroq.Schedule) { s.Task.Delay = time.Second }},
		{"task.run_at", func(s *zeroq.Schedule) { s.Task.RunAt = time.Now() }},
		{"task.deadline", func(s *zeroq.Schedule) { s.Task.Deadline = time.Now().Add(time.Hour) }},
		{"task.expires_at", func(s *zeroq.Schedule) { s.Task.ExpiresAt = time.Now().Add(time.Hour) }},
		{"task.unique", func(s *zeroq.Schedule) { s.Task.Unique = &zeroq.Unique{Key: "k"} }},
		{"task.headers", func(s *zeroq.Schedule) { s.Task.Headers = map[string]string{cron.HeaderName: "x"} }},
		{"task.headers", func(s *zeroq.Schedule) { s.Task.Headers = many }},
	} {
		s := zeroq.Schedule{Name: "nightly", Spec: "0 2 * * *", Task: zeroq.NewTask("report", nil)}
		c.spoil(&s)
		_, _, err := cron.Complete(s)
		var wrong *zeroq.FieldError
		if !errors.As(err, &wrong) || wrong.Field != c.field || wrong.Reason == "" {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}
