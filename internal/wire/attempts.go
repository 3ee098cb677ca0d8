package wire

import (
	"bytes"
	"encoding/json"
	"errors"
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

// DecodeErrors reads what [EncodeErrors] wrote. It stops at the first that is none, so that a list of
// anything else costs no more than its bytes.
func DecodeErrors(raw []byte) ([]zeroq.AttemptError, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if token, err := dec.Token(); err != nil || token != json.Delim('[') {
		return nil, errors.New("no list of attempts")
	}
	var errs []zeroq.AttemptError
	for dec.More() {
		var a attempt
		if err := dec.Decode(&a); err != nil {
			return nil, err
		}
		at, err := parseTime(a.At)
		if err != nil {
			return nil, err
		}
		took, _ := time.ParseDuration(a.Duration) // absent: unknown, which is 0
		errs = append(errs, zeroq.AttemptError{Attempt: a.Attempt, At: at, Worker: a.Worker, Duration: took, Message: a.Message})
	}
	return errs, nil
}
