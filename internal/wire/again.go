package wire

import (
	"strconv"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// Again makes the message of a finished task that runs once more as the given attempt: it has at least
// that many, no expiry, and no deadline that has passed. Every other byte stays.
func Again(raw []byte, task *zeroq.Task, attempt int, errs []zeroq.AttemptError, now time.Time) ([]byte, error) {
	changes := []change{{name: "attempt", value: strconv.AppendInt(nil, int64(attempt), 10)}}
	if task.MaxAttempts < attempt {
		changes = append(changes, change{name: "max_attempts", value: strconv.AppendInt(nil, int64(attempt), 10)})
	}
	if len(errs) > 0 {
		changes = append(changes, change{name: "errors", value: EncodeErrors(errs)})
	}
	if !task.ExpiresAt.IsZero() {
		changes = append(changes, change{name: "expires_at", value: []byte("null")})
	}
	if !task.Deadline.IsZero() && !task.Deadline.After(now) {
		changes = append(changes, change{name: "deadline", value: []byte("null")})
	}
	return edit(raw, changes)
}
