package request_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/internal/admission"
)

// FuzzEnqueueBody holds the parser to what must be true of any body: it is taken only if it is one
// valid JSON object whose data is a part of it, and refused only with an error for the client.
func FuzzEnqueueBody(f *testing.F) {
	for _, seed := range []string{
		`{"type":"a"}`, `{"type":"a","data":{"n":9007199254740993,"l":[1,2,{"x":null}]}}`, `{"type":"a","delay":"1m30s"}`,
		`{"type":"a","run_at":"2030-01-02T03:04:05Z","headers":{"a":"b"}}`, `{"type":"a","type":"b"}`, `{"type":1}`, `null`, `[`,
		`{"type":"a","priority":"low","unique":{"key":"k","mode":"for","for":"1m"}}`, `{"type":"a","unique":{"x":1}}`,
		`{"type":"a","max_attempts":3,"id":"x","queue":"q","timeout":"1s","retention":"1h"} {}`, "{\"type\":\"\xff\"}",
		`{"type":"a","data":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`, `{"\u0074ype":"a","data":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		sent := bytes.Clone(body)
		task, err := request.Task(body, now)
		if !bytes.Equal(sent, body) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			wantClientError(t, err)
			return
		}
		if !json.Valid(body) || !utf8.Valid(body) {
			t.Fatalf("took %q, which is no JSON", body)
		}
		wantSameData(t, body, task)
		if err := admission.Check(task, now); err != nil { // which the API leaves out for that reason
			t.Fatalf("took %q: %v", body, err)
		}
	})
}

func wantClientError(t *testing.T, err error) {
	t.Helper()
	p, hidden := problem.Of(err)
	if hidden || p.Status != 400 || p.Message == "" || !utf8.ValidString(p.Field) || len(p.Field) > 3*64 {
		t.Fatalf("%v became %+v", err, p)
	}
	var field *zeroq.FieldError
	var known *problem.Problem
	if !errors.As(err, &field) && !errors.As(err, &known) {
		t.Fatalf("%v is no error for a client", err)
	}
}

// wantSameData compares with another parser.
func wantSameData(t *testing.T, body []byte, task *zeroq.Task) {
	t.Helper()
	var other map[string]json.RawMessage
	if err := json.Unmarshal(body, &other); err != nil {
		t.Fatal(err)
	}
	if data, ok := other["data"]; ok != (task.Data != nil) || !bytes.Equal(data, task.Data) {
		t.Fatalf("%q: data is %q, want %q", body, task.Data, data)
	}
	typ := string(other["type"])
	if _, err := strconv.ParseInt(typ, 10, 64); err == nil {
		typ = strconv.Quote(typ)
	}
	if err := json.Unmarshal([]byte(typ), &typ); err != nil || typ != task.Type {
		t.Fatalf("%q: type is %q, want %q", body, task.Type, typ)
	}
}

// FuzzBatchBody: the tasks of a batch are what another parser finds.
func FuzzBatchBody(f *testing.F) {
	for _, seed := range []string{
		`{"tasks":[` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `,{"a":"]"}]}`, `{"tasks":[]}`, `{"tasks":[{"type":"a"},1,null,"x",[{}]]}`, `{"tasks":[{"a":1,"a":2}]}`, `{"tasks":[1]} x`, `{}`, `{"tasks":[],"tasks":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tasks, err := request.Tasks(body)
		if err != nil {
			if p, hidden := problem.Of(err); hidden || p.Status/100 != 4 {
				t.Fatalf("%v became %+v", err, p)
			}
			return
		}
		if bytes.Count(body, []byte("["))+bytes.Count(body, []byte("{")) > 1000 && !json.Valid(body) {
			return // too deep for the other parser, or no JSON where nobody looks
		}
		var other struct{ Tasks []json.RawMessage }
		if err := json.Unmarshal(body, &other); err != nil || len(other.Tasks) != len(tasks) {
			t.Fatalf("%q: %d tasks, want %d: %v", body, len(tasks), len(other.Tasks), err)
		}
		for i, task := range tasks {
			if !bytes.Equal(task, other.Tasks[i]) {
				t.Fatalf("%q: task %d is %q, want %q", body, i, task, other.Tasks[i])
			}
		}
	})
}

// wantJSON: what was taken is one JSON object, and what was refused is told to the client.
func wantJSON(t *testing.T, body []byte, err error) bool {
	t.Helper()
	if err != nil {
		wantClientError(t, err)
		return false
	}
	var object map[string]json.RawMessage
	if !utf8.Valid(body) || json.Unmarshal(body, &object) != nil {
		t.Fatalf("took %q, which is no JSON object", body)
	}
	return true
}

func FuzzLimitsBody(f *testing.F) {
	for _, seed := range []string{
		`{"rate":0.5,"burst":3,"concurrency":1,"max_length":1000000000}`, `{"rate":null}`, `{"burst":null,"rate":1}`, `{}`, `{"rate":1e400}`,
		`{"burst":1.0}`, `{"burst":2147483648}`, `{"rate":NaN}`, `{"rate":-0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		change, err := request.Limits(body)
		if !wantJSON(t, body, err) {
			return
		}
		if change == (zeroq.LimitsChange{}) {
			t.Fatalf("%q changes nothing", body)
		}
		if err := change.Apply(zeroq.Limits{Rate: 1}).Validate(); err != nil {
			t.Fatalf("took %q: %v", body, err)
		}
	})
}

func FuzzSelectionBody(f *testing.F) {
	for _, seed := range []string{
		`{"state":"dead"}`, `{"state":"leased"}`, `{"ids":["a","mail~0~0000000001"],"rate":2}`, `{"fingerprint":"f","dry_run":true}`, `{"all":true}`,
		`{"all":false,"ids":["a"]}`, `{"ids":[]}`, `{"ids":["a"],"all":true}`, `{"rate":1e-9,"all":true}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		purge, err := request.Purge(body)
		if wantJSON(t, body, err) && (purge.State == "" || purge.State == zeroq.Leased || purge.IDs != nil) {
			t.Fatalf("%q selects %+v", body, purge)
		}
		dead, err := request.DeadLetters(body)
		if !wantJSON(t, body, err) {
			return
		}
		if s := dead.Selection; s.State != zeroq.Dead || len(s.IDs) > request.MaxIDs || len(s.IDs) > 0 && s.Fingerprint != "" {
			t.Fatalf("%q selects %+v", body, dead)
		}
	})
}

func FuzzScheduleBody(f *testing.F) {
	for _, seed := range []string{
		`{"spec":"@daily","task":{"type":"a","data":{"n":1},"priority":"low"}}`, `{"spec":"0 3 * * *","timezone":"UTC","jitter":"1m","overlap":"skip",` +
			`"catch_up":"all","paused":true,"task":{"type":"a","headers":{"a":"b"}}}`, `{"spec":"@daily","task":{"type":"a","id":"x"}}`, `{"task":{}}`,
	} {
		f.Add([]byte(seed))
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		schedule, err := request.Schedule(body, now)
		if !wantJSON(t, body, err) {
			return
		}
		task := schedule.Task
		if schedule.Spec == "" || task.ID != "" || task.Delay != 0 || !task.RunAt.IsZero() || task.Unique != nil || task.Validate(now) != nil {
			t.Fatalf("took %q as %+v of %+v", body, schedule, task)
		}
	})
}
