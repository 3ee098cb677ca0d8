package request

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// reader reads the value of one member into what its object becomes.
type reader[T any] func(p *parser, name string, into *T) error

// readers has every field of a task that a client may set.
var readers = map[string]reader[zeroq.Task]{
	"id":           text(func(t *zeroq.Task) *string { return &t.ID }),
	"type":         taskType,
	"queue":        text(func(t *zeroq.Task) *string { return &t.Queue }),
	"priority":     text(func(t *zeroq.Task) *zeroq.Priority { return &t.Priority }),
	"group":        text(func(t *zeroq.Task) *string { return &t.Group }),
	"delay":        duration(func(t *zeroq.Task) *time.Duration { return &t.Delay }, 0),
	"timeout":      duration(func(t *zeroq.Task) *time.Duration { return &t.Timeout }, 1),
	"retention":    duration(func(t *zeroq.Task) *time.Duration { return &t.Retention }, 1),
	"run_at":       moment(func(t *zeroq.Task) *time.Time { return &t.RunAt }),
	"deadline":     moment(func(t *zeroq.Task) *time.Time { return &t.Deadline }),
	"expires_at":   moment(func(t *zeroq.Task) *time.Time { return &t.ExpiresAt }),
	"max_attempts": maxAttempts,
	"data":         data,
	"headers":      headers,
	"unique":       unique,
}

// notOverHTTP are fields of the message on the list that clients cannot set.
var notOverHTTP = map[string]bool{"attempt": true, "errors": true, "enqueued_at": true}

func unknownField(name string) error { return unknownMember(name, name) }

// unknownMember is unknownField for a field of a task that is a part of something else, where it has
// a longer name.
func unknownMember(key, name string) error {
	if notOverHTTP[key] {
		return problem.Unknown(name, name+" cannot be set over HTTP")
	}
	return problem.Unknown(cut(name), "there is no such field")
}

// str reads a string.
func (p *parser) str(name, want string) (string, error) {
	if p.PeekKind() != '"' {
		return "", p.wrongType(name, want)
	}
	token, err := p.ReadToken()
	if err != nil {
		return "", syntaxError(err)
	}
	return token.String(), nil
}

// taskType reads a type. An integer is taken for its decimal string, as it is on the list.
func taskType(p *parser, name string, task *zeroq.Task) (err error) {
	const want = "a string or an integer"
	if p.PeekKind() == '0' {
		var token jsontext.Token
		if token, err = p.ReadToken(); err != nil {
			return syntaxError(err)
		}
		task.Type = token.String()
		if _, err = strconv.ParseInt(task.Type, 10, 64); err != nil {
			return problem.Field(name, name+" must be "+want)
		}
		return nil
	}
	if task.Type, err = p.str(name, want); err == nil && task.Type == "" {
		err = problem.Field(name, name+" must not be empty")
	}
	return err
}

// wrongType reports a value of the wrong kind, unless it is no value at all.
func (p *parser) wrongType(name, want string) error {
	if _, err := p.ReadToken(); err != nil {
		return syntaxError(err)
	}
	return problem.Field(name, name+" must be "+want)
}

func text[T any, S ~string](field func(*T) *S) reader[T] {
	return func(p *parser, name string, into *T) error {
		value, err := p.str(name, "a string")
		if err != nil {
			return err
		}
		if value == "" {
			return problem.Field(name, name+" must not be empty")
		}
		*field(into) = S(value)
		return nil
	}
}

// goDuration is what package time takes for a duration if it fits into one.
var goDuration = regexp.MustCompile(`^[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$`)

// duration reads a duration of at least least, as 0 in a task stands for the default.
func duration[T any](field func(*T) *time.Duration, least time.Duration) reader[T] {
	const want = `a duration in a string, such as "1m30s"`
	return func(p *parser, name string, into *T) error {
		value, err := p.str(name, want)
		if err != nil {
			return err
		}
		d, err := time.ParseDuration(value)
		switch {
		case err == nil:
		case goDuration.MatchString(value):
			return problem.Field(name, name+" is out of range")
		default:
			return problem.Field(name, name+" must be "+want)
		}
		if d < least {
			return problem.Field(name, name+" must be positive")
		}
		*field(into) = d
		return nil
	}
}

// rfc3339 has the digits that package time does not insist on.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func moment(field func(*zeroq.Task) *time.Time) reader[zeroq.Task] {
	const want = `a time of RFC 3339, such as "2030-01-02T15:04:05Z"`
	return func(p *parser, name string, task *zeroq.Task) error {
		value, err := p.str(name, want)
		if err != nil {
			return err
		}
		var at time.Time
		if err := at.UnmarshalText([]byte(value)); err != nil || !rfc3339.MatchString(value) {
			return problem.Field(name, name+" must be "+want)
		}
		if at.IsZero() { // which stands for "not set" in a task
			return problem.Field(name, name+" is in the past")
		}
		*field(task) = at
		return nil
	}
}

func maxAttempts(p *parser, name string, task *zeroq.Task) error {
	if p.PeekKind() != '0' {
		return p.wrongType(name, "an integer")
	}
	token, err := p.ReadToken()
	if err != nil {
		return syntaxError(err)
	}
	n, err := strconv.Atoi(token.String())
	if err != nil || n < 1 || n > zeroq.MaxMaxAttempts {
		return problem.Field(name, fmt.Sprintf("%s must be an integer from 1 to %d", name, zeroq.MaxMaxAttempts))
	}
	task.MaxAttempts = n
	return nil
}

func data(p *parser, name string, task *zeroq.Task) error {
	value, err := p.value(name)
	task.Data = json.RawMessage(value)
	return err
}

func headers(p *parser, name string, task *zeroq.Task) error {
	const want = "an object of strings"
	task.Headers = make(map[string]string)
	return p.object(name, want, func(header string) (err error) {
		task.Headers[header], err = p.str(name, want)
		return err
	})
}
