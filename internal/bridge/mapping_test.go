package bridge

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/admission"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// order is a foreign message with everything in it.
var order = broker.Message{
	ID: "orders.v1.3.17", Group: "customer-9",
	Headers: map[string]string{
		"Message-ID": "m-1", "x-event-type": "order.placed", "X-Team": "shop", "internal": "no",
		"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	},
	Body: []byte(`{"id":12345678901234567890,"event":{"type":"order.paid","a/b":["x",{"~":"y"}]}, "payload": {"n": 1.50,  "k":[]},"none":null}`),
}

// plain maps everything by its default.
var plain = Mapping{
	Broker: "events", Source: "orders.v1", Queue: "orders", Type: "order", IDFrom: From{Place: Message},
	Data: From{Place: Body}, Encoding: EncodingJSON, Headers: TraceHeaders, Placed: true,
}

// from parses what a configuration would say.
func from(t testing.TB, text string) From {
	t.Helper()
	f, err := ParseFrom(text, Header, JSON, Key, Message, Body, None)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// mapped makes the task of a message that has one.
func mapped(t *testing.T, m Mapping, message broker.Message) *zeroq.Task {
	t.Helper()
	task, err := m.Task(message, time.Now())
	if err != nil || task.Type == broker.UnreadableType {
		t.Fatalf("%s is no task: %v", message.Body, err)
	}
	return task
}

func TestMapping_ByDefaultTheBodyIsTheDataByteForByte(t *testing.T) {
	t.Parallel()
	task := mapped(t, plain, order)
	if task.ID != "events:orders.v1:3.17" || task.Type != "order" || task.Queue != "orders" || task.Group != "" {
		t.Errorf("%+v", task)
	}
	if string(task.Data) != string(order.Body) {
		t.Errorf("data became %s", task.Data)
	}
	if want := map[string]string{"traceparent": order.Headers["traceparent"]}; !maps.Equal(task.Headers, want) {
		t.Errorf("headers %v", task.Headers)
	}
	if task.MaxAttempts != zeroq.DefaultMaxAttempts || task.Timeout != zeroq.DefaultTimeout || task.Retention != zeroq.DefaultRetention {
		t.Errorf("%+v", task)
	}
}

func TestMapping_TakesValuesFromWhereItIsTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, want string
	}{
		{"header:x-event-type", "order.placed"},
		{"header:X-Event-Type", "order.placed"},
		{"header:message-id", "m-1"},
		{"json:/event/type", "order.paid"},
		{"json:/event/a~1b/0", "x"},
		{"json:/event/a~1b/1/~0", "y"},
		{"json:/id", "12345678901234567890"},
		{"key", "customer-9"},
	} {
		m := plain
		m.TypeFrom, m.IDFrom, m.GroupFrom = from(t, tt.from), from(t, tt.from), from(t, tt.from)
		if task := mapped(t, m, order); task.Type != tt.want || task.ID != tt.want || task.Group != tt.want {
			t.Errorf("%s: type %s, id %s, group %s", tt.from, task.Type, task.ID, task.Group)
		}
	}
}

func TestMapping_FallsBackWhereNothingStands(t *testing.T) {
	t.Parallel()
	for _, missing := range []string{
		"header:x-none", "json:/none", "json:/no", "json:/event/type/deeper", "json:/payload/k/0", "json:/event/a~1b/01", "json:/event/a~1b/-",
	} {
		m := plain
		m.TypeFrom, m.IDFrom, m.GroupFrom = from(t, missing), from(t, missing), from(t, missing)
		if task := mapped(t, m, order); task.Type != "order" || task.ID != "events:orders.v1:3.17" || task.Group != "" {
			t.Errorf("%s: %+v", missing, task)
		}
	}
}

func TestMapping_DataIsAPartOfTheBodyOrItsBytesAsAString(t *testing.T) {
	t.Parallel()
	binary := broker.Message{ID: "1", Body: []byte{0xff, 0, 'x'}}
	for _, tt := range []struct {
		data     string
		encoding Encoding
		message  broker.Message
		want     string
	}{
		{"json:/payload", EncodingJSON, order, `{"n": 1.50,  "k":[]}`},
		{"json:/none", EncodingJSON, order, `null`},
		{"body", EncodingText, broker.Message{Body: []byte("a \"b\" <c>\n")}, `"a \"b\" <c>\n"`},
		{"body", EncodingBase64, binary, `"/wB4"`},
		{"body", EncodingBase64, broker.Message{}, `""`},
		{"body", EncodingText, broker.Message{}, `""`},
		{"body", EncodingJSON, broker.Message{}, `null`},
	} {
		m := plain
		m.Data, m.Encoding = from(t, tt.data), tt.encoding
		if task := mapped(t, m, tt.message); string(task.Data) != tt.want {
			t.Errorf("%s %s of %q: %s", tt.data, tt.encoding, tt.message.Body, task.Data)
		}
	}
}

func TestMapping_IDsAreTheSameForTheSameMessageAndApartForOthers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200)
	id := func(change func(*Mapping, *broker.Message)) string {
		m, message := plain, order
		change(&m, &message)
		first, again := mapped(t, m, message).ID, mapped(t, m, message).ID
		if first != again {
			t.Errorf("%s, then %s", first, again)
		}
		return first
	}
	seen := map[string]string{}
	for what, got := range map[string]string{
		"a message":      id(func(*Mapping, *broker.Message) {}),
		"another source": id(func(m *Mapping, _ *broker.Message) { m.Source = "orders.v2" }),
		"another broker": id(func(m *Mapping, _ *broker.Message) { m.Broker = "other" }),
		"another place":  id(func(_ *Mapping, o *broker.Message) { o.ID = "orders.v1.3.18" }),
		"a long name":    id(func(_ *Mapping, o *broker.Message) { o.ID = long }),
		"a longer name":  id(func(_ *Mapping, o *broker.Message) { o.ID = long + "x" }),
		"spaces":         id(func(m *Mapping, o *broker.Message) { m.IDFrom, o.Group = From{Place: Key}, "order 7" }),
		"other spaces":   id(func(m *Mapping, o *broker.Message) { m.IDFrom, o.Group = From{Place: Key}, "order  7" }),
		"bytes":          id(func(m *Mapping, o *broker.Message) { m.IDFrom, o.Group = From{Place: Key}, "\xff\x00" }),
	} {
		if !zeroq.ValidID(got) {
			t.Errorf("%s: %q is no id", what, got)
		}
		if other, taken := seen[got]; taken {
			t.Errorf("%s and %s have the same id", what, other)
		}
		seen[got] = what
	}
}

// Names of RabbitMQ's queues and messages are whatever their owners like.
func TestMapping_NamesThatReadAlikeWhenJoinedStayApart(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, names := range [][3]string{
		{"b", "mails", "1"}, {"b", "mails", "mails.1"}, {"b", "mails", "urn:1"}, {"b", "mails:urn", "1"}, {"b:mails", "urn", "1"},
	} {
		m := plain
		m.Broker, m.Source, m.Placed = names[0], names[1], false
		for _, id := range []string{m.carriersID(broker.Message{ID: names[2]}), m.unreadableID(broker.Message{ID: names[2]})} {
			what := fmt.Sprint(names)
			if other, taken := seen[id]; taken || !zeroq.ValidID(id) {
				t.Errorf("%s has the id %q of %s", what, id, other)
			}
			seen[id] = what
		}
	}
}

func TestMapping_WithoutANameEachMessageIsATaskOfItsOwn(t *testing.T) {
	t.Parallel()
	nameless := order
	nameless.ID = ""
	none := plain
	none.IDFrom = From{Place: None}
	for _, tt := range []struct {
		m       Mapping
		message broker.Message
	}{{plain, nameless}, {none, order}} {
		if a, b := mapped(t, tt.m, tt.message).ID, mapped(t, tt.m, tt.message).ID; a == b || !zeroq.ValidID(a) {
			t.Errorf("%s and %s", a, b)
		}
	}
}

func TestMapping_GroupsThatATaskCannotHaveStayApart(t *testing.T) {
	t.Parallel()
	m := plain
	m.GroupFrom = From{Place: Key}
	group := func(key string) string {
		message := order
		message.Group = key
		return mapped(t, m, message).Group
	}
	long := strings.Repeat("x", 129)
	first, again := group(long), group(long)
	if group("\xff") == group("\xfe") || first == group(long+"x") || first != again {
		t.Error("groups are mixed up")
	}
}

func TestMapping_HeadersByPatternAndOnlyThose(t *testing.T) {
	t.Parallel()
	m := plain
	m.Headers = []string{"x-*", "message-id"}
	task := mapped(t, m, order)
	if want := map[string]string{"x-event-type": "order.placed", "X-Team": "shop", "Message-ID": "m-1"}; !maps.Equal(task.Headers, want) {
		t.Errorf("headers %v", task.Headers)
	}
	m.Headers = nil
	if task := mapped(t, m, order); len(task.Headers) != 0 {
		t.Errorf("headers %v", task.Headers)
	}
}

// Those who continue a trace know its headers by their small letters alone.
func TestMapping_HeadersOfATraceGetTheirNames(t *testing.T) {
	t.Parallel()
	message := order
	message.Headers = map[string]string{"Traceparent": "00-1", "TRACESTATE": "a=1", "tracestate": "b=1"}
	want := map[string]string{"traceparent": "00-1", "tracestate": "b=1"}
	for range 20 { // maps have no order
		if task := mapped(t, plain, message); !maps.Equal(task.Headers, want) {
			t.Fatalf("headers %v", task.Headers)
		}
	}
}

func TestMapping_AHeaderWithoutANameIsNoOther(t *testing.T) {
	t.Parallel()
	m, message := plain, order
	m.TypeFrom, message.Headers = from(t, "header:x-none"), map[string]string{"": "odd"}
	if task := mapped(t, m, message); task.Type != "order" {
		t.Errorf("type %s", task.Type)
	}
}

func TestMapping_ATraceThatDoesNotFitHoldsNothingUp(t *testing.T) {
	t.Parallel()
	message := order
	message.Headers = map[string]string{"baggage": strings.Repeat("x", 2000), "tracestate": "\xff", "traceparent": "00"}
	if task := mapped(t, plain, message); len(task.Headers) != 1 {
		t.Errorf("headers %v", task.Headers)
	}
}

func TestMapping_OptionsOfTheTask(t *testing.T) {
	t.Parallel()
	m := plain
	m.MaxAttempts, m.Timeout, m.Retention = 3, time.Minute, 24*time.Hour
	if task := mapped(t, m, order); task.MaxAttempts != 3 || task.Timeout != time.Minute || task.Retention != 24*time.Hour {
		t.Errorf("%+v", task)
	}
}

// unread are messages of which no task can be made, with a part of the reason.
func unread(t *testing.T) map[string]struct {
	m       Mapping
	message broker.Message
} {
	with := func(change func(*Mapping, *broker.Message)) struct {
		m       Mapping
		message broker.Message
	} {
		m, message := plain, order
		change(&m, &message)
		return struct {
			m       Mapping
			message broker.Message
		}{m, message}
	}
	body := func(text string) func(*Mapping, *broker.Message) {
		return func(_ *Mapping, message *broker.Message) { message.Body = []byte(text) }
	}
	pointer := from(t, "json:/event/type")
	return map[string]struct {
		m       Mapping
		message broker.Message
	}{
		"is not valid JSON":           with(body("nope")),
		"data is not valid JSON":      with(body("\xff\x00")),
		"duplicate object member":     with(body(`{"a":1,"a":2}`)),
		"nested deeper":               with(body(strings.Repeat("[", 70) + strings.Repeat("]", 70))),
		"the most is 1048576":         with(body(`"` + strings.Repeat("x", zeroq.MaxDataBytes) + `"`)),
		"no type at header:x-none":    with(func(m *Mapping, _ *broker.Message) { m.Type, m.TypeFrom = "", from(t, "header:x-none") }),
		"type must be":                with(func(m *Mapping, o *broker.Message) { m.TypeFrom, o.Group = From{Place: Key}, "with space" }),
		"type is zeroq's own":         with(func(m *Mapping, o *broker.Message) { m.TypeFrom, o.Group = From{Place: Key}, broker.UnreadableType }),
		"neither a text nor a number": with(func(m *Mapping, _ *broker.Message) { m.IDFrom = from(t, "json:/event") }),
		"the body is not valid JSON":  with(func(m *Mapping, o *broker.Message) { m.TypeFrom, o.Body = pointer, []byte(`{"event":{"type":"x"},`) }),
		"something follows the value": with(func(m *Mapping, o *broker.Message) { m.TypeFrom, o.Body = pointer, []byte(`{"event":{"type":"x"}} {}`) }),
		"no data at json:/nothing":    with(func(m *Mapping, _ *broker.Message) { m.Data = from(t, "json:/nothing") }),
		"no UTF-8 text":               with(func(m *Mapping, o *broker.Message) { m.Encoding, o.Body = EncodingText, []byte{0xff} }),
		"headers must have a name, and at": with(func(m *Mapping, o *broker.Message) {
			m.Headers, o.Headers = []string{"x-*"}, map[string]string{"x-1": strings.Repeat("x", 1024)}
		}),
		"headers must be valid UTF-8": with(func(m *Mapping, o *broker.Message) {
			m.Headers, o.Headers = []string{"x-*"}, map[string]string{"x-1": "\xff"}
		}),
	}
}

func TestMapping_WhatIsNoTaskKeepsItsBytesAndTheReason(t *testing.T) {
	t.Parallel()
	for want, tt := range unread(t) {
		task, err := tt.m.Task(tt.message, time.Now())
		if err == nil || task.Type != broker.UnreadableType || task.Queue != "orders" {
			t.Errorf("%s: %+v, %v", want, task, err)
			continue
		}
		if reason := task.Headers[broker.ReasonHeader]; !strings.Contains(reason, want) || !strings.HasPrefix(reason, "message of orders.v1: ") {
			t.Errorf("%s: the reason is %q", want, reason)
		}
		if got := bodyOf(t, task); got != string(tt.message.Body) {
			t.Errorf("%s: the bytes became %q", want, got)
		}
		again, _ := tt.m.Task(tt.message, time.Now())
		if again.ID != task.ID || !zeroq.ValidID(task.ID) || task.ID == tt.m.carriersID(tt.message) {
			t.Errorf("%s: ids %s, %s", want, task.ID, again.ID)
		}
		if small := *task; len(tt.message.Body) < 1000 {
			if err := admission.Check(&small, time.Now()); err != nil {
				t.Errorf("%s: the task that stands for it is refused: %v", want, err)
			}
		}
	}
}

func TestMapping_UnreadableWithoutANameIsKnownByItsBytes(t *testing.T) {
	t.Parallel()
	id := func(body string, headers map[string]string) string {
		task, err := plain.Task(broker.Message{Body: []byte(body), Headers: headers}, time.Now())
		if err == nil {
			t.Fatalf("%s is a task", body)
		}
		return task.ID
	}
	if id("nope", nil) != id("nope", map[string]string{"x-delivery-count": "1"}) {
		t.Error("delivered again, it is another one")
	}
	if id("nope", nil) == id("none", nil) {
		t.Error("two messages are one")
	}
}

// A message of 128 MiB, the most that RabbitMQ takes, has to fit into a string of Redis, which has 512 MiB.
func TestMapping_WhatIsNoTaskIsLittleLongerThanItsMessage(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"x", "<", "&", "\"", "\n", "\x00", "\x01", "\x7f", "\xff", "é", "\u2028"} {
		message := broker.Message{ID: "1", Body: []byte(strings.Repeat(part, 2_000_000))}
		task, err := plain.Task(message, time.Now())
		if err == nil || len(task.Data) > 2*len(message.Body)+200 {
			t.Errorf("%q: %d bytes have become %d", part, len(message.Body), len(task.Data))
		}
		if bodyOf(t, task) != string(message.Body) {
			t.Errorf("%q: the bytes are others", part)
		}
	}
}

// bodyOf reads the bytes back from the task that stands for a message.
func bodyOf(t testing.TB, task *zeroq.Task) string {
	t.Helper()
	var l struct{ Text, Base64 *string }
	if err := json.Unmarshal(task.Data, &l); err != nil {
		t.Fatal(err)
	}
	if l.Text != nil {
		return *l.Text
	}
	raw, err := base64.StdEncoding.DecodeString(*l.Base64)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestParseFrom_RefusesWhatNamesNoPlace(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "headers:x", "header", "header:", "json", "json:a", "json:/~2", "key:", "key:x", "message:1", "body:/x", "JSON:/x", "none",
	} {
		if f, err := ParseFrom(text, Header, JSON, Key, Message, Body); err == nil {
			t.Errorf("%q was read as %s", text, f)
		}
	}
	for _, text := range []string{"header:x", "header:a:b", "json:", "json:/a/0", "key"} {
		if f, err := ParseFrom(text, Header, JSON, Key); err != nil || text != "json:" && f.String() != text {
			t.Errorf("%q was read as %s: %v", text, f, err)
		}
	}
}
