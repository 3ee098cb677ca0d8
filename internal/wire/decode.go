// Package wire is the message on the list: a JSON object, described in docs/wire-format.md.
//
// A message is admitted once it begins with its id and the time it was enqueued, as [Encode] and
// [Admit] write it. A bare message, pushed by anybody with any Redis client, needs only a type.
// Messages are edited in place: data, key order, spaces and unknown members survive.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeroq-dev/zeroq"
)

// MaxDepth is how deep the values of a message may nest.
const MaxDepth = 64

// ErrMalformed is the cause of every error of [Decode].
var ErrMalformed = errors.New("malformed message")

// Decode reads a message. Names are matched without regard to case; unknown members are ignored.
// The task's Data is a part of raw, not a copy. The task has its defaults, but for Queue, which is
// that of the list. An error is an [ErrMalformed], or a [zeroq.FieldError] for a member that is
// JSON but not what its name asks for.
func Decode(raw []byte) (*zeroq.Task, error) {
	task := new(zeroq.Task)
	err := members(raw, func(m member) error {
		if r, known := readers[m.name]; known {
			return r.read(task, m.value)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if task.Type == "" {
		return nil, &zeroq.FieldError{Field: "type", Reason: "is missing"}
	}
	if err := checkDepth(raw); err != nil {
		return nil, err
	}
	queue := task.Queue
	task.SetDefaults()
	task.Queue = queue
	return task, nil
}

// member is one name and value of the top object, and where they stand.
type member struct {
	name       string // in lower case
	value      jsontext.Value
	start, end int // from the name's quote to the end of the value
}

// reader is a decoder with a buffer that it reads in place.
type reader struct {
	*jsontext.Decoder
	buffer bytes.Buffer
}

var idle = sync.Pool{New: func() any { return &reader{Decoder: jsontext.NewDecoder(new(bytes.Buffer))} }}

// read returns a reader of raw, for release when it is done.
func read(raw []byte) *reader {
	r := idle.Get().(*reader)
	r.buffer = *bytes.NewBuffer(raw)
	r.Reset(&r.buffer)
	return r
}

// release lets go of what was read: a reader may be idle for long.
func (r *reader) release() {
	r.buffer = bytes.Buffer{}
	r.Reset(&r.buffer)
	idle.Put(r)
}

// members calls visit for each member of the object that raw is, in order.
func members(raw []byte, visit func(member) error) error {
	dec := read(raw)
	defer dec.release()
	if dec.PeekKind() != '{' {
		return malformed(errors.New("not a JSON object"))
	}
	if _, err := dec.ReadToken(); err != nil {
		return malformed(err)
	}
	seen := make([]string, 0, 24) // as many as mean something, and some
	for dec.PeekKind() != '}' {
		m, err := next(dec, raw)
		if err != nil {
			return malformed(err)
		}
		if _, known := readers[m.name]; known {
			for _, name := range seen {
				if name == m.name {
					return malformed(fmt.Errorf("%q stands twice", m.name))
				}
			}
			seen = append(seen, m.name)
		}
		if err := visit(m); err != nil {
			return err
		}
	}
	return finish(dec)
}

func next(dec *reader, raw []byte) (member, error) {
	name, err := dec.ReadValue()
	if err != nil {
		return member{}, err
	}
	m := member{start: int(dec.InputOffset()) - len(name), name: nameOf(name)}
	value, err := dec.ReadValue()
	if err != nil {
		return member{}, err
	}
	m.end = int(dec.InputOffset())
	m.value = jsontext.Value(raw[m.end-len(value) : m.end : m.end])
	return m, nil
}

// nameOf is a quoted name in lower case. One that means something and is written so takes no memory.
func nameOf(quoted jsontext.Value) string {
	if r, known := readers[string(quoted[1:len(quoted)-1])]; known {
		return r.name
	}
	return strings.ToLower(textOf(quoted))
}

// textOf is what stands in quotes, which is known to be JSON.
func textOf(quoted jsontext.Value) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	text, _ := jsontext.AppendUnquote(nil, quoted)
	return string(text)
}

func finish(dec *reader) error {
	if _, err := dec.ReadToken(); err != nil {
		return malformed(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return malformed(errors.New("something follows the object"))
	}
	return nil
}

func malformed(err error) error { return fmt.Errorf("%w: %w", ErrMalformed, err) }

// CheckData reports, as a [zeroq.FieldError], data of a task that [Decode] would refuse: what is no
// JSON, has a name twice in one object, or nests too deep. Empty data is null.
func CheckData(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	dec := read(data)
	defer dec.release()
	_, err := dec.ReadValue()
	if err == nil {
		if _, next := dec.ReadToken(); !errors.Is(next, io.EOF) {
			err = errors.New("something follows the value")
		}
	}
	switch {
	case err != nil:
		return wrong("data", fmt.Sprintf("is not valid JSON: %v", err))
	case depth(data) >= MaxDepth: // the message around it is a level of its own
		return wrong("data", fmt.Sprintf("is nested deeper than %d", MaxDepth-1))
	}
	return nil
}

// checkDepth bounds the nesting of a message that is known to be JSON.
func checkDepth(raw []byte) error {
	if bytes.Count(raw, []byte{'{'})+bytes.Count(raw, []byte{'['}) <= MaxDepth {
		return nil // so few that it does not matter where they stand
	}
	if depth(raw) > MaxDepth {
		return malformed(fmt.Errorf("nested deeper than %d", MaxDepth))
	}
	return nil
}

// depth is how deep JSON is nested; 0 for a value that is neither object nor array.
func depth(raw []byte) int {
	deepest, level, quoted := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}

// field is a member that means something.
type field struct {
	name string
	read func(*zeroq.Task, jsontext.Value) error
}

// readers are these members by name.
var readers = func() map[string]field {
	byName := make(map[string]field)
	for _, f := range []field{
		{"id", func(t *zeroq.Task, v jsontext.Value) error { return readString("id", v, &t.ID) }},
		{"type", readType},
		{"data", func(t *zeroq.Task, v jsontext.Value) error { t.Data = json.RawMessage(v); return nil }},
		{"queue", func(t *zeroq.Task, v jsontext.Value) error { return readString("queue", v, &t.Queue) }},
		{"delay", func(t *zeroq.Task, v jsontext.Value) error { return readDuration("delay", v, &t.Delay) }},
		{"run_at", func(t *zeroq.Task, v jsontext.Value) error { return readTime("run_at", v, &t.RunAt) }},
		{"attempt", func(t *zeroq.Task, v jsontext.Value) error { return readCount("attempt", v, &t.Attempt) }},
		{"max_attempts", func(t *zeroq.Task, v jsontext.Value) error { return readCount("max_attempts", v, &t.MaxAttempts) }},
		{"timeout", func(t *zeroq.Task, v jsontext.Value) error { return readDuration("timeout", v, &t.Timeout) }},
		{"deadline", func(t *zeroq.Task, v jsontext.Value) error { return readTime("deadline", v, &t.Deadline) }},
		{"expires_at", func(t *zeroq.Task, v jsontext.Value) error { return readTime("expires_at", v, &t.ExpiresAt) }},
		{"enqueued_at", func(t *zeroq.Task, v jsontext.Value) error { return readTime("enqueued_at", v, &t.EnqueuedAt) }},
		{"retention", func(t *zeroq.Task, v jsontext.Value) error { return readDuration("retention", v, &t.Retention) }},
		{"priority", readPriority},
		{"group", func(t *zeroq.Task, v jsontext.Value) error { return readString("group", v, &t.Group) }},
		{"unique", readUnique},
		{"headers", readHeaders},
		{"errors", readErrors},
	} {
		byName[f.name] = f
	}
	return byName
}()

func wrong(field, reason string) error { return &zeroq.FieldError{Field: field, Reason: reason} }

func readString(field string, v jsontext.Value, to *string) error {
	switch v.Kind() {
	case 'n':
		return nil
	case '"':
		*to = textOf(v)
		return nil
	}
	return wrong(field, "must be a string")
}

// readType takes an integer for its decimal string, so that {"Type":1} names the type "1".
func readType(t *zeroq.Task, v jsontext.Value) error {
	if v.Kind() == '0' {
		if _, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			t.Type = string(v)
			return nil
		}
	}
	if v.Kind() != '"' {
		return wrong("type", "must be a string or an integer")
	}
	t.Type = textOf(v)
	return nil
}

func readCount(field string, v jsontext.Value, to *int) error {
	if v.Kind() == 'n' {
		return nil
	}
	n, err := strconv.ParseUint(string(v), 10, 31)
	if err != nil || n == 0 {
		return wrong(field, "must be a positive integer")
	}
	*to = int(n)
	return nil
}

func readDuration(field string, v jsontext.Value, to *time.Duration) error {
	var text string
	if err := readString(field, v, &text); err != nil || text == "" {
		return err
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return wrong(field, `must be a duration such as "1m30s"`)
	}
	*to = d
	return nil
}

func readTime(field string, v jsontext.Value, to *time.Time) error {
	var text string
	if err := readString(field, v, &text); err != nil || text == "" {
		return err
	}
	at, err := parseTime(text)
	if err != nil {
		return wrong(field, `must be a time such as "2006-01-02T15:04:05Z"`)
	}
	*to = at
	return nil
}

// parseTime reads a time that [FormatTime] can write again: in UTC its year still has four digits.
func parseTime(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if at = at.UTC(); err == nil && (at.Year() < 0 || at.Year() > 9999) {
		err = errors.New("year out of range")
	}
	return at, err
}

func readPriority(t *zeroq.Task, v jsontext.Value) error {
	var text string
	if err := readString("priority", v, &text); err != nil {
		return err
	}
	t.Priority = zeroq.Priority(text)
	if text != "" && !slices.Contains(zeroq.Priorities, t.Priority) {
		return wrong("priority", "must be high, normal or low")
	}
	return nil
}

// readUnique reads the object of a unique key. Which values are good is for Validate to say.
func readUnique(t *zeroq.Task, v jsontext.Value) error {
	if v.Kind() == 'n' {
		return nil
	}
	var unique struct {
		Key  string `json:"key"`
		Mode string `json:"mode"`
		For  string `json:"for"`
	}
	if err := json.Unmarshal(v, &unique); err != nil {
		return wrong("unique", `must be an object such as {"key":"report-7","mode":"until_finished"}`)
	}
	t.Unique = &zeroq.Unique{Key: unique.Key, Mode: zeroq.UniqueMode(unique.Mode)}
	if unique.For == "" {
		return nil
	}
	d, err := time.ParseDuration(unique.For)
	if err != nil || d < 0 {
		return wrong("unique.for", `must be a duration such as "10m"`)
	}
	t.Unique.For = d
	return nil
}

func readHeaders(t *zeroq.Task, v jsontext.Value) error {
	if err := json.Unmarshal(v, &t.Headers); err != nil {
		return wrong("headers", "must be an object of strings")
	}
	return nil
}
