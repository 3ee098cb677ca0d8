package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/admission"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Encoding is how the bytes of a body become data.
type Encoding string

// The encodings: the body is JSON already, or becomes a JSON string.
const (
	EncodingJSON   Encoding = "json"
	EncodingText   Encoding = "text"
	EncodingBase64 Encoding = "base64"
)

// TraceHeaders are those that are taken over when nothing else is said.
var TraceHeaders = []string{"traceparent", "tracestate", "baggage"}

// Mapping makes tasks of foreign messages.
type Mapping struct {
	// Broker and Source are where the messages come from: ids that the carrier gives begin with them.
	Broker, Source string
	// Placed: the carrier's own ids are places in Source, and begin with its name.
	Placed bool
	// Queue is where the tasks go.
	Queue string
	// Type is that of messages which say nothing of it.
	Type string
	// TypeFrom, IDFrom and GroupFrom are where these stand. Without a value at IDFrom the carrier's own id
	// is taken.
	TypeFrom, IDFrom, GroupFrom From
	// Data is [Body] or a place in it.
	Data From
	// Encoding is that of the body.
	Encoding Encoding
	// Headers are patterns of [path.Match] for the headers that are taken over, in small letters.
	Headers []string
	// MaxAttempts, Timeout and Retention are those of the tasks; 0 means the default.
	MaxAttempts        int
	Timeout, Retention time.Duration
}

// Task makes the task of a message. One that cannot be made is a [broker.UnreadableType], and the error says
// why.
func (m Mapping) Task(message broker.Message, now time.Time) (*zeroq.Task, error) {
	task, err := m.read(message)
	if err == nil {
		err = admission.Check(task, now)
	}
	if err != nil {
		task = m.unreadable(message, err)
	}
	task.SetDefaults()
	return task, err
}

func (m Mapping) read(message broker.Message) (*zeroq.Task, error) {
	task := &zeroq.Task{Queue: m.Queue, MaxAttempts: m.MaxAttempts, Timeout: m.Timeout, Retention: m.Retention}
	for _, part := range []func(*zeroq.Task, broker.Message) error{m.readType, m.readID, m.readGroup, m.readData, m.readHeaders} {
		if err := part(task, message); err != nil {
			return nil, err
		}
	}
	return task, nil
}

// errOwnType: the task would be a dead letter that does not say why.
var errOwnType = errors.New("the type is zeroq's own")

func (m Mapping) readType(task *zeroq.Task, message broker.Message) error {
	found, err := m.TypeFrom.value(message)
	if task.Type = found; found == "" {
		task.Type = m.Type
	}
	switch {
	case err == nil && task.Type == "":
		err = fmt.Errorf("no type at %s", m.TypeFrom)
	case err == nil && task.Type == broker.UnreadableType:
		err = errOwnType
	}
	return err
}

func (m Mapping) readID(task *zeroq.Task, message broker.Message) error {
	found, err := m.IDFrom.value(message)
	switch {
	case err != nil:
		return err
	case m.IDFrom.Place == None:
		task.ID = randomID()
	case m.IDFrom.Place == Message || found == "":
		task.ID = m.carriersID(message)
	default:
		task.ID = fitID(found)
	}
	if task.ID == "" {
		task.ID = randomID()
	}
	return nil
}

func (m Mapping) readGroup(task *zeroq.Task, message broker.Message) error {
	found, err := m.GroupFrom.value(message)
	if len(found) > zeroq.MaxGroupBytes || !utf8.ValidString(found) {
		found = digest(found) // equal ones stay equal, which is all that a group is for
	}
	task.Group = found
	return err
}

func (m Mapping) readData(task *zeroq.Task, message broker.Message) error {
	if m.Data.Place == JSON {
		found, err := find(message.Body, jsontext.Pointer(m.Data.Name))
		if err == nil && found == nil {
			err = fmt.Errorf("no data at %s", m.Data)
		}
		task.Data = json.RawMessage(found)
		return err
	}
	switch m.Encoding {
	case EncodingText:
		if !utf8.Valid(message.Body) {
			return errors.New("the body is no UTF-8 text")
		}
		quoted, err := jsontext.AppendQuote(nil, message.Body)
		task.Data = json.RawMessage(quoted)
		return err
	case EncodingBase64:
		quoted, err := json.Marshal(append([]byte{}, message.Body...)) // of nil it would be null
		task.Data = quoted
		return err
	}
	task.Data = json.RawMessage(message.Body)
	return nil
}

// readHeaders takes headers over. Those of traces mean nothing to the task, which is not held up by one
// that it cannot have.
func (m Mapping) readHeaders(task *zeroq.Task, message broker.Message) error {
	for name, value := range message.Headers {
		if !m.takes(name) {
			continue
		}
		if !slices.Contains(TraceHeaders, strings.ToLower(name)) {
			zeroq.Header(name, value)(task)
		}
	}
	for _, name := range TraceHeaders { // which others know by these very names
		value := header(message.Headers, name)
		if value != "" && m.takes(name) && len(name)+len(value) <= zeroq.MaxHeaderBytes && utf8.ValidString(value) {
			zeroq.Header(name, value)(task)
		}
	}
	return nil
}

func (m Mapping) takes(name string) bool {
	return slices.ContainsFunc(m.Headers, func(pattern string) bool {
		matched, _ := path.Match(pattern, strings.ToLower(name)) // the pattern was checked
		return matched
	})
}
