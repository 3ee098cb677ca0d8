package client

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// Error is an answer of the API that is no success, or an item of a batch that was refused.
type Error struct {
	// Status is the HTTP status; 0 for an item of a batch.
	Status int
	// Code is stable; empty when something before the API answered, such as a proxy.
	Code string
	// Message is for people.
	Message string
	// Field is the field or parameter that is wrong, if it is one.
	Field string
	// TaskID is the task that stands in the way, if one does.
	TaskID string
	// RetryAfter is how long to wait before trying again; 0 if the API did not say.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	text := e.Message
	if e.Field != "" && !strings.HasPrefix(text, e.Field) {
		text = e.Field + ": " + text
	}
	if e.TaskID != "" {
		text += ": " + e.TaskID
	}
	if e.Code != "" {
		text = e.Code + ": " + text
	}
	if e.Status != 0 {
		text = fmt.Sprintf("%d %s", e.Status, text)
	}
	return text
}

// causes are the errors of package zeroq that codes stand for.
var causes = map[string]error{
	"invalid_json":  zeroq.ErrInvalidTask,
	"invalid_field": zeroq.ErrInvalidTask,
	"unknown_field": zeroq.ErrInvalidTask,
	"unknown_queue": zeroq.ErrUnknownQueue,
	"not_found":     zeroq.ErrNotFound,
	"ambiguous_id":  zeroq.ErrAmbiguousID,
	"unavailable":   zeroq.ErrUnavailable,
	"timeout":       zeroq.ErrUnavailable,
	"overloaded":    zeroq.ErrUnavailable,
	"full":          zeroq.ErrStoreFull,
	"unsupported":   zeroq.ErrUnsupported,
	"format":        zeroq.ErrFormat,
	"queue_full":    zeroq.ErrQueueFull,
	"draining":      zeroq.ErrDraining,
	"unreadable":    zeroq.ErrUnreadable,
}

// Unwrap returns the error of package zeroq with the same meaning, or nil. It is a
// [zeroq.DuplicateError] where another task holds the unique key, and a [zeroq.StateError] where a task
// is in the wrong state.
func (e *Error) Unwrap() error {
	switch e.Code {
	case "duplicate":
		if e.Field == "unique" {
			return &zeroq.DuplicateError{TaskID: e.TaskID}
		}
		return zeroq.ErrDuplicateID
	case "wrong_state":
		return &zeroq.StateError{State: namedState(e.Message)}
	}
	return causes[e.Code]
}

// namedState is the state that a message names, or empty.
func namedState(message string) zeroq.State {
	for _, word := range strings.FieldsFunc(message, func(r rune) bool { return r < 'a' || r > 'z' }) {
		if state := zeroq.State(word); slices.Contains(zeroq.States, state) {
			return state
		}
	}
	return ""
}

// wireError is an error as the API writes it.
type wireError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field"`
	TaskID  string `json:"task_id"`
}

func (w wireError) err() *Error {
	return &Error{Code: w.Code, Message: cmp.Or(w.Message, "no reason was given"), Field: w.Field, TaskID: w.TaskID}
}

// maxErrorBytes is how much of an error's answer is read.
const maxErrorBytes = 64 << 10

func errorOf(response *http.Response) error {
	var body struct {
		Error wireError `json:"error"`
	}
	decoder := json.NewDecoder(io.LimitReader(response.Body, maxErrorBytes))
	if err := decoder.Decode(&body); err != nil || body.Error.Code == "" {
		body.Error = wireError{Message: http.StatusText(response.StatusCode)}
	}
	e := body.Error.err()
	e.Status = response.StatusCode
	if seconds, err := strconv.ParseInt(response.Header.Get("Retry-After"), 10, 64); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(min(seconds, math.MaxInt64/int64(time.Second))) * time.Second
	}
	return e
}
