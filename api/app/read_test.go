package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

func TestTask_Finished(t *testing.T) {
	a := start(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_999_999, time.FixedZone("there", -7200))
	a.fake.info = &zeroq.TaskInfo{
		ID: "x", Type: "a", Queue: "mail", State: zeroq.Dead, Attempt: 2, MaxAttempts: 3,
		Data: json.RawMessage(`{ "n": 9007199254740993, "h":"<&>" }`), Result: json.RawMessage(`[ 1.10 ]`), Error: "boom <x>",
		Errors:     []zeroq.AttemptError{{Attempt: 1, At: at, Worker: "w", Duration: 1500 * time.Millisecond, Message: "boom"}},
		EnqueuedAt: at, StartedAt: at, FinishedAt: at, Worker: "w",
		Progress: json.RawMessage(`{ "done": 1 }`), CancelRequested: true, Priority: zeroq.Low, Group: "g", Fingerprint: "f1",
	}
	const want = `{"id":"x","type":"a","queue":"mail","state":"dead","cancel_requested":true,"priority":"low","group":"g","attempt":2,"max_attempts":3,"error":"boom <x>",` +
		`"errors":[{"attempt":1,"at":"2026-01-02T05:04:05.678Z","worker":"w","duration":"1.5s","message":"boom"}],` +
		`"fingerprint":"f1",` +
		`"enqueued_at":"2026-01-02T05:04:05.678Z","started_at":"2026-01-02T05:04:05.678Z",` +
		`"finished_at":"2026-01-02T05:04:05.678Z","next_run_at":null,"worker":"w",` +
		`"progress":{ "done": 1 },"data":{ "n": 9007199254740993, "h":"<&>" },"result":[ 1.10 ]}` + "\n"
	if got := a.get("/v1/tasks/x"); got.status != 200 || got.body != want {
		t.Errorf("got %d %s\nwant %s", got.status, got.body, want)
	}
}

func TestTask_New(t *testing.T) {
	a := start(t)
	a.post("/v1/tasks", `{"type":"a","id":"x"}`)
	const want = `{"id":"x","type":"a","queue":"default","state":"ready","priority":null,"attempt":0,"max_attempts":10,"error":null,"errors":[],"fingerprint":null,` +
		`"enqueued_at":"2026-01-02T03:04:05.006Z","started_at":null,"finished_at":null,"next_run_at":null,"worker":null,` +
		`"progress":null,"data":null,"result":null}` + "\n"
	if got := a.get("/v1/tasks/x"); got.status != 200 || got.body != want {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

// An id that the queue has chosen is not one that a client may choose, but can be looked up.
func TestTask_IDOfTheQueue(t *testing.T) {
	a := start(t)
	var got accepted
	a.post("/v1/tasks", `{"type":"a"}`).into(t, http.StatusAccepted, &got)
	if reply := a.get("/v1/tasks/" + got.ID); reply.status != 200 || !strings.Contains(got.ID, "~") {
		t.Errorf("%s: %+v", got.ID, reply)
	}
	a.post("/v1/tasks", `{"type":"a","id":"`+got.ID+`"}`).wantError(t, 400, "invalid_field", "id")
}

func TestTask_Ambiguous(t *testing.T) {
	a := start(t)
	a.get("/v1/tasks/twice").wantError(t, 409, "ambiguous_id", "queue")
	a.get("/v1/tasks/twice?queue=mail").wantError(t, 404, "not_found", "")
}

func TestTask_WaitEndsWithTheTask(t *testing.T) {
	a := start(t)
	a.post("/v1/tasks", `{"type":"a","id":"x"}`)
	answers := make(chan reply)
	go func() { answers <- a.get("/v1/tasks/x?wait=1000h") }() // clamped
	<-a.fake.waits
	close(a.fake.finished)
	if got := <-answers; got.status != http.StatusOK {
		t.Errorf("got %+v", got)
	}
}

func TestTask_WaitEndsWithTheTime(t *testing.T) {
	a := start(t)
	a.post("/v1/tasks", `{"type":"a","id":"x"}`)
	for _, wait := range []string{"1ms", "0s", "1ns"} {
		if got := a.get("/v1/tasks/x?wait=" + wait); got.status != http.StatusOK {
			t.Errorf("got %+v", got)
		}
	}
	a.get("/v1/tasks/y?wait=1ms").wantError(t, 404, "not_found", "")
}

func TestQueues(t *testing.T) {
	a := start(t)
	const queue = `{"queue":"mail","counts":{"cancelled":0,"dead":0,"expired":0,"leased":0,"ready":3,"retry":0,"scheduled":0,` +
		`"succeeded":0},"oldest_age":"1.5s",` +
		`"totals":{"cancelled":0,"dead":0,"deleted":0,"enqueued":5,"evicted":0,"expired":0,"failed":0,"handed_back":0,"retried":0,"revived":0,"succeeded":2},` +
		`"rates":{"cancelled":0,"dead":0,"deleted":0,"enqueued":0.5,"evicted":0,"expired":0,"failed":0,"handed_back":0,"retried":0,"revived":0,"succeeded":0},` +
		`"limits":{"rate":2.5,"burst":null,"concurrency":null,"max_length":100},"paused":true,"draining":true}`
	if got := a.get("/v1/queues/mail"); got.status != 200 || got.body != queue+"\n" {
		t.Errorf("got %+v", got)
	}
	if got := a.get("/v1/queues"); got.status != 200 || got.body != `{"items":[`+queue+`],"next_cursor":null}`+"\n" {
		t.Errorf("got %+v", got)
	}
}

func TestWorkers(t *testing.T) {
	a := start(t)
	const want = `{"items":[{"id":"new","host":"","pid":0,"queues":[],"slots":0,"running":[],"started_at":null,"last_heartbeat":null},` +
		`{"id":"w1","host":"h","pid":7,"queues":["mail"],"slots":4,` +
		`"running":[{"id":"t","type":"a","queue":"mail","attempt":2,"started_at":"2026-01-02T02:04:05.000Z","stuck":true}],` +
		`"started_at":"2026-01-02T02:04:05.000Z","last_heartbeat":"2026-01-02T02:04:05.001Z"}],` +
		`"next_cursor":null}` + "\n"
	if got := a.get("/v1/workers"); got.status != 200 || got.body != want {
		t.Errorf("got %+v", got)
	}
}

func TestProbes(t *testing.T) {
	a := start(t)
	for path, want := range map[string]string{
		"/healthz": `{"status":"alive"}`, "/healthz?probe=1": `{"status":"alive"}`, "/readyz": `{"status":"ready"}`,
	} {
		if got := a.get(path); got.status != 200 || strings.TrimSpace(got.body) != want {
			t.Errorf("%s: %+v", path, got)
		}
	}
	a.fake.setDown(errSecret)
	a.get("/readyz").wantError(t, 503, "unavailable", "")
	if got := a.get("/healthz"); got.status != 200 {
		t.Errorf("got %+v", got)
	}
}

func TestHead(t *testing.T) {
	a := start(t)
	for path, status := range map[string]int{"/healthz": 200, "/v1/queues": 200, "/v1/tasks/none": 404, "/v1/tasks": 405} {
		if got := a.do(a.request(http.MethodHead, path, "", nil)); got.status != status || got.body != "" {
			t.Errorf("%s: %+v", path, got)
		}
	}
}
