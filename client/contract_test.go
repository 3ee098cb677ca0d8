package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
)

// contract answers by the contract of the API: each request with what stands for it, in order, the
// last for ever.
type contract struct {
	answers map[string][]reply

	mu       sync.Mutex
	requests []request
}

type reply struct {
	status int
	body   string
	header http.Header
}

// request is one that was answered.
type request struct{ line, body, key string }

func (c *contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	line := r.Method + " " + r.URL.RequestURI()
	c.mu.Lock()
	c.requests = append(c.requests, request{line, string(body), r.Header.Get("Idempotency-Key")})
	answers := c.answers[line]
	if len(answers) > 1 {
		c.answers[line] = answers[1:]
	}
	c.mu.Unlock()
	if len(answers) == 0 {
		answers = []reply{{404, `{"error":{"code":"not_found","message":"not scripted: ` + line + `"}}`, nil}}
	}
	for name, values := range answers[0].header {
		w.Header()[name] = values
	}
	w.WriteHeader(answers[0].status)
	_, _ = io.WriteString(w, answers[0].body)
}

// sent are the requests since the last call.
func (c *contract) sent() []request {
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := c.requests
	c.requests = nil
	return sent
}

// follow starts an API of the contract, and a client of it.
func follow(t *testing.T, options ...client.Option) (*client.Client, *contract) {
	t.Helper()
	api := &contract{answers: make(map[string][]reply)}
	server := httptest.NewServer(api)
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	c, err := client.New(server.URL, append(options, client.WithHTTPClient(&http.Client{Transport: transport}))...)
	if err != nil {
		t.Fatal(err)
	}
	return c, api
}

func (c *contract) on(line string, status int, body string) {
	c.answers[line] = append(c.answers[line], reply{status, body, nil})
}

func TestVerbs_OfATask(t *testing.T) {
	c, api := follow(t)
	api.on("POST /v1/tasks/a/cancel", 200, `{"id":"a","state":"cancelled"}`)
	api.on("POST /v1/tasks/b/cancel?queue=mail", 200, `{"id":"b","state":"cancelling"}`)
	api.on("POST /v1/tasks/a/retry", 200, `{"id":"a","state":"ready"}`)
	api.on("DELETE /v1/tasks/a?queue=mail", 204, "")
	if state, err := c.Cancel(t.Context(), "a", ""); err != nil || state != zeroq.Cancelled {
		t.Errorf("got %s, %v", state, err)
	}
	if state, err := c.Cancel(t.Context(), "b", "mail"); err != nil || state != zeroq.Leased {
		t.Errorf("got %s, %v", state, err)
	}
	if err := errors.Join(c.Retry(t.Context(), "a", ""), c.Delete(t.Context(), "a", "mail")); err != nil {
		t.Error(err)
	}
}

func TestVerbs_Errors(t *testing.T) {
	c, api := follow(t)
	for code, want := range map[string]error{
		"wrong_state": zeroq.ErrWrongState, "unreadable": zeroq.ErrUnreadable, "draining": zeroq.ErrDraining,
		"queue_full": zeroq.ErrQueueFull, "not_found": zeroq.ErrNotFound, "ambiguous_id": zeroq.ErrAmbiguousID,
	} {
		api.answers = map[string][]reply{"POST /v1/tasks/a/retry": {{409,
			`{"error":{"code":"` + code + `","message":"the task is leased"}}`, http.Header{"Retry-After": {"1"}}}}}
		var got *client.Error
		err := c.Retry(t.Context(), "a", "")
		if !errors.Is(err, want) || !errors.As(err, &got) || got.RetryAfter != time.Second {
			t.Errorf("%s: %v", code, err)
		}
		var state *zeroq.StateError
		if errors.As(err, &state) != (code == "wrong_state") || state != nil && state.State != zeroq.Leased {
			t.Errorf("%s: %v", code, state)
		}
	}
	api.answers = map[string][]reply{"POST /v1/tasks/a/retry": {{409,
		`{"error":{"code":"duplicate","message":"x","field":"unique","task_id":"first"}}`, nil}}}
	var duplicate *zeroq.DuplicateError
	err := c.Retry(t.Context(), "a", "")
	if !errors.As(err, &duplicate) || duplicate.TaskID != "first" || errors.Is(err, zeroq.ErrDuplicateID) {
		t.Error(err)
	}
}

const mailQueue = `{"queue":"mail","counts":{"ready":3},"oldest_age":"1.5s","totals":{"enqueued":9},"rates":{"enqueued":0.5},
	"limits":{"rate":2.5,"burst":null,"concurrency":4,"max_length":null},"paused":true,"draining":true}`

func TestVerbs_OfAQueue(t *testing.T) {
	c, api := follow(t)
	want := zeroq.QueueInfo{
		Queue: "mail", Counts: map[zeroq.State]int64{zeroq.Ready: 3}, OldestAge: 1500 * time.Millisecond,
		Totals: map[zeroq.Counter]int64{zeroq.CountEnqueued: 9}, Rates: map[zeroq.Counter]float64{zeroq.CountEnqueued: 0.5},
		Limits: zeroq.Limits{Rate: 2.5, Concurrency: 4}, Paused: true, Draining: true,
	}
	for verb, call := range map[string]func() (zeroq.QueueInfo, error){
		"pause":  func() (zeroq.QueueInfo, error) { return c.Pause(t.Context(), "mail") },
		"resume": func() (zeroq.QueueInfo, error) { return c.Resume(t.Context(), "mail") },
		"drain":  func() (zeroq.QueueInfo, error) { return c.Drain(t.Context(), "mail") },
	} {
		api.on("POST /v1/queues/mail/"+verb, 200, mailQueue)
		if got, err := call(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", verb, got, err)
		}
	}
	api.on("PATCH /v1/queues/mail", 200, mailQueue)
	api.sent()
	rate, lifted := 2.5, 0
	got, err := c.Limit(t.Context(), "mail", zeroq.LimitsChange{Rate: &rate, MaxLength: &lifted})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if sent := api.sent(); sent[0].body != `{"max_length":null,"rate":2.5}` {
		t.Errorf("sent %s", sent[0].body)
	}
}

const dying = `{"id":"a","type":"t","queue":"mail","state":"dead","attempt":1,"max_attempts":2,"error":"boom","errors":[],
	"fingerprint":"f1","priority":"low","progress":{"n":1},"cancel_requested":true,"enqueued_at":null,"data":null}`

func TestTasks_Pages(t *testing.T) {
	c, api := follow(t)
	api.on("GET /v1/queues/mail/dead?fingerprint=f1&limit=1&type=t", 200, `{"items":[`+dying+`],"next_cursor":"x"}`)
	api.on("GET /v1/queues/mail/dead?cursor=x&fingerprint=f1&limit=1&type=t", 200, `{"items":[],"next_cursor":"y"}`)
	api.on("GET /v1/queues/mail/dead?cursor=y&fingerprint=f1&limit=1&type=t", 200, `{"items":[`+dying+`],"next_cursor":null}`)
	want := &zeroq.TaskInfo{
		ID: "a", Type: "t", Queue: "mail", State: zeroq.Dead, Attempt: 1, MaxAttempts: 2, Error: "boom",
		Fingerprint: "f1", Priority: zeroq.Low, Progress: []byte(`{"n":1}`), CancelRequested: true,
	}
	query := zeroq.TaskQuery{Queue: "mail", State: zeroq.Dead, Type: "t", Fingerprint: "f1", Limit: 1}
	page, err := c.Tasks(t.Context(), query)
	if err != nil || page.Next != "x" || len(page.Tasks) != 1 || !reflect.DeepEqual(page.Tasks[0], want) {
		t.Errorf("got %+v, %v", page, err)
	}
	n := 0
	for info, err := range c.AllTasks(t.Context(), query) {
		if n++; err != nil || info.ID != "a" {
			t.Fatal(info, err)
		}
	}
	if n != 2 {
		t.Errorf("got %d tasks", n)
	}
	api.on("GET /v1/queues/mail/tasks?state=ready", 200, `{"items":[],"next_cursor":null}`)
	if page, err := c.Tasks(t.Context(), zeroq.TaskQuery{Queue: "mail", State: zeroq.Ready}); err != nil || len(page.Tasks) > 0 {
		t.Errorf("got %+v, %v", page, err)
	}
}

// Pages that lead nowhere, and errors, end the tasks.
func TestTasks_AnErrorIsTheLast(t *testing.T) {
	c, api := follow(t)
	for _, cursor := range []string{"", "cursor=x&"} {
		api.on("GET /v1/queues/mail/tasks?"+cursor+"state=ready", 200, `{"items":[`+dying+`],"next_cursor":"x"}`)
	}
	for queue, want := range map[string]int{"mail": 1, "none": 0} {
		tasks, errs := 0, 0
		for info, err := range c.AllTasks(t.Context(), zeroq.TaskQuery{Queue: queue, State: zeroq.Ready}) {
			if info != nil {
				tasks++
			} else if err != nil {
				errs++
			}
		}
		if tasks != want || errs != 1 {
			t.Errorf("%s: %d tasks, %d errors", queue, tasks, errs)
		}
	}
}

func TestEvents_ShowEachChange(t *testing.T) {
	c, api := follow(t)
	running := strings.Replace(dying, `"dead"`, `"leased"`, 1)
	oneLine := strings.NewReplacer("\n", "", "\t", "").Replace
	stream := ": keep-alive\n\nevent: task\ndata: " + oneLine(running) + "\n\n"
	api.on("GET /v1/tasks/a/events", 200, stream+": keep-alive\n\nevent: task\ndata: "+oneLine(dying)+"\n\n")
	var states []zeroq.State
	for info, err := range c.Events(t.Context(), "a", "") {
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, info.State)
	}
	if !slices.Equal(states, []zeroq.State{zeroq.Leased, zeroq.Dead}) {
		t.Errorf("got %v", states)
	}
	for id, want := range map[string]error{"none": zeroq.ErrNotFound, "cut": io.ErrUnexpectedEOF, "mad": nil} {
		api.on("GET /v1/tasks/cut/events", 200, stream)
		api.on("GET /v1/tasks/mad/events", 200, "data: {\n\n")
		var last error
		for _, last = range c.Events(t.Context(), id, "") { // the last error counts
		}
		if last == nil || want != nil && !errors.Is(last, want) {
			t.Errorf("%s: %v", id, last)
		}
	}
}

const retrying = `{"id":"op~mail~x","queue":"mail","verb":"retry","state":"dead","ids":null,"fingerprint":"f1","rate":5,
	"status":"running","matched":3,"done":1,"failed":1,"error":"gone","created_at":"2026-01-02T03:04:05.006Z","finished_at":null}`

var someOperation = zeroq.Operation{
	ID: "op~mail~x", Queue: "mail", Verb: zeroq.VerbRetry, Rate: 5, Status: zeroq.OperationRunning,
	Selection: zeroq.Selection{State: zeroq.Dead, Fingerprint: "f1"},
	Matched:   3, Done: 1, Failed: 1, Error: "gone", CreatedAt: someTime,
}

func TestDead_Operations(t *testing.T) {
	c, api := follow(t)
	api.on("POST /v1/queues/mail/dead/retry", 202, retrying)
	api.on("POST /v1/queues/mail/dead/delete", 202, retrying)
	api.on("POST /v1/queues/mail/purge", 202, retrying)
	for _, call := range []func() (zeroq.Operation, error){
		func() (zeroq.Operation, error) {
			return c.RetryDead(t.Context(), "mail", client.DeadLetters{Fingerprint: "f1"}, 5)
		},
		func() (zeroq.Operation, error) {
			return c.DeleteDead(t.Context(), "mail", client.DeadLetters{IDs: []string{"a"}}, 0)
		},
		func() (zeroq.Operation, error) {
			return c.DeleteDead(t.Context(), "mail", client.DeadLetters{All: true}, 0)
		},
		func() (zeroq.Operation, error) { return c.DeleteDead(t.Context(), "mail", client.DeadLetters{}, 0) },
		func() (zeroq.Operation, error) { return c.Purge(t.Context(), "mail", zeroq.Retry) },
	} {
		if got, err := call(); err != nil || !reflect.DeepEqual(got, someOperation) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	var bodies []string
	for _, r := range api.sent() {
		bodies = append(bodies, r.body)
	}
	want := []string{`{"fingerprint":"f1","rate":5}`, `{"ids":["a"]}`, `{"all":true}`, `{}`, `{"state":"retry"}`}
	if !slices.Equal(bodies, want) {
		t.Errorf("sent %q", bodies)
	}
}

func TestDead_CountAndGroups(t *testing.T) {
	c, api := follow(t)
	api.on("POST /v1/queues/mail/dead/retry", 200, `{"matched":7}`)
	n, err := c.CountDead(t.Context(), "mail", client.DeadLetters{All: true})
	if sent := api.sent(); err != nil || n != 7 || sent[0].body != `{"all":true,"dry_run":true}` {
		t.Errorf("got %d, %v; sent %v", n, err, sent)
	}
	api.on("GET /v1/queues/mail/dead/groups", 200, `{"items":[{"fingerprint":"f1","count":2,
		"first_seen":"2026-01-02T03:04:05.006Z","last_seen":"2026-01-02T03:04:05.006Z","sample":"boom"}],"next_cursor":null}`)
	want := []zeroq.DeadGroup{{Fingerprint: "f1", Count: 2, FirstSeen: someTime, LastSeen: someTime, Sample: "boom"}}
	if got, err := c.DeadGroups(t.Context(), "mail"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOperation_WaitSeesItsProgress(t *testing.T) {
	c, api := follow(t)
	done := strings.Replace(retrying, `"running"`, `"done"`, 1)
	api.on("GET /v1/operations/op~mail~x", 200, retrying)
	api.on("GET /v1/operations/op~mail~x", 200, done)
	api.on("DELETE /v1/operations/op~mail~x", 204, "")
	var seen []zeroq.Operation
	got, err := c.WaitOperation(t.Context(), "op~mail~x", func(o zeroq.Operation) { seen = append(seen, o) })
	if err != nil || got.Status != zeroq.OperationDone || len(seen) != 1 || !reflect.DeepEqual(seen[0], someOperation) {
		t.Errorf("got %+v, %v; saw %+v", got, err, seen)
	}
	if err := c.AbortOperation(t.Context(), "op~mail~x"); err != nil {
		t.Error(err)
	}
	if _, err := c.Operation(t.Context(), "none"); !errors.Is(err, zeroq.ErrNotFound) {
		t.Error(err)
	}
}

const nightly = `{"name":"nightly","spec":"0 3 * * *","timezone":"Europe/Oslo","jitter":"1m0s","overlap":"skip","catch_up":"last",
	"task":{"type":"report","queue":"mail","data":{"a": "<"},"timeout":"1m0s","retention":"2h0m0s","priority":"low","group":"g",
	"max_attempts":2,"headers":{"h":"v"}},
	"paused":true,"next_runs":["2026-01-02T03:04:05.006Z"],"last_run":null,"last_task":null,"skipped":4}`

func TestSchedules_AllTheirVerbs(t *testing.T) {
	c, api := follow(t)
	want := zeroq.Schedule{
		Name: "nightly", Spec: "0 3 * * *", Timezone: "Europe/Oslo", Jitter: time.Minute,
		Overlap: zeroq.OverlapSkip, CatchUp: zeroq.CatchUpLast, Paused: true, NextRuns: []time.Time{someTime}, Skipped: 4,
		Task: &zeroq.Task{
			Type: "report", Queue: "mail", Data: []byte(`{"a": "<"}`), Timeout: time.Minute, Retention: 2 * time.Hour,
			Priority: zeroq.Low, Group: "g", MaxAttempts: 2, Headers: map[string]string{"h": "v"},
		},
	}
	check := func(what string, got zeroq.Schedule, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	path := " /v1/schedules/nightly"
	api.on("GET /v1/schedules?limit=200", 200, `{"items":[`+nightly+`],"next_cursor":null}`)
	api.on("GET"+path, 200, nightly)
	api.on("POST"+path+"/pause", 200, nightly)
	api.on("POST"+path+"/resume", 200, nightly)
	api.on("POST"+path+"/run", 202, `{"id":"t1","queue":"mail","state":"ready"}`)
	api.on("DELETE"+path, 204, "")
	api.on("PUT"+path, 201, nightly)
	api.on("PUT"+path, 200, nightly)
	all, err := c.Schedules(t.Context())
	if len(all) != 1 {
		t.Fatal(all, err)
	}
	check("list", all[0], err)
	got, err := c.Schedule(t.Context(), "nightly")
	check("get", got, err)
	got, err = c.PauseSchedule(t.Context(), "nightly")
	check("pause", got, err)
	got, err = c.ResumeSchedule(t.Context(), "nightly")
	check("resume", got, err)
	api.sent()
	for _, isNew := range []bool{true, false} {
		got, created, err := c.PutSchedule(t.Context(), want)
		check("put", got, err)
		if created != isNew {
			t.Errorf("created is %t", created)
		}
	}
	if body := api.sent()[0].body; body != `{"spec":"0 3 * * *","timezone":"Europe/Oslo","jitter":"1m0s","overlap":"skip",`+
		`"catch_up":"last","paused":true,"task":{"type":"report","queue":"mail","max_attempts":2,"timeout":"1m0s",`+
		`"retention":"2h0m0s","priority":"low","group":"g","headers":{"h":"v"},"data":{"a": "<"}}}` {
		t.Errorf("sent %s", body)
	}
	if id, err := c.RunSchedule(t.Context(), "nightly"); err != nil || id != "t1" {
		t.Errorf("got %s, %v", id, err)
	}
	if err := c.DeleteSchedule(t.Context(), "nightly"); err != nil {
		t.Error(err)
	}
	if _, _, err := c.PutSchedule(t.Context(), zeroq.Schedule{Name: "x"}); !errors.Is(err, zeroq.ErrInvalidTask) {
		t.Error(err)
	}
}

func TestEnqueue_PriorityUniqueAndKey(t *testing.T) {
	c, api := follow(t)
	api.on("POST /v1/tasks", 202, `{"id":"first","queue":"default","state":"scheduled"}`)
	task := zeroq.NewTask("a", 1, zeroq.Prioritized(zeroq.High), zeroq.Group("g"), zeroq.UniqueKey("k", zeroq.Debounce), zeroq.Delay(time.Second))
	if err := c.Enqueue(client.WithIdempotencyKey(t.Context(), "key"), task); err != nil || task.ID != "first" {
		t.Errorf("got %+v, %v", task, err)
	}
	sent := api.sent()[0]
	if sent.key != "key" || sent.body != `{"type":"a","delay":"1s","priority":"high","group":"g","unique":{"key":"k","mode":"debounce"},"data":1}` {
		t.Errorf("sent %+v", sent)
	}
	// Each request of a call has a key of its own, which is the same when the call is made again.
	big := fmt.Sprintf("%q", strings.Repeat("x", 1<<20-2))
	tasks := make([]*zeroq.Task, 9)
	for i := range tasks {
		tasks[i] = &zeroq.Task{Type: "a", Data: []byte(big)}
	}
	_ = c.Enqueue(client.WithIdempotencyKey(t.Context(), "key"), tasks...)
	if requests := api.sent(); len(requests) != 2 || requests[0].key != "key" || requests[1].key != "key-1" {
		t.Errorf("sent %d requests", len(requests))
	}
}

func TestRetries_RepeatWithOneKey(t *testing.T) {
	c, api := follow(t, client.WithRetries(3))
	api.on("POST /v1/tasks", 503, `{"error":{"code":"unavailable","message":"x"}}`)
	api.on("POST /v1/tasks", 409, `{"error":{"code":"in_progress","message":"x"}}`)
	api.on("POST /v1/tasks", 202, `{"id":"a","queue":"default","state":"ready"}`)
	if err := c.Enqueue(t.Context(), zeroq.NewTask("a", 1)); err != nil {
		t.Error(err)
	}
	sent := api.sent()
	if len(sent) != 3 || sent[0].key == "" || sent[1] != sent[0] || sent[2] != sent[0] {
		t.Errorf("sent %+v", sent)
	}
	api.on("DELETE /v1/tasks/a", 409, `{"error":{"code":"wrong_state","message":"the task is leased"}}`)
	if err := c.Delete(t.Context(), "a", ""); !errors.Is(err, zeroq.ErrWrongState) || len(api.sent()) != 1 {
		t.Error("what no repetition mends was repeated:", err)
	}
}
