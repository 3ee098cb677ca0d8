package wire

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/zeroq-dev/zeroq"
)

// Revive makes the message with which a finished task runs again. What t has in place of raw is edited
// in: attempt, max_attempts and errors are replaced where they stand, or added at the end; run_at and
// expires_at go, and so does the deadline unless t has one. A message that was not admitted under the id
// of t is admitted. Every other byte stays.
func Revive(raw []byte, t *zeroq.Task) ([]byte, error) {
	old, err := Decode(raw)
	if err != nil {
		return nil, err
	}
	gone := []string{"run_at", "expires_at"}
	if t.Deadline.IsZero() {
		gone = append(gone, "deadline")
	}
	head := `{"id":"` + t.ID + `","enqueued_at":"`
	admitted := len(raw) > len(head) && string(raw[:len(head)]) == head
	if !admitted {
		gone = append(gone, "id", "enqueued_at", "priority", "delay")
	}
	b, err := without(raw, gone)
	if err != nil {
		return nil, err
	}
	if !admitted {
		b = append(appendHead(nil, t), b[slices.Index(b, '{')+1:]...)
	}
	return edit(b, revisions(old, t))
}

// appendHead begins an admitted message that waits for no time.
func appendHead(b []byte, t *zeroq.Task) []byte {
	b = appendString(append(b, `{"id":`...), t.ID)
	b = appendString(append(b, `,"enqueued_at":`...), FormatTime(t.EnqueuedAt))
	if t.Priority == zeroq.High || t.Priority == zeroq.Low {
		b = appendString(append(b, `,"priority":`...), string(t.Priority))
	}
	return append(b, ',')
}

// revisions are what a task that runs again has in place of old.
func revisions(old, t *zeroq.Task) (changes []change) {
	if t.Attempt != old.Attempt {
		changes = append(changes, change{name: "attempt", value: strconv.AppendInt(nil, int64(t.Attempt), 10)})
	}
	if t.MaxAttempts != old.MaxAttempts {
		changes = append(changes, change{name: "max_attempts", value: strconv.AppendInt(nil, int64(t.MaxAttempts), 10)})
	}
	if !slices.Equal(t.Errors, old.Errors) {
		changes = append(changes, change{name: "errors", value: EncodeErrors(t.Errors)})
	}
	return changes
}

// without leaves members out, each with the comma before it; the first ones with the comma behind.
func without(raw []byte, names []string) ([]byte, error) {
	b := make([]byte, 0, len(raw)+256)
	copied, last := 0, 0 // copied: up to where raw was taken over or left out; last: where the last member that stays ends
	leading := false
	err := members(raw, func(m member) error {
		dropped := slices.Contains(names, m.name)
		switch {
		case dropped && last > 0:
			b = append(b, raw[copied:last]...)
			copied, last = m.end, m.end
		case dropped && !leading:
			b, leading = append(b, raw[:m.start]...), true
		case !dropped:
			if leading {
				copied, leading = m.start, false
			}
			last = m.end
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if last == 0 {
		return nil, malformed(fmt.Errorf("nothing is left of the object"))
	}
	return append(b, raw[copied:]...), nil
}
