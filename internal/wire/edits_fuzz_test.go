package wire

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// Whatever edits a message, the members that it does not write come out as they went in: in their
// order, every byte of their values. Another parser says so.
func FuzzEdits(f *testing.F) {
	for _, raw := range []string{
		odd, waited, `{"type":"a"}`, `{"data":1e400,"type":"a","x":12345678901234567890123}`,
		` { "\u0074ype" : "a" , "é":{"b":1,"a":2} , "X" : [ ] } `, `{"type":"a","x":1,"ı":2,"X":3}`,
		`{"type":"a","run_at":null,"attempt":null,"errors":null,"expires_at":null,"deadline":"","id":""}`,
		`{"x\\":1,"\\\"":2,"type":"a"}`, `{"run_at":"2030-01-02T13:30:00Z","type":"a","expires_at":"2030-01-02T13:30:00Z"}`,
		`{"id":"mine","enqueued_at":"2030-01-02T12:00:00.000Z","type":"a","delay":"1h","priority":"high"}`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		task, err := Decode(raw)
		if err != nil {
			return
		}
		task.ID, task.EnqueuedAt, task.RunAt = "mine", noon, time.Time{}
		admitted, err := Admit(raw, task)
		wantUntouched(t, raw, admitted, err, "id", "enqueued_at", "delay", "run_at", "priority")
		again, err := Admit(admitted, task)
		if err != nil || !bytes.Equal(again, admitted) {
			t.Fatalf("%s\nadmitted again, became %s, %v", admitted, again, err)
		}
		next, err := Retry(raw, 7, boom, later)
		wantUntouched(t, raw, next, err, "attempt", "errors", "run_at")
		started, err := Started(raw)
		wantUntouched(t, raw, started, err, "expires_at")
		revive(t, raw, task)
	})
}

// revive holds Revive to the same, of a message that is admitted and of one that is not.
func revive(t *testing.T, raw []byte, task *zeroq.Task) {
	t.Helper()
	task.Attempt, task.MaxAttempts, task.Errors, task.Deadline = 3, 4, boom, time.Time{}
	gone := []string{"id", "enqueued_at", "delay", "priority", "run_at", "expires_at", "deadline", "attempt", "max_attempts", "errors"}
	revived, err := Revive(raw, task)
	wantUntouched(t, raw, revived, err, gone...)
	again, err := Revive(revived, task)
	if err != nil || !bytes.Equal(again, revived) {
		t.Fatalf("%s\nrevived again, became %s, %v", revived, again, err)
	}
	if fresh := mustDecode(t, again); fresh.ID != "mine" || fresh.Attempt != 3 || fresh.MaxAttempts != 4 || !fresh.RunAt.IsZero() {
		t.Fatalf("%s\nrevived as %+v", raw, fresh)
	}
}

// wantUntouched compares all members but those that were written, by the parser of encoding/json.
func wantUntouched(t *testing.T, before, after []byte, err error, written ...string) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", before, err)
	}
	want, got := others(t, before, written), others(t, after, written)
	if !slices.EqualFunc(want, got, func(a, b [2]string) bool { return a == b }) {
		t.Fatalf("%s\nbecame %s:\n%q, want\n%q", before, after, got, want)
	}
}

// others are the names and the values of an object as they stand there, in their order.
func others(t *testing.T, raw []byte, but []string) (all [][2]string) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	token := func() json.Token {
		token, err := dec.Token()
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		return token
	}
	for token(); dec.More(); {
		name := token().(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if !slices.Contains(but, strings.ToLower(name)) {
			all = append(all, [2]string{name, string(value)})
		}
	}
	token()
	if !json.Valid(raw) {
		t.Fatalf("%s is no JSON", raw)
	}
	return all
}
