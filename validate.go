package zeroq

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// The limits of a task's fields.
const (
	MaxDelay       = 365 * 24 * time.Hour
	MinTimeout     = time.Second
	MaxTimeout     = 24 * time.Hour
	MaxRetention   = 365 * 24 * time.Hour
	MaxMaxAttempts = 1000
	MaxHeaders     = 32
	MaxHeaderBytes = 1 << 10
	MaxDataBytes   = 1 << 20
	MaxGroupBytes  = 128
	pastTolerance  = time.Minute
)

// lastMoment is the last one that RFC 3339 can write.
var lastMoment = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

const (
	smallAlnum = "abcdefghijklmnopqrstuvwxyz0123456789"
	alnum      = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + smallAlnum
)

// What names are made of. Each task has some of them, so that a regular expression would cost too much.
var (
	typeName  = pattern{most: 128, first: bytesOf(alnum + "._:/-"), rest: bytesOf(alnum + "._:/-")}
	queueName = pattern{most: 64, first: bytesOf(smallAlnum), rest: bytesOf(smallAlnum + "_-")}
	taskID    = pattern{most: 128, first: bytesOf(alnum), rest: bytesOf(alnum + "._:-")}
)

// pattern is a name of 1 to most bytes.
type pattern struct {
	most        int
	first, rest [256]bool
}

func bytesOf(allowed string) (set [256]bool) {
	for _, c := range []byte(allowed) {
		set[c] = true
	}
	return set
}

func (p *pattern) matches(name string) bool {
	if name == "" || len(name) > p.most || !p.first[name[0]] {
		return false
	}
	for _, c := range []byte(name) {
		if !p.rest[c] {
			return false
		}
	}
	return true
}

// ValidateQueue reports a [FieldError] for a name that no queue can have.
func ValidateQueue(name string) error {
	if !queueName.matches(name) {
		return &FieldError{"queue", "must be 1 to 64 of a-z0-9_- and begin with a letter or digit"}
	}
	return nil
}

func validType(typ string) bool { return typeName.matches(typ) }

// ValidID reports whether a producer may choose the id.
func ValidID(id string) bool { return taskID.matches(id) }

// Validate reports, as a [FieldError], the first field that is out of its limits. now decides
// which times are past.
func (t *Task) Validate(now time.Time) error {
	if t.err != nil {
		return t.err
	}
	if err := t.validateName(); err != nil {
		return err
	}
	if err := t.validateData(); err != nil {
		return err
	}
	if err := t.validateTimes(now); err != nil {
		return err
	}
	if err := t.validateLimits(); err != nil {
		return err
	}
	return t.validateHeaders()
}

func (t *Task) validateName() error {
	if t.Type == "" {
		return &FieldError{"type", "is missing"}
	}
	if !validType(t.Type) {
		return &FieldError{"type", "must be 1 to 128 of A-Za-z0-9._:/-"}
	}
	if t.ID != "" && !ValidID(t.ID) {
		return &FieldError{"id", "must be 1 to 128 of A-Za-z0-9._:- and begin with a letter or digit"}
	}
	if len(t.Group) > MaxGroupBytes || !utf8.ValidString(t.Group) {
		return &FieldError{"group", fmt.Sprintf("must be UTF-8 of at most %d bytes", MaxGroupBytes)}
	}
	if t.Queue != "" {
		return ValidateQueue(t.Queue)
	}
	return nil
}

func (t *Task) validateData() error {
	if len(t.Data) > MaxDataBytes {
		return &FieldError{"data", fmt.Sprintf("is %d bytes, the most is %d", len(t.Data), MaxDataBytes)}
	}
	if len(t.Data) > 0 && !(json.Valid(t.Data) && utf8.Valid(t.Data)) {
		return &FieldError{"data", "is not valid JSON"}
	}
	return nil
}

func (t *Task) validateTimes(now time.Time) error {
	switch {
	case t.Delay < 0:
		return &FieldError{"delay", "must not be negative"}
	case t.Delay > MaxDelay:
		return &FieldError{"delay", "must be at most a year"}
	case t.Delay > 0 && !t.RunAt.IsZero():
		return &FieldError{"run_at", "cannot stand beside delay"}
	case !t.RunAt.IsZero() && t.RunAt.Before(now.Add(-pastTolerance)):
		return &FieldError{"run_at", "is in the past"}
	case t.RunAt.After(now.Add(MaxDelay)):
		return &FieldError{"run_at", "must be at most a year away"}
	}
	if t.Deadline.IsZero() && t.ExpiresAt.IsZero() {
		return nil
	}
	first := now.Add(t.Delay)
	if t.RunAt.After(first) {
		first = t.RunAt
	}
	switch {
	case !t.Deadline.IsZero() && !t.Deadline.After(first):
		return &FieldError{"deadline", "must be after the first start"}
	case !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(first):
		return &FieldError{"expires_at", "must be after the first start"}
	case t.Deadline.After(lastMoment):
		return &FieldError{"deadline", "must be before the year 10000"}
	case t.ExpiresAt.After(lastMoment):
		return &FieldError{"expires_at", "must be before the year 10000"}
	}
	return nil
}

func (t *Task) validateLimits() error {
	switch {
	case t.MaxAttempts < 0 || t.MaxAttempts > MaxMaxAttempts:
		return &FieldError{"max_attempts", fmt.Sprintf("must be 1 to %d", MaxMaxAttempts)}
	case t.Timeout != 0 && (t.Timeout < MinTimeout || t.Timeout > MaxTimeout):
		return &FieldError{"timeout", "must be 1s to 24h"}
	case t.Retention < 0 || t.Retention > MaxRetention:
		return &FieldError{"retention", "must be positive and at most a year"}
	case t.Priority != "" && !slices.Contains(Priorities, t.Priority):
		return &FieldError{"priority", "must be high, normal or low"}
	}
	if t.Unique != nil {
		return t.Unique.validate(t.Delay > 0 || !t.RunAt.IsZero())
	}
	return nil
}

func (t *Task) validateHeaders() error {
	if len(t.Headers) > MaxHeaders {
		return &FieldError{"headers", fmt.Sprintf("are %d, the most is %d", len(t.Headers), MaxHeaders)}
	}
	for name, value := range t.Headers {
		if name == "" || len(name)+len(value) > MaxHeaderBytes {
			return &FieldError{"headers", fmt.Sprintf("must have a name, and at most %d bytes each", MaxHeaderBytes)}
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return &FieldError{"headers", "must be valid UTF-8"}
		}
	}
	return nil
}
