package wire

import (
	"encoding/json"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeroq-dev/zeroq"
)

// attempt is a failed attempt as it stands in a message and in a task's record.
type attempt struct {
	Attempt  int    `json:"attempt"`
	At       string `json:"at"`
	Worker   string `json:"worker,omitempty"`
	Duration string `json:"duration,omitempty"`
	Message  string `json:"message"`
}

func readErrors(t *zeroq.Task, v jsontext.Value) error {
	errs, err := DecodeErrors(v)
	if err != nil {
		return wrong("errors", "must be a list of attempts")
	}
	t.Errors = errs
	return nil
}

// EncodeErrors writes failed attempts as JSON.
func EncodeErrors(errs []zeroq.AttemptError) json.RawMessage {
	attempts := make([]attempt, len(errs))
	for i, e := range errs {
		attempts[i] = attempt{Attempt: e.Attempt, At: FormatTime(e.At), Worker: e.Worker, Message: e.Message}
		if e.Duration > 0 {
			attempts[i].Duration = e.Duration.Round(time.Microsecond).String()
		}
	}
	raw, _ := json.Marshal(attempts) // strings and integers only: it cannot fail
	return raw
}

// DecodeErrors reads what [EncodeErrors] wrote.
func DecodeErrors(raw []byte) ([]zeroq.AttemptError, error) {
	var attempts []attempt
	if err := json.Unmarshal(raw, &attempts); err != nil {
		return nil, err
	}
	errs := make([]zeroq.AttemptError, len(attempts))
	for i, a := range attempts {
		at, err := parseTime(a.At)
		if err != nil {
			return nil, err
		}
		took, _ := time.ParseDuration(a.Duration) // absent: unknown, which is 0
		errs[i] = zeroq.AttemptError{Attempt: a.Attempt, At: at, Worker: a.Worker, Duration: took, Message: a.Message}
	}
	return errs, nil
}
