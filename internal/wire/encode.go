package wire

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeroq-dev/zeroq"
)

// timeLayout is RFC 3339 in UTC with exactly three decimals.
const timeLayout = "2006-01-02T15:04:05.000Z"

// FormatTime writes a time as messages, records and HTTP answers have it.
func FormatTime(at time.Time) string {
	var space [len(timeLayout)]byte
	return string(appendTime(space[:0], at))
}

func appendTime(b []byte, at time.Time) []byte {
	at = at.UTC()
	year, month, day := at.Date()
	if year < 0 || year > 9999 {
		return at.AppendFormat(b, timeLayout)
	}
	hour, minute, second := at.Clock()
	b = appendDigits(b, year, 4)
	b = appendDigits(append(b, '-'), int(month), 2)
	b = appendDigits(append(b, '-'), day, 2)
	b = appendDigits(append(b, 'T'), hour, 2)
	b = appendDigits(append(b, ':'), minute, 2)
	b = appendDigits(append(b, ':'), second, 2)
	b = appendDigits(append(b, '.'), at.Nanosecond()/int(time.Millisecond), 3)
	return append(b, 'Z')
}

// appendDigits writes the last digits of n, as many as width.
func appendDigits(b []byte, n, width int) []byte {
	b = append(b, "0000"[:width]...)
	for i := len(b) - 1; width > 0; i, width, n = i-1, width-1, n/10 {
		b[i] = byte('0' + n%10)
	}
	return b
}

// appendQuotedTime writes a time as a JSON string.
func appendQuotedTime(b []byte, at time.Time) []byte {
	return append(appendTime(append(b, '"'), at), '"')
}

// Encode writes a task that has an ID, EnqueuedAt and its defaults as an admitted message. Members
// that have their default are left out.
func Encode(t *zeroq.Task) []byte { return Append(make([]byte, 0, 128+len(t.Data)), t) }

// Append is [Encode] to the end of b.
func Append(b []byte, t *zeroq.Task) []byte {
	b = appendAdmission(b, t)
	b = appendString(append(b, `"type":`...), t.Type)
	if t.Attempt > 1 {
		b = strconv.AppendInt(append(b, `,"attempt":`...), int64(t.Attempt), 10)
	}
	if t.MaxAttempts != zeroq.DefaultMaxAttempts {
		b = strconv.AppendInt(append(b, `,"max_attempts":`...), int64(t.MaxAttempts), 10)
	}
	if t.Timeout != zeroq.DefaultTimeout {
		b = appendString(append(b, `,"timeout":`...), t.Timeout.String())
	}
	if !t.Deadline.IsZero() {
		b = appendQuotedTime(append(b, `,"deadline":`...), t.Deadline)
	}
	if !t.ExpiresAt.IsZero() {
		b = appendQuotedTime(append(b, `,"expires_at":`...), t.ExpiresAt)
	}
	if t.Retention != zeroq.DefaultRetention {
		b = appendString(append(b, `,"retention":`...), t.Retention.String())
	}
	if t.Group != "" {
		b = appendString(append(b, `,"group":`...), t.Group)
	}
	if t.Unique != nil {
		b = appendUnique(append(b, `,"unique":`...), t.Unique)
	}
	if len(t.Headers) > 0 {
		headers, _ := json.Marshal(t.Headers) // a map of strings: it cannot fail
		b = append(append(b, `,"headers":`...), headers...)
	}
	b = append(append(b, `,"data":`...), t.Data...)
	return append(b, '}')
}

// admission are the members that Admit writes itself.
var admission = []string{"id", "enqueued_at", "delay", "run_at", "priority"}

// Admit makes an admitted message of a bare one: the id, the priority and the times of the task go to
// the front, a group stays if the task still has it, and everything else stays as it is. RunAt is zero unless
// the task waits for its time.
func Admit(raw []byte, t *zeroq.Task) ([]byte, error) {
	b := make([]byte, 0, len(raw)+96)
	b = appendAdmission(b, t)
	err := members(raw, func(m member) error {
		switch {
		case slices.Contains(admission, m.name), m.name == "group" && t.Group == "":
		default:
			b = append(append(b, raw[m.start:m.end]...), ',')
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	b[len(b)-1] = '}' // the last comma: there is a type at least
	return b, nil
}

// appendAdmission writes what the engine's scripts find at the front of a message.
func appendAdmission(b []byte, t *zeroq.Task) []byte {
	b = appendString(append(b, `{"id":`...), t.ID)
	b = appendQuotedTime(append(b, `,"enqueued_at":`...), t.EnqueuedAt)
	if t.Priority == zeroq.High || t.Priority == zeroq.Low {
		b = appendString(append(b, `,"priority":`...), string(t.Priority))
	}
	if !t.RunAt.IsZero() {
		b = appendQuotedTime(append(b, `,"run_at":`...), t.RunAt)
	}
	return append(b, ',')
}

func appendUnique(b []byte, u *zeroq.Unique) []byte {
	b = appendString(append(b, `{"key":`...), u.Key)
	b = appendString(append(b, `,"mode":`...), string(u.Mode))
	if u.For > 0 {
		b = appendString(append(b, `,"for":`...), u.For.String())
	}
	return append(b, '}')
}

// Retry makes the message of a task's next attempt: attempt, errors and run_at are replaced where
// they stand, or added at the end; every other byte stays.
func Retry(raw []byte, attempt int, errs []zeroq.AttemptError, runAt time.Time) ([]byte, error) {
	changes := []change{
		{name: "attempt", value: strconv.AppendInt(nil, int64(attempt), 10)},
		{name: "run_at", value: appendString(nil, FormatTime(runAt))},
	}
	if len(errs) > 0 {
		changes = append(changes, change{name: "errors", value: EncodeErrors(errs)})
	}
	return edit(raw, changes)
}

// Started takes the expiry off a message whose task has started: it bounds the first start, and a task
// that was snoozed comes back under the same number.
func Started(raw []byte) ([]byte, error) {
	return edit(raw, []change{{name: "expires_at", value: []byte("null")}})
}

// change is a new value of a member.
type change struct {
	name  string
	value []byte
}

func edit(raw []byte, changes []change) ([]byte, error) {
	b, copied, last := make([]byte, 0, len(raw)+256), 0, 0
	err := members(raw, func(m member) error {
		last = m.end
		i := slices.IndexFunc(changes, func(c change) bool { return c.name == m.name })
		if i < 0 {
			return nil
		}
		b = append(append(b, raw[copied:m.end-len(m.value)]...), changes[i].value...)
		copied = m.end
		changes = slices.Delete(changes, i, i+1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if last == 0 {
		return nil, malformed(fmt.Errorf("an empty object"))
	}
	b = append(b, raw[copied:last]...)
	for _, c := range changes {
		b = appendString(append(b, ','), c.name)
		b = append(append(b, ':'), c.value...)
	}
	return append(b, raw[last:]...), nil
}

// appendString writes a string that is valid UTF-8 as JSON.
func appendString(b []byte, s string) []byte {
	if isPlain(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// isPlain reports whether a string stands in JSON as it is.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
