package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/client"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// These of go-zero run as long as the process does.
		goleak.IgnoreAnyFunction("github.com/zeromicro/go-zero/core/proc.init.1.func1"),
		goleak.IgnoreAnyFunction("github.com/zeromicro/go-zero/core/stat.init.1.func1"),
	)
}

// engine is an engine in memory, behind the real API.
type engine struct {
	control

	mu    sync.Mutex
	tasks map[string]*zeroq.Task
	infos map[string]*zeroq.TaskInfo
	fail  map[string]error
	waits chan struct{}
	// many, if not 0, is how many queues and workers there are.
	many int
}

func (e *engine) Enqueue(_ context.Context, tasks ...*zeroq.Task) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	errs := make([]error, len(tasks))
	for i, task := range tasks {
		if errs[i] = e.fail[task.Type]; errs[i] == nil {
			if task.ID == "" {
				task.ID = fmt.Sprint("id-", len(e.tasks))
			}
			e.tasks[task.ID] = task
		}
	}
	if len(tasks) == 1 {
		return errs[0]
	}
	return &zeroq.BatchError{Errors: errs}
}

func (e *engine) Task(_ context.Context, id, _ string) (*zeroq.TaskInfo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if info := e.infos[id]; info != nil {
		return info, nil
	}
	return nil, zeroq.ErrNotFound
}

func (e *engine) WaitTask(ctx context.Context, id, queue string) (*zeroq.TaskInfo, error) {
	e.waits <- struct{}{}
	return e.Task(ctx, id, queue)
}

func (e *engine) Queues(context.Context) ([]zeroq.QueueInfo, error) {
	infos := []zeroq.QueueInfo{someQueue()}
	for i := range e.many {
		infos = append(infos, zeroq.QueueInfo{Queue: fmt.Sprintf("q%04d", i)})
	}
	return infos, nil
}

func (e *engine) Queue(_ context.Context, name string) (zeroq.QueueInfo, error) {
	if name != "mail" {
		return zeroq.QueueInfo{}, zeroq.ErrNotFound
	}
	return someQueue(), nil
}

func (e *engine) Workers(context.Context) ([]zeroq.WorkerInfo, error) {
	infos := []zeroq.WorkerInfo{someWorker}
	for i := range e.many {
		infos = append(infos, zeroq.WorkerInfo{ID: fmt.Sprintf("x%04d", i)})
	}
	return infos, nil
}

func someQueue() zeroq.QueueInfo {
	counts := make(map[zeroq.State]int64)
	for i, state := range zeroq.States {
		counts[state] = int64(i)
	}
	info := zeroq.QueueInfo{
		Queue: "mail", Counts: counts, OldestAge: 1500 * time.Millisecond, Paused: true, Draining: true,
		Totals: make(map[zeroq.Counter]int64), Rates: make(map[zeroq.Counter]float64),
		Limits: zeroq.Limits{Rate: 0.5, Burst: 2, Concurrency: 3, MaxLength: 4},
	}
	for i, counter := range zeroq.Counters {
		info.Totals[counter], info.Rates[counter] = int64(i), float64(i)/4
	}
	return info
}

var someTime = time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)

var someWorker = zeroq.WorkerInfo{
	ID: "w", Host: "h", PID: 7, Queues: []string{"mail"}, Slots: 4, StartedAt: someTime, LastHeartbeat: someTime,
	Running: []zeroq.RunningTask{{ID: "t", Type: "a", Queue: "mail", Attempt: 2, StartedAt: someTime, Stuck: true}},
}

var someTask = zeroq.TaskInfo{
	ID: "t", Type: "a", Queue: "mail", State: zeroq.Dead, Attempt: 2, MaxAttempts: 3,
	Data: json.RawMessage(`{ "n": 9007199254740993 }`), Result: json.RawMessage(`"<r>"`), Error: "boom",
	Errors:     []zeroq.AttemptError{{Attempt: 1, At: someTime, Worker: "w", Duration: time.Second, Message: "boom"}},
	EnqueuedAt: someTime, StartedAt: someTime, FinishedAt: someTime, NextRunAt: someTime, Worker: "w",
	Progress: json.RawMessage(`{"n":1}`), CancelRequested: true, Priority: zeroq.High, Group: "g", Fingerprint: "f1",
}

func start(t *testing.T) (*client.Client, *engine) {
	t.Helper()
	e := &engine{
		tasks: make(map[string]*zeroq.Task), infos: make(map[string]*zeroq.TaskInfo), fail: make(map[string]error),
		waits: make(chan struct{}, 100),
	}
	var conf app.Conf
	conf.Log = logx.LogConf{Mode: "console", Level: "severe"}
	conf.Host, conf.Timeout, conf.DrainTimeout = "127.0.0.1", time.Second, 4*time.Second
	conf.Redis.Addrs = []string{"127.0.0.1:1"}
	api, err := app.New(conf, app.Deps{
		Enqueuer: e, Inspector: e, Controller: e, Operator: e, Timetable: e, Ledger: &e.ledger,
		Ping: func(context.Context) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		api.Start()
	}()
	transport := &http.Transport{}
	t.Cleanup(func() {
		api.Stop()
		<-done
		transport.CloseIdleConnections()
	})
	c, err := client.New("http://"+api.Addr().String()+"/", client.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	return c, e
}

func TestEnqueue_EveryField(t *testing.T) {
	c, e := start(t)
	at := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	task := &zeroq.Task{
		ID: "x", Type: "a", Queue: "mail", Data: json.RawMessage("{ \"n\" :\n 9007199254740993, \"h\":\"<&>\"}"), RunAt: at,
		MaxAttempts: 3, Timeout: time.Minute, Deadline: at.Add(time.Hour), ExpiresAt: at.Add(time.Minute), Retention: time.Hour,
		Headers: map[string]string{"h": "v<"},
	}
	if err := c.Enqueue(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	got := e.tasks["x"]
	got.RunAt, got.Deadline, got.ExpiresAt = got.RunAt.Local(), got.Deadline.Local(), got.ExpiresAt.Local()
	if !got.RunAt.Equal(at) || !got.Deadline.Equal(task.Deadline) || !got.ExpiresAt.Equal(task.ExpiresAt) ||
		string(got.Data) != string(task.Data) || got.Timeout != task.Timeout || got.Retention != task.Retention ||
		got.MaxAttempts != 3 || !reflect.DeepEqual(got.Headers, task.Headers) || got.Queue != "mail" {
		t.Errorf("sent %+v\ngot  %+v", task, got)
	}
	delayed := zeroq.NewTask("a", nil, zeroq.Delay(90*time.Second))
	if err := c.Enqueue(t.Context(), delayed); err != nil || e.tasks[delayed.ID].Delay != 90*time.Second || delayed.Queue != "default" {
		t.Errorf("got %+v, %v", delayed, err)
	}
}

func TestEnqueue_Several(t *testing.T) {
	c, e := start(t)
	e.fail["full"] = zeroq.ErrStoreFull
	tasks := make([]*zeroq.Task, 2500)
	for i := range tasks {
		tasks[i] = zeroq.NewTask("a", i)
	}
	tasks[7], tasks[2400], tasks[8] = zeroq.NewTask("full", 1), zeroq.NewTask("a", make(chan int)), zeroq.NewTask("a", 1, zeroq.ID("/"))
	tasks[9] = zeroq.NewTask("a", strings.Repeat("x", 900<<10))
	var batch *zeroq.BatchError
	if err := c.Enqueue(t.Context(), tasks...); !errors.As(err, &batch) {
		t.Fatal(err)
	}
	for i, err := range batch.Errors {
		switch i {
		case 7:
			if !errors.Is(err, zeroq.ErrStoreFull) {
				t.Errorf("%d: %v", i, err)
			}
		case 8, 2400:
			if !errors.Is(err, zeroq.ErrInvalidTask) {
				t.Errorf("%d: %v", i, err)
			}
		default:
			if err != nil || e.tasks[tasks[i].ID] == nil || tasks[i].Queue != "default" {
				t.Fatalf("%d: %v, %+v", i, err, tasks[i])
			}
		}
	}
	if err := c.Enqueue(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEnqueue_Errors(t *testing.T) {
	c, e := start(t)
	for typ, cause := range map[string]error{
		"dup": zeroq.ErrDuplicateID, "full": zeroq.ErrStoreFull, "down": zeroq.ErrUnavailable, "queue": zeroq.ErrUnknownQueue,
	} {
		e.fail[typ] = cause
		var got *client.Error
		err := c.Enqueue(t.Context(), zeroq.NewTask(typ, 1, zeroq.ID("x")))
		if !errors.Is(err, cause) || !errors.As(err, &got) || got.Message == "" || got.Status < 400 {
			t.Errorf("%s: %v", typ, err)
		}
		if (got.Status == 503) != (got.RetryAfter > 0) || (typ == "dup") != (got.TaskID == "x") {
			t.Errorf("%s: %+v", typ, got)
		}
	}
	past := zeroq.NewTask("a", 1, zeroq.RunAt(time.Unix(1, 0)))
	var got *client.Error
	if err := c.Enqueue(t.Context(), past); !errors.As(err, &got) || got.Field != "run_at" || got.Code != "invalid_field" {
		t.Error(err)
	}
	if err := c.Enqueue(t.Context(), zeroq.NewTask("a b", 1)); !errors.Is(err, zeroq.ErrInvalidTask) || errors.As(err, &got) {
		t.Error(err)
	}
}

func TestEnqueueBatch(t *testing.T) {
	c, e := start(t)
	e.fail["full"] = zeroq.ErrStoreFull
	result, err := c.EnqueueBatch(t.Context(), func(yield func(*zeroq.Task) bool) {
		for i := range 3000 {
			task := &zeroq.Task{ID: fmt.Sprint("t", i), Type: "a", Data: json.RawMessage("{\n\"a\":1 }")}
			if i == 2500 {
				task.Type = "full"
			}
			if !yield(task) {
				return
			}
		}
	})
	if err != nil || result.Accepted != 2999 || len(e.tasks) != 2999 || result.Rejected != 1 || result.Err != nil {
		t.Fatalf("got %+v, %v", result, err)
	}
	if item := result.Items[2500]; item.Err == nil || !errors.Is(item.Err, zeroq.ErrStoreFull) {
		t.Errorf("got %+v", item)
	}
	if got := string(e.tasks["t0"].Data); got != `{"a":1}` {
		t.Errorf("data is %s", got)
	}
}

func TestEnqueueBatch_BadTask(t *testing.T) {
	c, _ := start(t)
	_, err := c.EnqueueBatch(t.Context(), func(yield func(*zeroq.Task) bool) {
		_ = yield(zeroq.NewTask("a", 1)) && yield(zeroq.NewTask("", 1)) && yield(zeroq.NewTask("a", 1))
	})
	if !errors.Is(err, zeroq.ErrInvalidTask) || !strings.Contains(err.Error(), "task 1: type") {
		t.Error(err)
	}
}

func TestEnqueueLines(t *testing.T) {
	c, e := start(t)
	lines := "{\"id\":\"a\",\"type\":\"x\"}\n\n{\"type\":\"y\"}\r\n{\"id\":\"b\"}\n{"
	result, err := c.EnqueueLines(t.Context(), strings.NewReader(lines))
	if err != nil || result.Accepted != 2 || result.Rejected != 2 || e.tasks["a"] == nil {
		t.Fatalf("got %+v, %v", result, err)
	}
	if item := result.Items[2]; item.Index != 2 || item.Err == nil || item.Err.Field != "type" {
		t.Errorf("got %+v", item)
	}
}

// An API that answers before the batch is sent to its end does not leave the sender behind.
func TestEnqueueBatch_EarlyAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c, _ := client.New(server.URL, client.WithHTTPClient(&http.Client{Transport: transport}))
	_, err := c.EnqueueBatch(t.Context(), func(yield func(*zeroq.Task) bool) {
		for yield(zeroq.NewTask("a", strings.Repeat("x", 1000))) {
		}
	})
	if err == nil {
		t.Error("no error")
	}
}

func TestRead(t *testing.T) {
	c, e := start(t)
	e.infos["t"] = &someTask
	if got, err := c.Task(t.Context(), "t", "mail"); err != nil || !reflect.DeepEqual(*got, someTask) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := c.Queue(t.Context(), "mail"); err != nil || !reflect.DeepEqual(got, someQueue()) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := c.Queues(t.Context()); err != nil || !reflect.DeepEqual(got, []zeroq.QueueInfo{someQueue()}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := c.Workers(t.Context()); err != nil || !reflect.DeepEqual(got, []zeroq.WorkerInfo{someWorker}) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err := c.Task(t.Context(), "none", "")
	_, err2 := c.Queue(t.Context(), "none")
	if !errors.Is(err, zeroq.ErrNotFound) || !errors.Is(err2, zeroq.ErrNotFound) {
		t.Errorf("got %v, %v", err, err2)
	}
	var got *client.Error
	if _, err := c.Task(t.Context(), "a/b?c", ""); !errors.As(err, &got) || got.Status != 404 {
		t.Error(err)
	}
}

// Lists of more than a page are read to their end.
func TestRead_Pages(t *testing.T) {
	c, e := start(t)
	e.many = 450
	queues, err := c.Queues(t.Context())
	if err != nil || len(queues) != 451 || queues[0].Queue != "mail" || queues[450].Queue != "q0449" {
		t.Errorf("got %d, %v", len(queues), err)
	}
	workers, err := c.Workers(t.Context())
	if err != nil || len(workers) != 451 || workers[0].ID != "w" || workers[450].ID != "x0449" {
		t.Errorf("got %d, %v", len(workers), err)
	}
}

// Pages that lead nowhere end the call.
func TestRead_PagesWithoutEnd(t *testing.T) {
	for _, body := range []string{`{"items":[{"id":"a"}],"next_cursor":"x"}`, `{"items":[],"next_cursor":"x"}`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
		transport := &http.Transport{}
		c, _ := client.New(server.URL, client.WithHTTPClient(&http.Client{Transport: transport}))
		if _, err := c.Workers(t.Context()); err == nil {
			t.Errorf("%s was taken", body)
		}
		transport.CloseIdleConnections()
		server.Close()
	}
}

func TestWait(t *testing.T) {
	c, e := start(t)
	running := someTask
	running.State = zeroq.Leased
	e.infos["t"] = &running
	done := make(chan error)
	go func() {
		info, err := c.Wait(t.Context(), "t", "")
		if err == nil && info.State != zeroq.Dead {
			err = fmt.Errorf("state is %s", info.State)
		}
		done <- err
	}()
	<-e.waits
	<-e.waits // it asks again
	e.mu.Lock()
	e.infos["t"] = &someTask
	e.mu.Unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
	e.mu.Lock()
	e.infos["t"] = &running
	e.mu.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-e.waits; cancel() }()
	if _, err := c.Wait(ctx, "t", ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNew_Mistakes(t *testing.T) {
	for _, base := range []string{"", "127.0.0.1:8888", "ftp://h", "http://", "http://h?x=1", "http://h#x", ":"} {
		if _, err := client.New(base); err == nil {
			t.Errorf("%q was taken", base)
		}
	}
}

// What is no answer of the API is an error without a code.
func TestForeignAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer x" {
			t.Error("the header is missing")
		}
		switch r.URL.Path {
		case "/v1/queues":
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(w, "<html>bad gateway</html>")
		case "/v1/queues/a":
			fmt.Fprint(w, `{"oldest_age":"soon"}`)
		case "/v1/tasks/t":
			fmt.Fprint(w, `{"errors":[{"duration":"long"}]}`)
		}
	}))
	defer server.Close()
	c, _ := client.New(server.URL, client.WithHeader("Authorization", "Bearer x"))
	defer http.DefaultClient.CloseIdleConnections()
	var got *client.Error
	if _, err := c.Queues(t.Context()); !errors.As(err, &got) || got.Status != 502 || got.Code != "" || errors.Unwrap(got) != nil {
		t.Error(err)
	}
	if _, err := c.Workers(t.Context()); err == nil {
		t.Error("an empty answer was taken")
	}
	if _, err := c.Queue(t.Context(), "a"); err == nil {
		t.Error("a bad duration was taken")
	}
	if _, err := c.Task(t.Context(), "t", ""); err == nil {
		t.Error("a bad duration was taken")
	}
}
