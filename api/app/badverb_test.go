package app_test

import (
	"net/http"
	"strings"
	"testing"
)

// verb is a route that takes a body.
type verb struct{ method, path string }

func (a *api) send(v verb, body string) reply {
	a.t.Helper()
	return a.do(a.request(v.method, v.path, "application/json", strings.NewReader(body)))
}

var (
	patchQueue  = verb{http.MethodPatch, "/v1/queues/mail"}
	purgeQueue  = verb{http.MethodPost, "/v1/queues/mail/purge"}
	retryDead   = verb{http.MethodPost, "/v1/queues/mail/dead/retry"}
	deleteDead  = verb{http.MethodPost, "/v1/queues/mail/dead/delete"}
	putSchedule = verb{http.MethodPut, "/v1/schedules/nightly"}
)

// bodies are the routes whose bodies are one object each, and an object that is right.
var bodies = map[verb]string{
	patchQueue: `{"rate":1}`, purgeQueue: `{"state":"dead"}`, retryDead: `{"all":true}`, deleteDead: `{"all":true}`,
	putSchedule: `{"spec":"@daily","task":{"type":"a"}}`,
}

// empties are the routes that take no fields.
var empties = []verb{
	{http.MethodPost, "/v1/tasks/x/cancel"}, {http.MethodPost, "/v1/tasks/x/retry"},
	{http.MethodPost, "/v1/queues/mail/pause"}, {http.MethodPost, "/v1/queues/mail/resume"}, {http.MethodPost, "/v1/queues/mail/drain"},
	{http.MethodPost, "/v1/schedules/nightly/run"}, {http.MethodPost, "/v1/schedules/nightly/pause"},
	{http.MethodPost, "/v1/schedules/nightly/resume"},
}

func badVerbs() map[verb][]bad {
	const (
		json    = "invalid_json"
		invalid = "invalid_field"
		unknown = "unknown_field"
	)
	dead := []bad{
		{`{}`, "ids", invalid}, {`{"all":false}`, "ids", invalid}, {`{"all":1}`, "all", invalid}, {`{"all":null}`, "all", invalid}, {`{"all":"true"}`, "all", invalid},
		{`{"all":true,"ids":["a"]}`, "ids", invalid}, {`{"all":true,"fingerprint":"f"}`, "fingerprint", invalid}, {`{"ids":["a"],"fingerprint":"f"}`, "ids", invalid},
		{`{"dry_run":true}`, "ids", invalid}, {`{"rate":1}`, "ids", invalid},
		{`{"ids":[]}`, "ids", invalid}, {`{"ids":"a"}`, "ids", invalid}, {`{"ids":[1]}`, "ids", invalid}, {`{"ids":["a b"]}`, "ids", invalid}, {`{"ids":[""]}`, "ids", invalid},
		{`{"ids":null}`, "ids", invalid}, {`{"ids":["a",["b"]]}`, "ids", invalid}, {`{"ids":["a"`, "ids", json},
		{`{"ids":[` + strings.Repeat(`"a",`, 1000) + `"a"]}`, "ids", invalid},
		{`{"fingerprint":""}`, "fingerprint", invalid}, {`{"fingerprint":1}`, "fingerprint", invalid},
		{`{"fingerprint":"` + strings.Repeat("f", 129) + `"}`, "fingerprint", invalid},
		{`{"all":true,"dry_run":1}`, "dry_run", invalid}, {`{"all":true,"rate":0}`, "rate", invalid}, {`{"all":true,"rate":-1}`, "rate", invalid},
		{`{"all":true,"rate":null}`, "rate", invalid}, {`{"all":true,"rate":"1"}`, "rate", invalid}, {`{"all":true,"rate":1e9}`, "rate", invalid},
		{`{"all":true,"rate":0.0001}`, "rate", invalid}, {`{"all":true,"state":"dead"}`, "state", unknown}, {`{"All":true}`, "All", unknown},
	}
	return map[verb][]bad{
		patchQueue: {
			{`{}`, "rate", invalid}, {`{"rate":"1"}`, "rate", invalid}, {`{"rate":0}`, "rate", invalid}, {`{"rate":-1}`, "rate", invalid},
			{`{"rate":1e7}`, "rate", invalid}, {`{"rate":1e400}`, "rate", invalid}, {`{"rate":true}`, "rate", invalid}, {`{"rate":[]}`, "rate", invalid},
			{`{"burst":0}`, "burst", invalid}, {`{"burst":1.5}`, "burst", invalid}, {`{"burst":1e12}`, "burst", invalid}, {`{"burst":1500000000}`, "burst", invalid},
			{`{"rate":null,"burst":1}`, "burst", invalid}, {`{"concurrency":0}`, "concurrency", invalid}, {`{"concurrency":"3"}`, "concurrency", invalid},
			{`{"max_length":-1}`, "max_length", invalid}, {`{"max_length":{}}`, "max_length", invalid}, {`{"max_length":1e3}`, "max_length", invalid}, {`{"burst":1.0}`, "burst", invalid}, {`{"max_length":99999999999999999999}`, "max_length", invalid},
			{`{"maxLength":1}`, "maxLength", unknown}, {`{"paused":true}`, "paused", unknown},
		},
		purgeQueue: {
			{`{}`, "state", invalid}, {`{"state":""}`, "state", invalid}, {`{"state":"leased"}`, "state", invalid}, {`{"state":"all"}`, "state", invalid},
			{`{"state":1}`, "state", invalid}, {`{"state":null}`, "state", invalid}, {`{"state":["dead"]}`, "state", invalid},
			{`{"state":"dead","rate":1}`, "rate", unknown},
		},
		retryDead:  dead,
		deleteDead: dead,
		putSchedule: {
			{`{}`, "spec", invalid}, {`{"task":{"type":"a"}}`, "spec", invalid}, {`{"spec":"@daily"}`, "task", invalid}, {`{"spec":"","task":{"type":"a"}}`, "spec", invalid},
			{`{"spec":1}`, "spec", invalid}, {`{"spec":"@daily","task":null}`, "task", invalid}, {`{"spec":"@daily","task":"a"}`, "task", invalid},
			{`{"spec":"@daily","task":{}}`, "task.type", invalid}, {`{"spec":"@daily","task":{"type":"a b"}}`, "task.type", invalid},
			{`{"spec":"@daily","task":{"type":"a","max_attempts":0}}`, "task.max_attempts", invalid}, {`{"spec":"@daily","task":{"type":"a","queue":"A"}}`, "task.queue", invalid},
			{`{"spec":"@daily","task":{"type":"a","headers":{"h":1}}}`, "task.headers", invalid}, {`{"spec":"@daily","task":{"type":"a","priority":"x"}}`, "task.priority", invalid},
			{`{"spec":"@daily","task":{"type":"a","unique":{"key":"k"}}}`, "task.unique", unknown}, {`{"spec":"@daily","task":{"type":"a","data":` + nested(64) + `}}`, "task.data", json},
			{`{"spec":"@daily","task":{"type":"a","id":"x"}}`, "task.id", unknown}, {`{"spec":"@daily","task":{"type":"a","delay":"1s"}}`, "task.delay", unknown},
			{`{"spec":"@daily","task":{"type":"a","run_at":"2100-01-01T00:00:00Z"}}`, "task.run_at", unknown}, {`{"spec":"@daily","task":{"type":"a","attempt":1}}`, "task.attempt", unknown},
			{`{"spec":"@daily","task":{"type":"a","deadline":"2100-01-01T00:00:00Z"}}`, "task.deadline", unknown}, {`{"spec":"@daily","task":{"Type":"a"}}`, "task.Type", unknown},
			{`{"spec":"@daily","jitter":1}`, "jitter", invalid}, {`{"spec":"@daily","jitter":"-1s"}`, "jitter", invalid}, {`{"spec":"@daily","timezone":""}`, "timezone", invalid},
			{`{"spec":"@daily","overlap":null}`, "overlap", invalid}, {`{"spec":"@daily","catch_up":true}`, "catch_up", invalid}, {`{"spec":"@daily","paused":"no"}`, "paused", invalid},
			{`{"spec":"@daily","name":"x"}`, "name", unknown}, {`{"spec":"@daily","skipped":0}`, "skipped", unknown}, {`{"spec":"@daily","spec":"@daily"}`, "spec", json},
		},
	}
}

func TestBadVerb(t *testing.T) {
	a := start(t)
	for verb, good := range bodies {
		all := append(badVerbs()[verb], []bad{
			{``, "", "invalid_json"}, {`null`, "", "invalid_json"}, {`[]`, "", "invalid_json"}, {`"x"`, "", "invalid_json"}, {`{`, "", "invalid_json"},
			{good + `x`, "", "invalid_json"}, {good + good, "", "invalid_json"}, {`{"x":1}`, "x", "unknown_field"}, {`{"":1}`, "", "unknown_field"},
			{"{\"\xff\":1}", "", "invalid_json"}, {`{"` + strings.Repeat("x", 100) + `":1}`, strings.Repeat("x", 64), "unknown_field"},
		}...)
		for _, bad := range all {
			t.Run(verb.path+" "+bad.body[:min(len(bad.body), 60)], func(t *testing.T) {
				p := a.send(verb, bad.body).wantError(t, 400, bad.code, bad.field)
				if strings.HasPrefix(p.Message, "is ") || strings.HasPrefix(p.Message, "must ") || len(p.Message) > 200 {
					t.Errorf("message %q", p.Message)
				}
			})
		}
		if verb == putSchedule {
			continue
		}
		a.send(verb, `{"pad":"`+strings.Repeat("x", 1<<20)+`"}`).wantError(t, 413, "too_large", "")
		a.do(a.request(verb.method, verb.path, "text/plain", strings.NewReader(good))).wantError(t, 415, "unsupported_media_type", "")
	}
	if asked := a.fake.asked(); len(asked) > 0 {
		t.Errorf("the engine was asked %q", asked)
	}
}

func TestBadVerb_ThatTakesNoBody(t *testing.T) {
	a := start(t)
	for _, verb := range empties {
		a.send(verb, `{"force":true}`).wantError(t, 400, "unknown_field", "force")
		for _, body := range []string{`null`, `[]`, `x`, `{`, `{} {}`, `1`} {
			a.send(verb, body).wantError(t, 400, "invalid_json", "")
		}
		a.do(a.request(verb.method, verb.path, "text/plain", strings.NewReader(`{}`))).wantError(t, 415, "unsupported_media_type", "")
		a.send(verb, `{"pad":"`+strings.Repeat("x", 1<<20)+`"}`).wantError(t, 413, "too_large", "")
	}
	if asked := a.fake.asked(); len(asked) > 0 {
		t.Errorf("the engine was asked %q", asked)
	}
}

func TestBadVerb_Parameters(t *testing.T) {
	a := start(t)
	for path, field := range map[string]string{
		"/v1/tasks/a%20b/events": "id", "/v1/tasks/x/events?queue=A": "queue", "/v1/tasks/x/events?wait=1s": "wait",
		"/v1/queues/A/tasks?state=dead": "queue", "/v1/queues/mail/tasks": "state", "/v1/queues/mail/tasks?state=done": "state",
		"/v1/queues/mail/tasks?state=dead&type=a%20b": "type", "/v1/queues/mail/tasks?state=dead&limit=201": "limit",
		"/v1/queues/mail/tasks?state=dead&fingerprint=f": "fingerprint", "/v1/queues/mail/tasks?state=dead&cursor=": "cursor",
		"/v1/queues/A/dead": "queue", "/v1/queues/mail/dead?state=dead": "state", "/v1/queues/mail/dead?limit=0": "limit",
		"/v1/queues/mail/dead?type=%00": "type", "/v1/queues/mail/dead/groups?limit=1": "limit", "/v1/queues/A/dead/groups": "queue",
		"/v1/queues/mail/dead?fingerprint=" + strings.Repeat("f", 129): "fingerprint",
		"/v1/operations/x?x=1": "x",
		"/v1/schedules/A":      "name", "/v1/schedules?limit=x": "limit", "/v1/schedules/" + strings.Repeat("a", 65): "name",
	} {
		a.get(path).wantError(t, 400, "invalid_parameter", field)
	}
	for path, field := range map[string]string{
		"/v1/tasks/a~b": "id", "/v1/tasks/x?queue=A": "queue", "/v1/tasks/x?wait=1s": "wait", "/v1/schedules/A": "name",
	} {
		a.do(a.request(http.MethodDelete, path, "", nil)).wantError(t, 400, "invalid_parameter", field)
	}
	for _, id := range []string{"x", "op~mail~", "op~A~0123456789", "%20"} {
		a.get("/v1/operations/"+id).wantError(t, 404, "not_found", "")
		a.do(a.request(http.MethodDelete, "/v1/operations/"+id, "", nil)).wantError(t, 404, "not_found", "")
	}
	for _, verb := range empties {
		a.do(a.request(verb.method, verb.path+"?x=1", "", nil)).wantError(t, 400, "invalid_parameter", "x")
	}
	for verb, body := range bodies {
		a.do(a.request(verb.method, verb.path+"?x=1", "application/json", strings.NewReader(body))).wantError(t, 400, "invalid_parameter", "x")
		upper := strings.NewReplacer("mail", "MAIL", "nightly", "NIGHTLY").Replace(verb.path)
		field := "queue"
		if verb == putSchedule {
			field = "name"
		}
		a.do(a.request(verb.method, upper, "application/json", strings.NewReader(body))).wantError(t, 400, "invalid_parameter", field)
	}
}
