package task

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

// Show writes all that is known of a task.
func Show(s *session.Session, info *zeroq.TaskInfo) {
	state := s.State(info.State)
	if info.CancelRequested {
		state += session.Painted(", ") + s.Warn("told to stop")
	}
	s.Fields(
		session.Field{Name: "id", Value: info.ID},
		session.Field{Name: "type", Value: info.Type},
		session.Field{Name: "queue", Value: info.Queue},
		session.Field{Name: "state", Value: state},
		session.Field{Name: "priority", Value: info.Priority},
		session.Field{Name: "group", Value: info.Group},
		session.Field{Name: "attempt", Value: fmt.Sprintf("%d of %d", info.Attempt, info.MaxAttempts)},
		session.Field{Name: "enqueued", Value: s.Moment(info.EnqueuedAt)},
		session.Field{Name: "started", Value: s.Moment(info.StartedAt)},
		session.Field{Name: "finished", Value: s.Moment(info.FinishedAt)},
		session.Field{Name: "next run", Value: s.Moment(info.NextRunAt)},
		session.Field{Name: "worker", Value: info.Worker},
		session.Field{Name: "progress", Value: indent(info.Progress)},
		session.Field{Name: "data", Value: indent(info.Data)},
		session.Field{Name: "result", Value: indent(info.Result)},
		session.Field{Name: "error", Value: info.Error},
		session.Field{Name: "fingerprint", Value: info.Fingerprint},
		session.Field{Name: "attempts", Value: attempts(s, info.Errors)},
	)
}

// longLine is how long JSON may be to stand in one line.
const longLine = 60

func indent(raw json.RawMessage) string {
	var b bytes.Buffer
	if len(raw) <= longLine || json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

// attempts has a line for each failed attempt.
func attempts(s *session.Session, errs []zeroq.AttemptError) string {
	lines := make([]string, len(errs))
	for i, e := range errs {
		first, _, _ := strings.Cut(e.Message, "\n")
		lines[i] = fmt.Sprintf("%d: %s, took %s: %s", e.Attempt, s.Ago(e.At), session.Length(e.Duration), first)
	}
	return strings.Join(lines, "\n")
}
