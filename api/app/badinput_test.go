package app_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// bad is a body that must be refused, with the field that is named and the code.
type bad struct{ body, field, code string }

func badTasks() []bad {
	const (
		json    = "invalid_json"
		invalid = "invalid_field"
		unknown = "unknown_field"
	)
	tasks := []bad{
		// No JSON, or not one object.
		{``, "", json}, {` `, "", json}, {`{`, "", json}, {`}`, "", json}, {`hello`, "", json}, {`'a'`, "", json},
		{`null`, "", json}, {`true`, "", json}, {`1`, "", json}, {`"type"`, "", json}, {`[]`, "", json},
		{`[{"type":"a"}]`, "", json}, {`{"type":"a"`, "", json}, {`{"type":"a",}`, "", json}, {`{"type":}`, "type", json},
		{`{"type" "a"}`, "type", json}, {`{type:"a"}`, "", json}, {`{'type':'a'}`, "", json}, {`{"type":"a",,}`, "", json},
		{`{"type":"a"} x`, "", json}, {`{"type":"a"}{"type":"b"}`, "", json}, {`{"type":"a"}` + "\n" + `{"type":"b"}`, "", json},
		{`{"type":"a"}]`, "", json}, {`{"type":"a"},`, "", json}, {"\ufeff" + `{"type":"a"}`, "", json},
		{`{"type":"a"} // comment`, "", json}, {`{/**/"type":"a"}`, "", json}, {`{"type":"a` + "\n" + `"}`, "type", json},
		{`{"type":"a\x"}`, "type", json}, {`{"type":"a\ud800"}`, "type", json}, {`{"type":"a","data":"\ud800"}`, "data", json},
		{`{1:"a"}`, "", json}, {`{"type":"a"` + "\x00" + `}`, "", json},
		// Names twice, at any depth.
		{`{"type":"a","type":"a"}`, "type", json}, {`{"type":"a","type":"b"}`, "type", json},
		{`{"type":"a","\u0074ype":"b"}`, "type", json}, {`{"type":"a","data":{"x":1,"x":2}}`, "data", json},
		{`{"type":"a","data":[[{"a":{"b":1,"b":1}}]]}`, "data", json}, {`{"type":"a","headers":{"h":"1","h":"2"}}`, "headers", json},
		{`{"data":1,"type":"a","data":1}`, "data", json},
		// Invalid UTF-8.
		{"{\"type\":\"\xff\"}", "type", json}, {"{\"type\":\"a\",\"data\":\"\xff\"}", "data", json},
		{"{\"type\":\"a\",\"data\":{\"\xff\":1}}", "data", json}, {"{\"\xff\":\"a\"}", "", json},
		{"{\"type\":\"a\",\"data\":\"\xed\xa0\x80\"}", "data", json}, {"\xff", "", json},
		// Numbers that are none.
		{`{"type":"a","data":NaN}`, "data", json}, {`{"type":"a","data":Infinity}`, "data", json},
		{`{"type":"a","data":-Infinity}`, "data", json}, {`{"type":"a","data":01}`, "", json}, {`{"type":"a","data":+1}`, "data", json},
		{`{"type":"a","data":1.}`, "data", json}, {`{"type":"a","data":.5}`, "data", json}, {`{"type":"a","data":0x1}`, "", json},
		{`{"type":"a","data":1e}`, "data", json}, {`{"type":"a","data":-}`, "data", json}, {`{"type":"a","data":undefined}`, "data", json},
		{`{"type":"a","data":tru}`, "data", json}, {`{"type":"a","data":[1,]}`, "data", json}, {`{"type":"a","max_attempts":NaN}`, "max_attempts", json},
		// Too deep.
		{`{"type":"a","data":` + nested(64) + `}`, "data", json}, {`{"type":"a","data":` + nested(100_000) + `}`, "data", json},
		{`{"type":"a","data":` + strings.Repeat(`{"a":`, 64) + `1` + strings.Repeat(`}`, 64) + `}`, "data", json},
		{`{"type":"a","data":` + strings.Repeat(`[`, 200_000), "data", json},
		// The type.
		{`{}`, "type", invalid}, {`{"data":1}`, "type", invalid}, {`{"type":""}`, "type", invalid}, {`{"type":null}`, "type", invalid},
		{`{"type":1.5}`, "type", invalid}, {`{"type":1e3}`, "type", invalid}, {`{"type":9223372036854775808}`, "type", invalid}, {`{"type":["a"]}`, "type", invalid}, {`{"type":{"a":"b"}}`, "type", invalid},
		{`{"type":true}`, "type", invalid}, {`{"type":" "}`, "type", invalid}, {`{"type":"a b"}`, "type", invalid},
		{`{"type":"ä"}`, "type", invalid}, {`{"type":"a\u0000"}`, "type", invalid}, {`{"type":"a\n"}`, "type", invalid},
		{`{"type":"` + strings.Repeat("a", 129) + `"}`, "type", invalid}, {`{"type":"` + strings.Repeat("a", 100_000) + `"}`, "type", invalid},
		// Names are exact.
		{`{"Type":"a"}`, "Type", unknown}, {`{"TYPE":"a"}`, "TYPE", unknown}, {`{"type":"a","Data":1}`, "Data", unknown},
		{`{"type":"a","maxAttempts":1}`, "maxAttempts", unknown}, {`{"type":"a","":1}`, "", unknown},
		{`{"type":"a","payload":{}}`, "payload", unknown}, {`{"type":"a","` + strings.Repeat("x", 1000) + `":1}`, strings.Repeat("x", 64), unknown},
		// What cannot be set over HTTP.
		{`{"type":"a","attempt":1}`, "attempt", unknown}, {`{"type":"a","errors":[]}`, "errors", unknown},
		{`{"type":"a","enqueued_at":"2030-01-01T00:00:00Z"}`, "enqueued_at", unknown},
		{`{"type":"a","state":"ready"}`, "state", unknown},
		// The id.
		{`{"type":"a","id":""}`, "id", invalid}, {`{"type":"a","id":1}`, "id", invalid}, {`{"type":"a","id":null}`, "id", invalid},
		{`{"type":"a","id":"a/b"}`, "id", invalid}, {`{"type":"a","id":"a b"}`, "id", invalid}, {`{"type":"a","id":".a"}`, "id", invalid},
		{`{"type":"a","id":"` + strings.Repeat("a", 129) + `"}`, "id", invalid},
		// The queue.
		{`{"type":"a","queue":""}`, "queue", invalid}, {`{"type":"a","queue":1}`, "queue", invalid}, {`{"type":"a","queue":null}`, "queue", invalid},
		{`{"type":"a","queue":"A"}`, "queue", invalid}, {`{"type":"a","queue":"a:b"}`, "queue", invalid}, {`{"type":"a","queue":"{a}"}`, "queue", invalid},
		{`{"type":"a","queue":"` + strings.Repeat("a", 65) + `"}`, "queue", invalid},
		// Attempts.
		{`{"type":"a","max_attempts":0}`, "max_attempts", invalid}, {`{"type":"a","max_attempts":-1}`, "max_attempts", invalid},
		{`{"type":"a","max_attempts":1001}`, "max_attempts", invalid}, {`{"type":"a","max_attempts":1.5}`, "max_attempts", invalid},
		{`{"type":"a","max_attempts":1e1}`, "max_attempts", invalid}, {`{"type":"a","max_attempts":"3"}`, "max_attempts", invalid},
		{`{"type":"a","max_attempts":null}`, "max_attempts", invalid}, {`{"type":"a","max_attempts":true}`, "max_attempts", invalid},
		{`{"type":"a","max_attempts":99999999999999999999}`, "max_attempts", invalid}, {`{"type":"a","max_attempts":[1]}`, "max_attempts", invalid},
		// The timeout and the retention have least values of their own.
		{`{"type":"a","timeout":"0s"}`, "timeout", invalid}, {`{"type":"a","timeout":"999ms"}`, "timeout", invalid},
		{`{"type":"a","timeout":"24h1s"}`, "timeout", invalid}, {`{"type":"a","retention":"0s"}`, "retention", invalid},
		{`{"type":"a","retention":"8761h"}`, "retention", invalid}, {`{"type":"a","delay":"8761h"}`, "delay", invalid},
		// Times.
		{`{"type":"a","run_at":"2001-01-01T00:00:00Z"}`, "run_at", invalid}, {`{"type":"a","run_at":"` + soon(-90), "run_at", invalid},
		{`{"type":"a","run_at":"0001-01-01T00:00:00Z"}`, "run_at", invalid}, {`{"type":"a","run_at":"9999-01-01T00:00:00Z"}`, "run_at", invalid},
		{`{"type":"a","delay":"1s","run_at":"` + soon(60), "run_at", invalid}, {`{"type":"a","deadline":"2001-01-01T00:00:00Z"}`, "deadline", invalid},
		{`{"type":"a","expires_at":"2001-01-01T00:00:00Z"}`, "expires_at", invalid}, {`{"type":"a","delay":"2h","deadline":"` + soon(60), "deadline", invalid},
		// The priority.
		{`{"type":"a","priority":""}`, "priority", invalid}, {`{"type":"a","priority":"urgent"}`, "priority", invalid}, {`{"type":"a","priority":"High"}`, "priority", invalid},
		{`{"type":"a","priority":1}`, "priority", invalid}, {`{"type":"a","priority":null}`, "priority", invalid}, {`{"type":"a","priority":"low","priority":"low"}`, "priority", json},
		// The group.
		{`{"type":"a","group":""}`, "group", invalid}, {`{"type":"a","group":1}`, "group", invalid}, {`{"type":"a","group":null}`, "group", invalid},
		{`{"type":"a","group":["g"]}`, "group", invalid}, {`{"type":"a","group":"` + strings.Repeat("ä", 65) + `"}`, "group", invalid},
		// The unique key.
		{`{"type":"a","unique":null}`, "unique", invalid}, {`{"type":"a","unique":"k"}`, "unique", invalid}, {`{"type":"a","unique":[]}`, "unique", invalid},
		{`{"type":"a","unique":{}}`, "unique.key", invalid}, {`{"type":"a","unique":{"key":""}}`, "unique.key", invalid}, {`{"type":"a","unique":{"key":1}}`, "unique.key", invalid},
		{`{"type":"a","unique":{"key":"` + strings.Repeat("k", 257) + `"}}`, "unique.key", invalid}, {`{"type":"a","unique":{"key":"k","mode":""}}`, "unique.mode", invalid},
		{`{"type":"a","unique":{"key":"k","mode":"always"}}`, "unique.mode", invalid}, {`{"type":"a","unique":{"key":"k","mode":"debounce"}}`, "unique.mode", invalid},
		{`{"type":"a","unique":{"key":"k","mode":"for"}}`, "unique.for", invalid}, {`{"type":"a","unique":{"key":"k","for":"1m"}}`, "unique.for", invalid},
		{`{"type":"a","unique":{"key":"k","mode":"for","for":"999ms"}}`, "unique.for", invalid}, {`{"type":"a","unique":{"key":"k","mode":"for","for":"9000h"}}`, "unique.for", invalid},
		{`{"type":"a","unique":{"key":"k","mode":"for","for":60}}`, "unique.for", invalid}, {`{"type":"a","unique":{"key":"k","mode":"for","for":"0s"}}`, "unique.for", invalid},
		{`{"type":"a","unique":{"key":"k","ttl":"1m"}}`, "unique.ttl", unknown}, {`{"type":"a","unique":{"Key":"k"}}`, "unique.Key", unknown},
		{`{"type":"a","unique":{"key":"k","key":"k"}}`, "unique", json}, {`{"type":"a","unique":{"key":"k"`, "unique", json},
		// Headers.
		{`{"type":"a","headers":null}`, "headers", invalid}, {`{"type":"a","headers":[]}`, "headers", invalid}, {`{"type":"a","headers":"a"}`, "headers", invalid},
		{`{"type":"a","headers":{"a":1}}`, "headers", invalid}, {`{"type":"a","headers":{"a":null}}`, "headers", invalid},
		{`{"type":"a","headers":{"a":{}}}`, "headers", invalid}, {`{"type":"a","headers":{"":"a"}}`, "headers", invalid},
		{`{"type":"a","headers":{"a":"` + strings.Repeat("b", 1024) + `"}}`, "headers", invalid}, {`{"type":"a","headers":` + manyHeaders(33) + `}`, "headers", invalid},
	}
	for _, field := range []string{"delay", "timeout", "retention"} {
		for _, value := range []string{
			`1`, `30`, `1.5`, `null`, `true`, `{}`, `[]`, `""`, `"1"`, `"1 week"`, `"1w"`, `"1 s"`, `"-1s"`, `"99999999h"`,
			`"9223372036854775808ns"`, `"soon"`, `"1s2"`, `"P1D"`,
		} {
			tasks = append(tasks, bad{fmt.Sprintf(`{"type":"a",%q:%s}`, field, value), field, invalid})
		}
	}
	for _, field := range []string{"run_at", "deadline", "expires_at"} {
		for _, value := range []string{
			`1`, `1767225600`, `null`, `{}`, `""`, `"now"`, `"2030-01-01"`, `"2030-01-01 00:00:00"`, `"2030-01-01T00:00:00"`,
			`"2030-13-01T00:00:00Z"`, `"2030-02-30T00:00:00Z"`, `"2030-01-01T25:00:00Z"`, `"2030-01-01T1:00:00Z"`, `"2030-01-01T01:00:00,5Z"`, `"2030-01-01t01:00:00Z"`, `"1h"`, `"2030-01-01T01:00:00+24:00"`, `"2030-01-01T01:00:00-01:60"`,
		} {
			tasks = append(tasks, bad{fmt.Sprintf(`{"type":"a",%q:%s}`, field, value), field, invalid})
		}
	}
	return tasks
}

func manyHeaders(n int) string {
	var headers []string
	for i := range n {
		headers = append(headers, fmt.Sprintf(`"h%d":""`, i))
	}
	return "{" + strings.Join(headers, ",") + "}"
}

func TestBadTask(t *testing.T) {
	a := start(t)
	for _, bad := range badTasks() {
		name := bad.body
		if len(name) > 60 {
			name = name[:60]
		}
		t.Run(name, func(t *testing.T) {
			p := a.post("/v1/tasks", bad.body).wantError(t, 400, bad.code, bad.field)
			if strings.HasPrefix(p.Message, "is ") || strings.HasPrefix(p.Message, "must ") {
				t.Errorf("%q says nothing of what", p.Message)
			}
			if len(p.Message) > 200 {
				t.Errorf("message of %d bytes", len(p.Message))
			}
		})
	}
	if n := a.fake.count(); n != 0 {
		t.Errorf("%d tasks were enqueued", n)
	}
}

// Each bad task spoils its own item of a batch only. What cannot be a line of its own is left out.
func TestBadTask_InABatch(t *testing.T) {
	a := start(t)
	for _, bad := range badTasks() {
		if strings.ContainsAny(bad.body, "\n") || strings.TrimSpace(bad.body) == "" {
			continue
		}
		var got batchAnswer
		a.lines(`{"type":"ok"}`+"\n"+bad.body+"\n"+`{"type":"ok"}`).into(t, http.StatusAccepted, &got)
		if got.Accepted != 2 || got.Rejected != 1 || len(got.Items) != 3 || got.Items[1].Error == nil ||
			got.Items[1].Error.Code != bad.code || got.Items[0].ID == "" || got.Items[2].Index != 2 {
			t.Fatalf("%.60s: got %+v", bad.body, got)
		}
	}
}

func TestBadContentType(t *testing.T) {
	a := start(t)
	const task = `{"type":"a"}`
	for _, contentType := range []string{
		"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", "json", "*/*",
		"application/json; charset=latin1", "application/json; charset", "application/vnd.api+json", "application/x-ndjson",
	} {
		a.do(a.request("POST", "/v1/tasks", contentType, strings.NewReader(task))).
			wantError(t, 415, "unsupported_media_type", "")
	}
	for _, contentType := range []string{"", "text/plain", "application/jsonl"} {
		a.do(a.request("POST", "/v1/tasks/batch", contentType, strings.NewReader(task))).
			wantError(t, 415, "unsupported_media_type", "")
	}
	zipped := a.request("POST", "/v1/tasks", "application/json", strings.NewReader(task))
	zipped.Header.Set("Content-Encoding", "gzip")
	a.do(zipped).wantError(t, 415, "unsupported_media_type", "")
	for _, contentType := range []string{"application/json", "Application/JSON", "application/json; charset=UTF-8"} {
		if reply := a.do(a.request("POST", "/v1/tasks", contentType, strings.NewReader(task))); reply.status != 202 {
			t.Errorf("%s: got %+v", contentType, reply)
		}
	}
	if n := a.fake.count(); n != 3 {
		t.Errorf("%d tasks were enqueued", n)
	}
}

func TestBadSize(t *testing.T) {
	a := start(t)
	over := func(n int) string { return `{"type":"a","data":"` + strings.Repeat("x", n) + `"}` }
	const around = len(`{"type":"a","data":""}`)
	if reply := a.post("/v1/tasks", over(1<<20-around)); reply.status != 202 {
		t.Errorf("exactly 1 MiB: %+v", reply)
	}
	for _, size := range []int{1<<20 - around + 1, 4 << 20, 8 << 20} {
		a.post("/v1/tasks", over(size)).wantError(t, 413, "too_large", "")
		chunked := a.request("POST", "/v1/tasks", "application/json", io.MultiReader(strings.NewReader(over(size))))
		a.do(chunked).wantError(t, 413, "too_large", "")
	}
	a.post("/v1/tasks/batch", `{"tasks":[`+over(9<<20)+`]}`).wantError(t, 413, "too_large", "")
	many := strings.TrimSuffix(strings.Repeat(`{"type":"a"},`, 1001), ",")
	a.post("/v1/tasks/batch", `{"tasks":[`+many+`]}`).wantError(t, 413, "too_large", "tasks")
	if n := a.fake.count(); n != 1 {
		t.Errorf("%d tasks were enqueued", n)
	}
}

func TestBadBatch(t *testing.T) {
	a := start(t)
	tests := []bad{
		{``, "", "invalid_json"}, {`null`, "", "invalid_json"}, {`[]`, "", "invalid_json"}, {`{}`, "tasks", "invalid_field"},
		{`{"tasks":null}`, "tasks", "invalid_field"}, {`{"tasks":{}}`, "tasks", "invalid_field"}, {`{"tasks":1}`, "tasks", "invalid_field"},
		{`{"tasks":[{"type":"a"}],"x":1}`, "x", "unknown_field"}, {`{"tasks":[{"type":"a"}],"tasks":[]}`, "tasks", "invalid_json"},
		{`{"tasks":[{"type":"a"}]} x`, "", "invalid_json"}, {`{"tasks":[{"type":"a"}`, "tasks", "invalid_json"}, {`{"tasks":[{"type":"a"}]`, "", "invalid_json"},
		{`{"tasks":[{"type":"a"},]}`, "tasks", "invalid_json"}, {`{"tasks":[{"type":"a"} {"type":"a"}]}`, "tasks", "invalid_json"},
		{`{"Tasks":[]}`, "Tasks", "unknown_field"}, {`{"tasks":[{"type":"a"},nope]}`, "tasks", "invalid_json"},
		{`{"tasks":[{"type":"a"},` + nested(20_000) + `,nope]}`, "tasks", "invalid_json"}, {`{"tasks":[` + nested(20_000)[1:] + `]}`, "tasks", "invalid_json"},
	}
	for _, bad := range tests {
		a.post("/v1/tasks/batch", bad.body).wantError(t, 400, bad.code, bad.field)
	}
	if n := a.fake.count(); n != 0 {
		t.Errorf("%d tasks were enqueued", n)
	}
}

func TestBadParameters(t *testing.T) {
	a := start(t)
	a.post("/v1/tasks", `{"type":"a","id":"x"}`)
	for query, field := range map[string]string{
		"wait=30": "wait", "wait=": "wait", "wait=-1s": "wait", "wait=x": "wait", "wait=1s&wait=1s": "wait", "wait=1%20s": "wait",
		"wait=99999999999999h": "wait", "queue=": "queue", "queue=A": "queue", "queue=a&queue=b": "queue", "limit=1": "limit",
		"Wait=1s": "Wait", "%zz": "", "a;b": "", strings.Repeat("x", 100): strings.Repeat("x", 64),
	} {
		p := a.get("/v1/tasks/x?"+query).wantError(t, 400, "invalid_parameter", field)
		if !strings.HasPrefix(p.Message, field) && !strings.HasPrefix(p.Message, "there is no") {
			t.Errorf("%.20s: %q says nothing of what", query, p.Message)
		}
	}
	for _, path := range []string{"/v1/queues?x=1", "/v1/queues/mail?x=1", "/v1/workers?x=1"} {
		a.get(path).wantError(t, 400, "invalid_parameter", "x")
	}
	for _, path := range []string{"/v1/tasks?x=1", "/v1/tasks/batch?x=1"} {
		a.post(path, `{"type":"a"}`).wantError(t, 400, "invalid_parameter", "x")
	}
	for _, id := range []string{"%20", "a%20b", "%FF", "%00", ".a", "a~b", "default~0~1", "~", "-", strings.Repeat("a", 129)} {
		a.get("/v1/tasks/"+id).wantError(t, 400, "invalid_parameter", "id")
	}
	for _, queue := range []string{"A", "a%20b", "%7Bq%7D", strings.Repeat("a", 65)} {
		a.get("/v1/queues/"+queue).wantError(t, 400, "invalid_parameter", "queue")
	}
}

func TestBadPath(t *testing.T) {
	a := start(t)
	for _, path := range []string{"/", "/v1", "/v2/tasks", "/v1/tasks/a/b", "/v1/tasks/a%2Fb", "/favicon.ico", "/v1/tasks/x", "/v1/queues/none", "/v1/tasks/batch"} {
		a.get(path).wantError(t, 404, "not_found", "")
	}
	for path, allow := range map[string]string{
		"/v1/tasks": "POST", "/v1/queues": "GET, HEAD", "/v1/tasks/x/cancel": "POST", "/v1/workers": "GET, HEAD", "/healthz": "GET, HEAD", "/openapi.json": "GET, HEAD",
	} {
		for _, method := range []string{"DELETE", "PUT", "PATCH", "OPTIONS"} {
			reply := a.do(a.request(method, path, "application/json", strings.NewReader(`{}`)))
			reply.wantError(t, 405, "method_not_allowed", "")
			if got := reply.header.Get("Allow"); got != allow {
				t.Errorf("%s %s: Allow is %q, want %q", method, path, got, allow)
			}
		}
	}
	reply := a.do(a.request("PUT", "/v1/tasks/x", "application/json", strings.NewReader(`{}`)))
	if reply.wantError(t, 405, "method_not_allowed", ""); reply.header.Get("Allow") != "DELETE, GET, HEAD" {
		t.Errorf("Allow is %q", reply.header.Get("Allow"))
	}
	a.get("/v1/tasks").wantError(t, 405, "method_not_allowed", "")
	a.do(a.request("BREW", "/v1/tasks", "", nil)).wantError(t, 405, "method_not_allowed", "")
}

// A duration that is one, but too long to be told, is not said to be written wrong.
func TestBadTask_DurationOutOfRange(t *testing.T) {
	a := start(t)
	for _, value := range []string{"9999999999999h", "-9999999999999h", "1h99999999999999999999.5s"} {
		p := a.post("/v1/tasks", `{"type":"a","timeout":"`+value+`"}`).wantError(t, 400, "invalid_field", "timeout")
		if p.Message != "timeout is out of range" {
			t.Errorf("%s: %q", value, p.Message)
		}
	}
}

// Nothing that a client sent stands in the answer.
func TestBadInput_IsNotEchoed(t *testing.T) {
	a := start(t)
	for _, body := range []string{
		`SECRET`, `{"type":"a","data":SECRET}`, `{"type":"SECRET SECRET"}`, `{"type":"a","delay":"SECRET"}`,
		`{"type":"a","run_at":"SECRET"}`, `{"type":"a","headers":{"SECRET":1}}`, `{"type":"a","data":{"SECRET":1,"SECRET":1}}`,
	} {
		if reply := a.post("/v1/tasks", body); strings.Contains(reply.body, "SECRET") {
			t.Errorf("%s: %s", body, reply.body)
		}
	}
}

func TestBadInput_Chunked(t *testing.T) {
	a := start(t)
	body := bytes.NewBufferString(`{"type":"a"}`)
	if reply := a.do(a.request("POST", "/v1/tasks", "application/json", io.NopCloser(body))); reply.status != 202 {
		t.Errorf("got %+v", reply)
	}
}
