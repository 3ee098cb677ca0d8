package app_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/app"
)

// want checks a whole answer.
func (r reply) want(t *testing.T, status int, body string) {
	t.Helper()
	if r.status != status || strings.TrimSuffix(r.body, "\n") != body {
		t.Errorf("got %d %s\nwant %d %s", r.status, r.body, status, body)
	}
}

func (a *api) delete(path string) reply {
	a.t.Helper()
	return a.do(a.request(http.MethodDelete, path, "", nil))
}

// fails makes a verb of the fake answer an error.
func (a *api) fails(verb string, err error) {
	a.fake.mu.Lock()
	defer a.fake.mu.Unlock()
	a.fake.control.fail = map[string]error{verb: err}
}

func (a *api) wantAsked(want ...string) {
	a.t.Helper()
	if asked := a.fake.asked(); !slices.Equal(asked, want) {
		a.t.Errorf("the engine was asked %q, want %q", asked, want)
	}
}

func TestTaskVerbs(t *testing.T) {
	a := start(t)
	a.fake.control.state = zeroq.Leased
	a.post("/v1/tasks/x/cancel?queue=mail", "").want(t, 200, `{"id":"x","state":"cancelling"}`)
	a.fake.control.state = zeroq.Cancelled
	a.post("/v1/tasks/x/cancel", `{}`).want(t, 200, `{"id":"x","state":"cancelled"}`)
	a.do(a.request("POST", "/v1/tasks/x/retry", "", nil)).want(t, 200, `{"id":"x","state":"ready"}`)
	a.delete("/v1/tasks/mail~0~0000000001").want(t, 204, "")
	a.wantAsked("cancel x mail", "cancel x ", "retry x ", "delete mail~0~0000000001 ")
}

// Each error of the engine is the one answer that belongs to it, whichever verb meets it.
func TestVerbs_Refused(t *testing.T) {
	a := start(t)
	for _, test := range []struct {
		verb   string
		err    error
		method string
		path   string
		status int
		code   string
		field  string
	}{
		{"cancel", &zeroq.StateError{State: zeroq.Succeeded}, "POST", "/v1/tasks/x/cancel", 409, "wrong_state", ""},
		{"cancel", zeroq.ErrNotFound, "POST", "/v1/tasks/x/cancel", 404, "not_found", ""},
		{"cancel", zeroq.ErrAmbiguousID, "POST", "/v1/tasks/x/cancel", 409, "ambiguous_id", "queue"},
		{"retry", &zeroq.DuplicateError{TaskID: "first"}, "POST", "/v1/tasks/x/retry", 409, "duplicate", "unique"},
		{"retry", zeroq.ErrUnreadable, "POST", "/v1/tasks/x/retry", 409, "unreadable", ""},
		{"delete", &zeroq.StateError{State: zeroq.Leased}, "DELETE", "/v1/tasks/x", 409, "wrong_state", ""},
		{"watch", zeroq.ErrNotFound, "GET", "/v1/tasks/x/events", 404, "not_found", ""},
		{"watch", zeroq.ErrUnavailable, "GET", "/v1/tasks/x/events", 503, "unavailable", ""},
		{"pause", zeroq.ErrNotFound, "POST", "/v1/queues/mail/pause", 404, "not_found", ""},
		{"resume", zeroq.ErrUnsupported, "POST", "/v1/queues/mail/resume", 400, "unsupported", ""},
		{"drain", zeroq.ErrUnavailable, "POST", "/v1/queues/mail/drain", 503, "unavailable", ""},
		{"tasks", &zeroq.FieldError{Field: "cursor", Reason: "is none"}, "GET", "/v1/queues/mail/tasks?state=dead&cursor=x", 400, "invalid_parameter", "cursor"},
		{"tasks", zeroq.ErrNotFound, "GET", "/v1/queues/mail/dead", 404, "not_found", ""},
		{"groups", zeroq.ErrNotFound, "GET", "/v1/queues/mail/dead/groups", 404, "not_found", ""},
		{"operation", zeroq.ErrNotFound, "GET", "/v1/operations/op~mail~0123456789", 404, "not_found", ""},
		{"abort", zeroq.ErrNotFound, "DELETE", "/v1/operations/op~mail~0123456789", 404, "not_found", ""},
		{"unschedule", zeroq.ErrNotFound, "DELETE", "/v1/schedules/nightly", 404, "not_found", ""},
		{"schedules", zeroq.ErrUnavailable, "GET", "/v1/schedules", 503, "unavailable", ""},
		{"delete", errSecret, "DELETE", "/v1/tasks/x", 500, "internal", ""},
	} {
		a.fails(test.verb, test.err)
		p := a.do(a.request(test.method, test.path, "", nil)).wantError(t, test.status, test.code, test.field)
		if test.code == "wrong_state" && !strings.HasPrefix(p.Message, "the task is ") {
			t.Errorf("%q names no state", p.Message)
		}
		if test.field == "unique" && p.TaskID != "first" {
			t.Errorf("got %+v", p)
		}
	}
}

func TestEnqueue_PriorityAndUnique(t *testing.T) {
	a := start(t)
	a.post("/v1/tasks", `{"type":"a","id":"x","priority":"high","unique":{"key":"k","mode":"for","for":"10m"}}`).
		want(t, 202, `{"id":"x","queue":"default","state":"ready"}`)
	task := a.fake.task("x")
	if task.Priority != zeroq.High || task.Unique == nil || *task.Unique != (zeroq.Unique{Key: "k", Mode: zeroq.ForTime, For: 10 * time.Minute}) {
		t.Errorf("enqueued %+v", task)
	}
	a.post("/v1/tasks", `{"type":"a","id":"y","delay":"1m","unique":{"key":"k","mode":"debounce"}}`).
		want(t, 202, `{"id":"y","queue":"default","state":"scheduled"}`)
}

// Whether a queue's broker keeps the order of a group is for the broker to say.
func TestEnqueue_Group(t *testing.T) {
	a := start(t)
	a.post("/v1/tasks", `{"type":"a","id":"x","group":"customer 7"}`).want(t, 202, `{"id":"x","queue":"default","state":"ready"}`)
	if group := a.fake.task("x").Group; group != "customer 7" {
		t.Errorf("its group is %q", group)
	}
	a.fake.fail["sorted"] = &zeroq.FieldError{Field: "group", Reason: "cannot be kept in order by the broker of queue default"}
	a.post("/v1/tasks", `{"type":"sorted","group":"g"}`).wantError(t, 400, "invalid_field", "group")
	a.post("/v1/tasks/batch", `{"tasks":[{"type":"sorted","group":"g"}]}`).
		want(t, 202, `{"accepted":0,"rejected":1,"items":[{"index":0,"error":{"code":"invalid_field","message":"group cannot be kept in order by the broker of queue default","field":"group"}}]}`)
	a.lines(`{"type":"a","id":"z","group":"g"}` + "\n")
	if group := a.fake.task("z").Group; group != "g" {
		t.Errorf("its group is %q", group)
	}
}

func TestEnqueue_Refused(t *testing.T) {
	a := start(t)
	a.fake.fail["second"] = &zeroq.DuplicateError{TaskID: "first"}
	a.fake.fail["full"], a.fake.fail["draining"] = zeroq.ErrQueueFull, zeroq.ErrDraining
	if p := a.post("/v1/tasks", `{"type":"second","id":"x"}`).wantError(t, 409, "duplicate", "unique"); p.TaskID != "first" {
		t.Errorf("got %+v", p)
	}
	for code, typ := range map[string]string{"queue_full": "full", "draining": "draining"} {
		reply := a.post("/v1/tasks", `{"type":"`+typ+`"}`)
		if reply.wantError(t, 429, code, ""); reply.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After is %q", reply.header.Get("Retry-After"))
		}
	}
	var got batchAnswer
	a.post("/v1/tasks/batch", `{"tasks":[{"type":"a"},{"type":"second"},{"type":"full"},{"type":"draining"}]}`).into(t, 202, &got)
	if got.Accepted != 1 || got.Items[1].Error.TaskID != "first" || got.Items[2].Error.Code != "queue_full" || got.Items[3].Error.Code != "draining" {
		t.Errorf("got %+v", got)
	}
}

func TestQueueVerbs(t *testing.T) {
	a := start(t)
	queue := strings.TrimSpace(a.get("/v1/queues/mail").body)
	for _, verb := range []string{"pause", "resume", "drain"} {
		a.post("/v1/queues/mail/"+verb, "").want(t, 200, queue)
	}
	a.send(patchQueue, `{"rate":2.5,"burst":3,"concurrency":null}`).want(t, 200, queue)
	change := a.fake.control.change
	if *change.Rate != 2.5 || *change.Burst != 3 || *change.Concurrency != 0 || change.MaxLength != nil {
		t.Errorf("changed %+v", change)
	}
	a.send(patchQueue, `{"max_length":1000}`).want(t, 200, queue)
	a.fails("limit", &zeroq.FieldError{Field: "burst", Reason: "needs a rate"})
	a.send(patchQueue, `{"burst":1}`).wantError(t, 400, "invalid_field", "burst")
	a.wantAsked("pause mail", "resume mail", "drain mail", "limit mail", "limit mail", "limit mail")
}

const someOp = `{"id":"op~mail~0123456789","queue":"mail","verb":"delete","state":"retry","ids":null,"fingerprint":null,"rate":null,` +
	`"status":"running","matched":7,"done":0,"failed":0,"error":null,"created_at":"2026-01-02T02:04:05.000Z","finished_at":null}`

func TestPurge(t *testing.T) {
	a := start(t)
	reply := a.send(purgeQueue, `{"state":"retry"}`)
	reply.want(t, 202, someOp)
	if location := reply.header.Get("Location"); location != "/v1/operations/op~mail~0123456789" {
		t.Errorf("Location is %q", location)
	}
	a.get(reply.header.Get("Location")).want(t, 200, someOp)
	a.delete(reply.header.Get("Location")).want(t, 204, "")
	a.wantAsked("begin mail delete", "operation op~mail~0123456789", "abort op~mail~0123456789")
}

func TestDead_Operations(t *testing.T) {
	a := start(t)
	var op struct {
		IDs         *int    `json:"ids"`
		Fingerprint *string `json:"fingerprint"`
		Rate        float64 `json:"rate"`
	}
	reply := a.send(retryDead, `{"ids":["a","mail~0~0000000001"],"rate":0.5}`)
	if err := json.Unmarshal([]byte(reply.body), &op); err != nil || reply.status != 202 || *op.IDs != 2 || op.Rate != 0.5 {
		t.Errorf("got %+v: %v", reply, err)
	}
	if got := a.fake.control.op; got.Verb != zeroq.VerbRetry || got.Selection.State != zeroq.Dead || !slices.Equal(got.Selection.IDs, []string{"a", "mail~0~0000000001"}) {
		t.Errorf("began %+v", got)
	}
	if reply := a.send(deleteDead, `{"fingerprint":"f1","all":false}`); reply.status != 202 || !strings.Contains(reply.body, `"fingerprint":"f1"`) {
		t.Errorf("got %+v", reply)
	}
	a.send(deleteDead, `{"all":true,"dry_run":true}`).want(t, 200, `{"matched":42}`)
	a.send(retryDead, `{"fingerprint":"f1","dry_run":true}`).want(t, 200, `{"matched":42}`)
	if got := a.fake.control.selection; got.State != zeroq.Dead || got.Fingerprint != "f1" || got.IDs != nil {
		t.Errorf("counted %+v", got)
	}
	a.wantAsked("begin mail retry", "begin mail delete", "matched mail", "matched mail")
}

func TestTasks_Pages(t *testing.T) {
	a := start(t)
	a.get("/v1/queues/mail/tasks?state=ready").want(t, 200, `{"items":[],"next_cursor":null}`)
	a.fake.control.page = zeroq.TaskPage{
		Tasks: []*zeroq.TaskInfo{{ID: "x", Data: json.RawMessage(`{ "a": 1 }`)}, {ID: "y", State: zeroq.Dead, Fingerprint: "f1"}}, Next: "a/b~c",
	}
	a.fake.control.page.Tasks[0].State, a.fake.control.page.Tasks[0].Queue, a.fake.control.page.Tasks[1].Queue = zeroq.Retry, "mail", "mail"
	reply := a.get("/v1/queues/mail/tasks?state=retry&type=email:send&limit=2&cursor=a/b~c")
	if !strings.Contains(reply.body, `"data":{ "a": 1 }`) || !strings.HasSuffix(reply.body, `],"next_cursor":"a/b~c"}`+"\n") {
		t.Errorf("got %+v", reply)
	}
	if got, want := a.fake.control.query, (zeroq.TaskQuery{Queue: "mail", State: zeroq.Retry, Type: "email:send", Cursor: "a/b~c", Limit: 2}); got != want {
		t.Errorf("asked %+v", got)
	}
	a.get("/v1/queues/mail/dead?fingerprint=f1&type=a")
	if got, want := a.fake.control.query, (zeroq.TaskQuery{Queue: "mail", State: zeroq.Dead, Type: "a", Fingerprint: "f1", Limit: 100}); got != want {
		t.Errorf("asked %+v", got)
	}
}

func TestDead_Groups(t *testing.T) {
	a := start(t)
	a.get("/v1/queues/mail/dead/groups").want(t, 200, `{"items":[],"next_cursor":null}`)
	a.fake.control.groups = []zeroq.DeadGroup{{Fingerprint: "f1", Count: 3, FirstSeen: someTime, LastSeen: someTime.Add(time.Hour), Sample: "boom <x>"}}
	a.get("/v1/queues/mail/dead/groups").want(t, 200, `{"items":[{"fingerprint":"f1","count":3,"first_seen":"2026-01-02T02:04:05.000Z",`+
		`"last_seen":"2026-01-02T03:04:05.000Z","sample":"boom <x>"}],"next_cursor":null}`)
}

func TestSchedules(t *testing.T) {
	a := start(t)
	a.get("/v1/schedules").want(t, 200, `{"items":[],"next_cursor":null}`)
	a.get("/v1/schedules/nightly").wantError(t, 404, "not_found", "")
	const small = `{"name":"nightly","spec":"@daily","timezone":"UTC","jitter":"0s","overlap":"allow","catch_up":"none",` +
		`"task":{"type":"a","queue":"default","data":null},"paused":false,"next_runs":[],"last_run":null,"last_task":null,"skipped":0}`
	a.send(putSchedule, `{"spec":"@daily","task":{"type":"a"}}`).want(t, 201, small)
	a.send(putSchedule, `{"spec":"@daily","task":{"type":"a"}}`).want(t, 200, small)
	a.get("/v1/schedules").want(t, 200, `{"items":[`+small+`],"next_cursor":null}`)
	const task = `{"type":"a","queue":"mail","data":{"n":1},"max_attempts":3,"timeout":"1m0s","retention":"2h0m0s","priority":"low","group":"g",` +
		`"headers":{"h":"<v>"}}`
	a.send(putSchedule, `{"spec":"0 3 * * *","timezone":"Europe/Berlin","jitter":"5m","overlap":"skip","catch_up":"last","paused":true,"task":`+task+`}`)
	s := a.fake.control.schedules["nightly"]
	s.NextRuns, s.LastRun, s.LastTask, s.Skipped = []time.Time{someTime}, someTime, "mail~0~0000000001", 2
	a.fake.control.schedules["nightly"] = s
	const big = `{"name":"nightly","spec":"0 3 * * *","timezone":"Europe/Berlin","jitter":"5m0s","overlap":"skip","catch_up":"last","task":` + task
	const rest = `"next_runs":["2026-01-02T02:04:05.000Z"],"last_run":"2026-01-02T02:04:05.000Z","last_task":"mail~0~0000000001","skipped":2}`
	a.get("/v1/schedules/nightly").want(t, 200, big+`,"paused":true,`+rest)
	a.post("/v1/schedules/nightly/resume", "").want(t, 200, big+`,"paused":false,`+rest)
	a.post("/v1/schedules/nightly/pause", "").want(t, 200, big+`,"paused":true,`+rest)
	reply := a.post("/v1/schedules/nightly/run", "")
	reply.want(t, 202, `{"id":"mail~0~0000000001","queue":"mail","state":"ready"}`)
	if location := reply.header.Get("Location"); location != "/v1/tasks/mail~0~0000000001" {
		t.Errorf("Location is %q", location)
	}
	a.delete("/v1/schedules/nightly").want(t, 204, "")
	for _, verb := range []string{"run", "pause", "resume"} {
		a.post("/v1/schedules/none/"+verb, "").wantError(t, 404, "not_found", "")
	}
}

// What only the timetable can tell is told by the field.
func TestSchedules_Refused(t *testing.T) {
	a := start(t, func(c *app.Conf) { c.Queues = []string{"mail"} })
	a.send(putSchedule, `{"spec":"@daily","task":{"type":"a"}}`).wantError(t, 400, "unknown_queue", "task.queue")
	a.fails("put", &zeroq.FieldError{Field: "spec", Reason: "has no next time"})
	a.send(putSchedule, `{"spec":"0 0 31 2 *","task":{"type":"a","queue":"mail"}}`).wantError(t, 400, "invalid_field", "spec")
	a.fails("run", zeroq.ErrQueueFull)
	a.fake.control.schedules["nightly"] = zeroq.Schedule{Task: &zeroq.Task{}}
	a.post("/v1/schedules/nightly/run", "").wantError(t, 429, "queue_full", "")
}
