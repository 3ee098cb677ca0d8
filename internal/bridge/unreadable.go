package bridge

import (
	"bytes"
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
	if isText(message.Body) {
		text := string(message.Body)
		l.Text = &text
	} else {
		l.Base64 = message.Body
	}
	task := &zeroq.Task{ID: m.unreadableID(message), Type: broker.UnreadableType, Queue: m.Queue, Data: l.encode()}
	zeroq.Header(broker.ReasonHeader, m.reason(reason))(task)
	return task
}

// isText reports whether the body reads well as a JSON string, and is not much longer as one: a control
// character is six there.
func isText(body []byte) bool {
	odd := func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }
	return utf8.Valid(body) && !bytes.ContainsFunc(body, odd)
}

// encode does without the escapes for HTML, of which each is six characters too.
func (l letter) encode() []byte {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(l) // strings and bytes: it cannot fail
	return bytes.TrimSuffix(data.Bytes(), []byte("\n"))
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
