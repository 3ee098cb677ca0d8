package wire

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

func TestDecode_TypeAloneHasEveryDefault(t *testing.T) {
	t.Parallel()
	task := mustDecode(t, []byte(`{"type":"a"}`))
	if task.Type != "a" || task.ID != "" || task.Queue != "" || task.Attempt != 1 || task.MaxAttempts != 10 ||
		task.Timeout != 30*time.Minute || task.Retention != time.Hour || string(task.Data) != "null" {
		t.Errorf("task %+v", task)
	}
}

func TestDecode_NamesMatchWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	raw := `{"ID":"i","tYPE":"a","DATA":{"Type":1},"Queue":"q","Delay":"1m","RUN_AT":"2030-01-02T13:30:00+01:00","Attempt":2,` +
		`"MAX_attempts":3,"TimeOut":"4s","Deadline":"2030-01-02T12:00:00Z","expires_AT":"2030-01-02T12:00:00.5Z",` +
		`"Enqueued_At":"2030-01-02T12:00:00Z","Retention":"6h","Headers":{"K":"v"},"Errors":` + boomJSON + `,"unknown":{}}`
	task := mustDecode(t, []byte(raw))
	if task.ID != "i" || task.Type != "a" || string(task.Data) != `{"Type":1}` || task.Queue != "q" || task.Delay != time.Minute ||
		!task.RunAt.Equal(later.Add(-time.Hour)) || task.RunAt.Location() != time.UTC || task.Attempt != 2 || task.MaxAttempts != 3 ||
		task.Timeout != 4*time.Second || !task.Deadline.Equal(noon) || !task.ExpiresAt.Equal(noon.Add(time.Second/2)) ||
		!task.EnqueuedAt.Equal(noon) || task.Retention != 6*time.Hour || task.Headers["K"] != "v" || task.Errors[0] != boom[0] {
		t.Errorf("task %+v", task)
	}
}

func TestDecode_IntegerTypeIsItsDecimalString(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"Type":1,"Data":{"a":1}}`: "1", `{"type":-7}`: "-7", `{"type":9223372036854775807}`: "9223372036854775807", `{"type":"01"}`: "01",
	} {
		if got := mustDecode(t, []byte(raw)).Type; got != want {
			t.Errorf("%s has type %q", raw, got)
		}
	}
}

func TestDecode_DataIsAPartOfTheMessage(t *testing.T) {
	t.Parallel()
	raw := []byte("{\"type\":\"a\",\"data\" :\n [ 1.0, \"\\u003c\" ] }")
	data := mustDecode(t, raw).Data
	if string(data) != "[ 1.0, \"\\u003c\" ]" || &data[0] != &raw[bytes.IndexByte(raw, '[')] {
		t.Errorf("data %s", data)
	}
	if cap(data) != len(data) {
		t.Error("an append to the data would write into the message")
	}
}

func TestDecode_NullStandsForTheDefault(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"id", "queue", "data", "delay", "run_at", "attempt", "max_attempts", "timeout",
		"deadline", "expires_at", "enqueued_at", "retention", "headers", "errors",
	} {
		task := mustDecode(t, []byte(`{"type":"a","`+name+`":null}`))
		if task.Attempt != 1 || task.MaxAttempts != 10 || task.Timeout != 30*time.Minute || string(task.Data) != "null" || task.ID != "" {
			t.Errorf("%s: %+v", name, task)
		}
	}
}

func TestDecode_DepthIsBounded(t *testing.T) {
	t.Parallel()
	nested := func(n int) []byte {
		return []byte(`{"data":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `,"type":"a","s":"[[{\"[["}`)
	}
	mustDecode(t, nested(MaxDepth-1)) // the message itself is one level
	if _, err := Decode(nested(MaxDepth)); !errors.Is(err, ErrMalformed) {
		t.Errorf("deeper than %d: %v", MaxDepth, err)
	}
	brackets := `{"type":"a","data":"` + strings.Repeat(`[\"`, 100) + `"}`
	mustDecode(t, []byte(brackets))
}

// malformedMessages are no JSON object that anybody could mean.
var malformedMessages = []string{
	"", " ", "x", "null", "1", `"x"`, "[]", "[{}]", "{", "}", "{]", `{"type"}`, `{"type":}`, `{"type":"a"`, `{"type":"a",}`,
	`{"type":"a"}}`, `{"type":"a"} x`, `{"type":"a"}{}`, `{type:"a"}`, `{'type':'a'}`, `{"type":"a","type":"a"}`,
	`{"type":"a","TYPE":"b"}`, `{"type":"a","data":1,"Data":2}`, `{"type":"a","x":1,"x":2}`, `{"type":"a","data":{"k":1,"k":2}}`,
	`{"type":"a","data":NaN}`, `{"type":"a","data":01}`, `{"type":"a","data":"` + "\xff" + `"}`, `{"type":"a","data":"\ud800"}`,
	"{\"type\":\"a\n\"}", "{\"type\":\"a\"}\x00", "\xef\xbb\xbf{\"type\":\"a\"}", "\x00", `{"type":"a" "data":1}`, `{1:"type"}`, `{"type":"a",null:1}`,
}

func TestDecode_WhatIsNoObjectIsMalformed(t *testing.T) {
	t.Parallel()
	for _, raw := range malformedMessages {
		if task, err := Decode([]byte(raw)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q is %+v, %v", raw, task, err)
		}
	}
}

func TestDecode_WrongMembersAreNamed(t *testing.T) {
	t.Parallel()
	for member, field := range map[string]string{
		``: "type", `"type":null`: "type", `"type":""`: "type", `"type":1.5`: "type", `"type":1e3`: "type", `"type":true`: "type",
		`"type":[]`: "type", `"type":9223372036854775808`: "type", `"type":"a","id":1`: "id", `"type":"a","queue":{}`: "queue",
		`"type":"a","delay":5`: "delay", `"type":"a","delay":"soon"`: "delay", `"type":"a","delay":"5"`: "delay", `"type":"a","delay":"-1s"`: "delay",
		`"type":"a","timeout":"1d"`: "timeout", `"type":"a","timeout":"-5s"`: "timeout", `"type":"a","retention":[]`: "retention",
		`"type":"a","retention":"-1ns"`: "retention", `"type":"a","run_at":1893585600`: "run_at", `"type":"a","run_at":"2030-01-02"`: "run_at",
		`"type":"a","deadline":"2030-13-01T00:00:00Z"`: "deadline", `"type":"a","expires_at":"2030-01-02 12:00:00"`: "expires_at",
		`"type":"a","enqueued_at":"noon"`: "enqueued_at", `"type":"a","attempt":0`: "attempt", `"type":"a","attempt":"1"`: "attempt",
		`"type":"a","attempt":-1`: "attempt", `"type":"a","max_attempts":1.0`: "max_attempts", `"type":"a","max_attempts":2147483648`: "max_attempts",
		`"type":"a","priority":"urgent"`: "priority", `"type":"a","priority":1`: "priority", `"type":"a","unique":"k"`: "unique",
		`"type":"a","unique":{"key":1}`: "unique", `"type":"a","unique":{"key":"k","mode":"for","for":"soon"}`: "unique.for",
		`"type":"a","headers":[]`: "headers", `"type":"a","headers":{"k":1}`: "headers", `"type":"a","errors":{}`: "errors", `"type":"a","errors":[{}]`: "errors",
	} {
		task, err := Decode([]byte("{" + member + "}"))
		var wrong *zeroq.FieldError
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("{%s} is %+v, %v", member, task, err)
		}
	}
}

// A year that RFC 3339 cannot write would make the message that is written from it unreadable.
func TestDecode_TimesThatCannotBeWrittenAgainAreRefused(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"} {
		for _, member := range []string{`"enqueued_at":"` + at + `"`, `"run_at":"` + at + `"`, `"errors":[{"attempt":1,"at":"` + at + `","message":""}]`} {
			if task, err := Decode([]byte(`{"type":"a",` + member + `}`)); err == nil {
				t.Errorf("%s is %+v", member, task)
			}
		}
	}
	mustDecode(t, []byte(`{"type":"a","deadline":"9999-12-31T23:59:59Z","run_at":"0000-01-01T00:00:00Z"}`))
}

// An error is kept beside the dead letter and shown: it must not carry the message along.
func TestDecode_ErrorsAreShort(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("secret", 1000)
	for _, raw := range []string{
		`{"type":"a","data":"` + secret, `{"type":"` + secret + `",}`, `{"type":"a","timeout":"` + secret + `"}`,
		`{"type":"a","headers":{"` + secret + `":1}}`, `{"type":"a","delay":"` + secret + `"}`,
	} {
		if _, err := Decode([]byte(raw)); err == nil || len(err.Error()) > zeroq.MaxErrorBytes {
			t.Errorf("%.60s…: %v", raw, err)
		}
	}
}

// Every message that the docs show is one.
func TestDocs_ShowMessagesThatDecode(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/wire-format.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?m)^```json\n(.*)\n```$|ready' '(.*)'$").FindAllSubmatch(page, -1)
	if len(shown) < 7 {
		t.Fatalf("only %d messages are shown", len(shown))
	}
	for _, match := range shown {
		raw := append(match[1], match[2]...)
		task := mustDecode(t, raw)
		if len(task.Errors) > 0 && task.Errors[0].Duration == 0 {
			t.Errorf("%s: errors %+v", raw, task.Errors)
		}
		if err := task.Validate(noon); task.ID == "" && err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for name := range readers {
		if !bytes.Contains(page, []byte("| `"+name+"` |")) {
			t.Errorf("docs/wire-format.md has no row for %s", name)
		}
	}
}

// Producers must refuse what a worker could only bury.
func TestCheckData_AgreesWithDecode(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		`1`, `null`, `{"a":[1,{"b":"\"}{"}]}`, `""`, strings.Repeat("[", 63) + strings.Repeat("]", 63), strings.Repeat("[", 64) + strings.Repeat("]", 64),
		`{"a":1,"a":2}`, `[{"k":1,"k":1}]`, "\"\xff\"", `"\ud800"`, `{`, `1 2`, `nope`, `[1,]`, `01`,
	} {
		_, decoded := Decode([]byte(`{"type":"a","data":` + data + `}`))
		if checked := CheckData([]byte(data)); (checked == nil) != (decoded == nil) {
			t.Errorf("%.40q: checked %v, decoded %v", data, checked, decoded)
		}
	}
}
