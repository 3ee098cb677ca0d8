package wire

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// Whatever is on the list, Decode does not panic; and what it can read, the engine can write again:
// to admit it, to retry it, and to retry that, with the same data each time.
func FuzzDecode(f *testing.F) {
	for _, raw := range append(malformedMessages, odd, head+`"type":"a","data":1}`,
		`{"id":"x","type":1,"attempt":2,"errors":`+boomJSON+`,"run_at":"2030-01-02T13:30:00Z"}`,
		`{"\u0074ype":"\u0061","data":"\"\\","delay":"1h","enqueued_at":"9999-12-31T23:59:59-01:00"}`,
		`{"type":"a","priority":"low","unique":{"key":"k","mode":"for","for":"10m"}}`,
		strings.Repeat("[", 200),
	) {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		task, err := Decode(raw)
		if !bytes.Equal(raw, before) {
			t.Fatal("Decode wrote into the message")
		}
		if err != nil {
			return
		}
		priority := task.Priority
		task.ID, task.RunAt = "mine", time.Time{}
		message, err := Admit(raw, task)
		same(t, "admitted", message, err, task.Data)
		if task := mustDecode(t, message); task.ID != "mine" || task.Delay != 0 || !task.RunAt.IsZero() || task.Priority != priority {
			t.Fatalf("admitted: %+v", task)
		}
		for attempt := task.Attempt%100 + 1; attempt < 104; attempt += 50 {
			message, err = Retry(message, attempt, append(task.Errors, boom...), later)
			same(t, "retried", message, err, task.Data)
			if task := mustDecode(t, message); task.Attempt != attempt || !task.RunAt.Equal(later) {
				t.Fatalf("retried: %+v", task)
			}
		}
	})
}

func same(t *testing.T, what string, message []byte, err error, data []byte) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if task := mustDecode(t, message); !bytes.Equal(task.Data, data) {
		t.Fatalf("%s: data %q became %q", what, data, task.Data)
	}
}
