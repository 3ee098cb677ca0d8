package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/core/service"
	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq/api/app"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// These of go-zero run as long as the process does.
		goleak.IgnoreAnyFunction("github.com/zeromicro/go-zero/core/proc.init.1.func1"),
		goleak.IgnoreAnyFunction("github.com/zeromicro/go-zero/core/stat.init.1.func1"),
	)
}

var _ service.Service = (*app.App)(nil)

// conf is a configuration for tests: a random port, no log.
func conf() app.Conf {
	var c app.Conf
	c.Name = "api"
	c.Log = logx.LogConf{Mode: "console", Encoding: "plain", Level: "severe"}
	c.Host = "127.0.0.1"
	c.Timeout = 3 * time.Second
	c.DrainTimeout = 4 * time.Second
	c.Redis.Addrs = []string{"127.0.0.1:1"}
	return c
}

// api is a running API and its client.
type api struct {
	t    *testing.T
	app  *app.App
	fake *fake
	url  string
	http *http.Client
}

// start runs an API on a fake until the test ends.
func start(t *testing.T, change ...func(*app.Conf)) *api {
	t.Helper()
	f := newFake()
	return startWith(t, f, f.deps(), change...)
}

func startWith(t *testing.T, f *fake, deps app.Deps, change ...func(*app.Conf)) *api {
	t.Helper()
	c := conf()
	for _, f := range change {
		f(&c)
	}
	server, err := app.New(c, deps)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Start()
	}()
	transport := &http.Transport{}
	t.Cleanup(func() {
		server.Stop()
		<-done
		transport.CloseIdleConnections()
	})
	return &api{t: t, app: server, fake: f, url: "http://" + server.Addr().String(), http: &http.Client{Transport: transport}}
}

// reply is an answer that was read to its end. Every one is checked against the contract.
type reply struct {
	status int
	header http.Header
	body   string
}

func (a *api) do(r *http.Request) reply {
	a.t.Helper()
	resp, err := a.http.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	got := reply{resp.StatusCode, resp.Header, string(body)}
	got.keepsContract(a.t, r.Method, r.URL.RequestURI())
	return got
}

func (a *api) request(method, path, contentType string, body io.Reader) *http.Request {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, body)
	if err != nil {
		a.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func (a *api) get(path string) reply {
	a.t.Helper()
	return a.do(a.request(http.MethodGet, path, "", nil))
}

func (a *api) post(path, body string) reply {
	a.t.Helper()
	return a.do(a.request(http.MethodPost, path, "application/json", strings.NewReader(body)))
}

func (a *api) lines(body string) reply {
	a.t.Helper()
	return a.do(a.request(http.MethodPost, "/v1/tasks/batch", "application/x-ndjson", strings.NewReader(body)))
}

// problem is the error of an answer.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field"`
	TaskID  string `json:"task_id"`
}

// wantError checks that the answer is an error in its one shape.
func (r reply) wantError(t *testing.T, status int, code, field string) problem {
	t.Helper()
	var body struct {
		Error problem `json:"error"`
	}
	decoder := json.NewDecoder(strings.NewReader(r.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		t.Fatalf("%d %q is no error answer: %v", r.status, r.body, err)
	}
	if got := r.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type is %q", got)
	}
	if r.status != status || body.Error.Code != code || body.Error.Field != field || body.Error.Message == "" {
		t.Errorf("got %d %s, want %d %s, field %q", r.status, strings.TrimSpace(r.body), status, code, field)
	}
	again := r.status == 429 || code == "in_progress" || r.status == 503 && code != "format"
	if retry := r.header.Get("Retry-After"); again != (retry != "") {
		t.Errorf("%d with Retry-After %q", r.status, retry)
	}
	return body.Error
}

// decode reads a success of which a test wants a part.
func (r reply) decode(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil || r.status != http.StatusOK {
		t.Fatalf("got %d %s: %v", r.status, r.body, err)
	}
}

// into decodes an answer of the status.
func (r reply) into(t *testing.T, status int, v any) {
	t.Helper()
	if r.status != status || r.header.Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %s, want %d", r.status, r.body, status)
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(r.body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
}

type accepted struct{ ID, Queue, State string }

type batchAnswer struct {
	Accepted, Rejected, Omitted int
	Error                       *problem
	Items                       []struct {
		Index int
		ID    string
		Error *problem
	}
}
