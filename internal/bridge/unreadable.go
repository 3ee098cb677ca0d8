package bridge

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// letter is the data of a task that stands for a message of which no task can be made. One of Text and
// Base64 has the body, byte for byte.
type letter struct {
	Broker  string            `json:"broker"`
	Source  string            `json:"source"`
	ID      string            `json:"id,omitempty"`
	Key     string            `json:"key,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Text    *string           `json:"text,omitempty"`
	Base64  []byte            `json:"base64,omitempty"`
}

// unreadable makes the task that stands for the message. It is not held to the limits of tasks: the
// message is there, however large it is, and has to go somewhere.
func (m Mapping) unreadable(message broker.Message, reason error) *zeroq.Task {
	l := letter{Broker: m.Broker, Source: m.Source, ID: message.ID, Key: message.Group, Headers: message.Headers}
	if utf8.Valid(message.Body) {
		text := string(message.Body)
		l.Text = &text
	} else {
		l.Base64 = message.Body
	}
	data, _ := json.Marshal(l) // strings and bytes: it cannot fail
	task := &zeroq.Task{ID: m.unreadableID(message), Type: broker.UnreadableType, Queue: m.Queue, Data: data}
	zeroq.Header(broker.ReasonHeader, m.reason(reason))(task)
	return task
}

// unreadableID is the same for the same message, and is not that of its task: once the mapping is mended,
// the message can be read again and be a task. Two messages without names but with the same body become one
// dead letter.
func (m Mapping) unreadableID(message broker.Message) string {
	id := m.carriersID(message)
	if id == "" {
		id = digest(m.Broker + "\x00" + m.Source + "\x00" + string(message.Body))
	}
	return fitID("unreadable:" + id)
}

// reason is the error that the dead letter has.
func (m Mapping) reason(err error) string {
	text := "message of " + m.Source + ": " + strings.ToValidUTF8(err.Error(), "�")
	most := zeroq.MaxHeaderBytes - len(broker.ReasonHeader)
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}
