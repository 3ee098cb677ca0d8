package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq"
)

// reference reads a task as docs/wire-format.md and the OpenAPI document say, by encoding/json and with no
// code of what it judges. Over HTTP names are exact, all are known, and nothing is null but data.
type reference struct {
	http bool
	now  time.Time
}

// sentence is what the reference says of a message.
type sentence struct {
	ok bool
	// json: what is wrong, if anything is, is a member and not the text.
	json bool
	// plain: it has nothing that keeps it from running at once.
	plain bool
	typ   string
	id    string
	data  string
}

var errWrong = errors.New("wrong")

func (r reference) judge(raw []byte) (s sentence) {
	members, ok := r.membersOf(raw)
	if !ok {
		return s
	}
	task := &zeroq.Task{}
	s = sentence{ok: true, json: true, plain: true, data: string(members["data"])}
	for name, value := range members {
		if r.read(task, name, value) != nil {
			s.ok = false
		}
	}
	s.typ, s.id = task.Type, task.ID
	s.ok = s.ok && task.Type != "" && r.within(task)
	for _, name := range []string{"delay", "run_at", "unique", "deadline", "expires_at", "attempt", "id", "retention"} {
		s.plain = s.plain && members[name] == nil
	}
	return s
}

// within holds what was read to the limits; the deadline and the expiry of a message on the list are judged
// when it would start.
func (r reference) within(task *zeroq.Task) bool {
	probe := *task
	if !r.http {
		probe.Queue, probe.Deadline, probe.ExpiresAt = "", time.Time{}, time.Time{}
	}
	return probe.Validate(r.now) == nil
}

// membersOf are those of an object, by the names that count. The text is JSON of UTF-8 without lone
// surrogates, without a name twice, and not too deep.
func (r reference) membersOf(raw []byte) (map[string]json.RawMessage, bool) {
	if !json.Valid(raw) || !utf8.Valid(raw) || loneSurrogate(raw) {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if deepest, twice := walk(dec); deepest > 64 || twice {
		return nil, false
	}
	all := make(map[string]json.RawMessage)
	if bytes.TrimSpace(raw)[0] != '{' || json.Unmarshal(raw, &all) != nil {
		return nil, false
	}
	known := make(map[string]json.RawMessage)
	for name, value := range all {
		if !r.http {
			name = strings.ToLower(name)
		}
		if slices.Contains(onTheList, name) && known[name] != nil {
			return nil, false
		}
		known[name] = value
	}
	return known, true
}

// walk reads one value and says how deep it is, and whether a name stands twice in one object.
func walk(dec *json.Decoder) (deepest int, twice bool) {
	var names []map[string]bool // nil for an array
	key := false
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return deepest, twice
		}
		inside := len(names) > 0 && names[len(names)-1] != nil
		switch token {
		case json.Delim('{'):
			names, key = append(names, map[string]bool{}), true
		case json.Delim('['):
			names, key = append(names, nil), false
		case json.Delim('}'), json.Delim(']'):
			names = names[:len(names)-1]
			key = len(names) > 0 && names[len(names)-1] != nil
		default:
			if name, ok := token.(string); ok && inside && key {
				twice = twice || names[len(names)-1][name]
				names[len(names)-1][name] = true
				key = false
			} else {
				key = inside
			}
		}
		deepest = max(deepest, len(names))
	}
}

var escape = regexp.MustCompile(`\\(?:u([0-9A-Fa-f]{4})|.)`)

// loneSurrogate finds half of a pair; encoding/json puts something in its place.
func loneSurrogate(raw []byte) bool {
	high := -1 // where the escape behind a high half must begin
	for _, m := range escape.FindAllSubmatchIndex(raw, -1) {
		if m[2] < 0 {
			continue
		}
		n, _ := strconv.ParseUint(string(raw[m[2]:m[3]]), 16, 32)
		switch {
		case high >= 0 && m[0] == high && n >= 0xdc00 && n < 0xe000:
			high = -1
		case high >= 0 || n >= 0xdc00 && n < 0xe000:
			return true
		case n >= 0xd800 && n < 0xdc00:
			high = m[1]
		}
	}
	return high >= 0
}

// onTheList are the members that mean something on the list; overHTTP those that a client sets.
var (
	overHTTP  = []string{"id", "type", "data", "queue", "delay", "run_at", "max_attempts", "timeout", "deadline", "expires_at", "retention", "priority", "group", "unique", "headers"}
	onTheList = append([]string{"attempt", "enqueued_at", "errors"}, overHTTP...)
)

// read reads a member into the task, or says that it is wrong.
func (r reference) read(task *zeroq.Task, name string, value json.RawMessage) error {
	switch {
	case r.http && !slices.Contains(overHTTP, name):
		return errWrong
	case name == "data":
		task.Data = value
		return nil
	case name == "type":
		return readType(task, value)
	case string(value) == "null" && !r.http:
		return nil
	case string(value) == "null":
		return errWrong
	}
	switch name {
	case "id":
		return r.text(value, &task.ID)
	case "queue":
		return r.text(value, &task.Queue)
	case "priority":
		return r.text(value, (*string)(&task.Priority))
	case "group":
		// Redis lists keep no order, of which producers are told; nobody is there to be told of a bare message.
		if err := r.text(value, &task.Group); err != nil || r.http && task.Group != "" {
			return errWrong
		}
		task.Group = ""
		return nil
	case "delay":
		return r.duration(value, &task.Delay, 0)
	case "timeout":
		return r.duration(value, &task.Timeout, 1)
	case "retention":
		return r.duration(value, &task.Retention, 1)
	case "run_at":
		return r.moment(value, &task.RunAt)
	case "deadline":
		return r.moment(value, &task.Deadline)
	case "expires_at":
		return r.moment(value, &task.ExpiresAt)
	case "enqueued_at":
		return r.moment(value, new(time.Time))
	case "max_attempts":
		return r.count(value, &task.MaxAttempts)
	case "attempt":
		return r.count(value, new(int))
	case "headers":
		return r.headers(value, task)
	case "unique":
		return r.unique(value, task)
	case "errors":
		return r.errors(value)
	}
	return nil
}

func readType(task *zeroq.Task, value json.RawMessage) error {
	if _, err := strconv.ParseInt(string(value), 10, 64); err == nil {
		task.Type = string(value)
		return nil
	}
	if value[0] != '"' {
		return errWrong
	}
	return json.Unmarshal(value, &task.Type)
}

// text reads a string, which is empty on the list only.
func (r reference) text(value json.RawMessage, into *string) error {
	if value[0] != '"' || json.Unmarshal(value, into) != nil || r.http && *into == "" {
		return errWrong
	}
	return nil
}

func (r reference) duration(value json.RawMessage, into *time.Duration, least time.Duration) error {
	var text string
	if err := r.text(value, &text); err != nil || text == "" {
		return err
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || r.http && d < least {
		return errWrong
	}
	*into = d
	return nil
}

var exactTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func (r reference) moment(value json.RawMessage, into *time.Time) error {
	var text string
	if err := r.text(value, &text); err != nil || text == "" {
		return err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || r.http && (at.IsZero() || !exactTime.MatchString(text)) || !r.http && (at.UTC().Year() < 0 || at.UTC().Year() > 9999) {
		return errWrong
	}
	*into = at
	return nil
}

var positive = regexp.MustCompile(`^[1-9][0-9]*$`)

func (r reference) count(value json.RawMessage, into *int) error {
	n, err := strconv.ParseInt(string(value), 10, 32)
	if err != nil || !positive.Match(value) {
		return errWrong
	}
	*into = int(n)
	return nil
}

func (r reference) headers(value json.RawMessage, task *zeroq.Task) error {
	var all map[string]*string
	if value[0] != '{' || json.Unmarshal(value, &all) != nil {
		return errWrong
	}
	task.Headers = make(map[string]string)
	for name, text := range all {
		switch {
		case text != nil:
			task.Headers[name] = *text
		case r.http:
			return errWrong
		default:
			task.Headers[name] = ""
		}
	}
	return nil
}

func (r reference) unique(value json.RawMessage, task *zeroq.Task) error {
	var all map[string]json.RawMessage
	if value[0] != '{' || json.Unmarshal(value, &all) != nil {
		return errWrong
	}
	task.Unique = &zeroq.Unique{}
	for name, member := range all {
		if !r.http {
			name = strings.ToLower(name)
		}
		err := error(nil)
		switch {
		case string(member) == "null" && !r.http:
		case name == "key":
			err = r.text(member, &task.Unique.Key)
		case name == "mode":
			err = r.text(member, (*string)(&task.Unique.Mode))
		case name == "for":
			err = r.duration(member, &task.Unique.For, 1)
		case r.http:
			err = errWrong
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r reference) errors(value json.RawMessage) error {
	var all []struct {
		Attempt                   int
		At                        string
		Worker, Duration, Message string
	}
	if json.Unmarshal(value, &all) != nil {
		return errWrong
	}
	for _, one := range all {
		if at, err := time.Parse(time.RFC3339, one.At); err != nil || at.UTC().Year() < 0 || at.UTC().Year() > 9999 {
			return errWrong
		}
	}
	return nil
}
