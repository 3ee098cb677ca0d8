package bridge

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/zeroq-dev/zeroq/internal/admission"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Whatever others send, there is a task that a queue takes, or one that has the very bytes.
func FuzzMapping(f *testing.F) {
	f.Add(order.Body, "key", "id", "value", "/event/type")
	f.Add([]byte("\xff"), "\xff", "", "\xff", "/a~1b/0")
	f.Add([]byte(`[{"":1}]`), "", "x", "", "/0/")
	f.Fuzz(func(t *testing.T, body []byte, key, id, value, pointer string) {
		if !jsontext.Pointer(pointer).IsValid() {
			return
		}
		message := broker.Message{ID: id, Group: key, Headers: map[string]string{"x-a": value}, Body: body}
		for _, m := range []Mapping{
			plain,
			{Broker: "b", Source: "s", Queue: "q", Type: "t", IDFrom: From{JSON, pointer}, GroupFrom: From{Place: Key}, Data: From{Place: Body}, Encoding: EncodingBase64},
			{Broker: "b", Source: "s", Queue: "q", TypeFrom: From{Header, "X-A"}, IDFrom: From{Place: Key}, Data: From{JSON, pointer}, Headers: []string{"x-*"}},
		} {
			task, err := m.Task(message, time.Now())
			if err != nil {
				if got := bodyOf(t, task); got != string(body) {
					t.Fatalf("the bytes became %q", got)
				}
			}
			if len(body) < 1000 && len(key)+len(id)+len(value) < 1000 {
				if err := admission.Check(task, time.Now()); err != nil {
					t.Fatalf("%+v is refused: %v", task, err)
				}
			}
		}
	})
}

// What is found is there, byte for byte, and is what encoding/json would find.
func FuzzFind(f *testing.F) {
	f.Add([]byte(`{"a":[1, {"b":"c"}]}`), "/a/1/b")
	f.Add([]byte(`[]`), "/0")
	f.Fuzz(func(t *testing.T, body []byte, pointer string) {
		at := jsontext.Pointer(pointer)
		if !at.IsValid() {
			return
		}
		found, err := find(body, at)
		if err != nil || found == nil {
			if valid := jsontext.Value(body).IsValid(); valid != (err == nil) {
				t.Fatalf("valid: %v, but %v", valid, err)
			}
			return
		}
		var whole any
		if err := json.Unmarshal(body, &whole); err != nil {
			t.Fatal(err)
		}
		for token := range at.Tokens() {
			switch v := whole.(type) {
			case map[string]any:
				whole = v[token]
			case []any:
				whole = v[index(t, token)]
			default:
				t.Fatalf("%s leads into %v", pointer, v)
			}
		}
		want, _ := json.Marshal(whole)
		var value any
		if err := json.Unmarshal(found, &value); err != nil || !bytes.Contains(body, found) {
			t.Fatalf("%s is no part of it: %v", found, err)
		}
		if got, _ := json.Marshal(value); !bytes.Equal(got, want) {
			t.Fatalf("%s at %s, want %s", got, pointer, want)
		}
	})
}

func index(t *testing.T, token string) (i int) {
	t.Helper()
	if err := json.Unmarshal([]byte(token), &i); err != nil {
		t.Fatal(err)
	}
	return i
}
