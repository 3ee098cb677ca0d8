package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

// stream opens the events of a task.
func (a *api) stream(ctx context.Context, path string) (*http.Response, *bufio.Reader) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := a.http.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp, bufio.NewReader(resp.Body)
}

// event reads one event, or "" at the end of the stream.
func event(lines *bufio.Reader) string {
	var event strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if event.WriteString(line); err != nil || line == "\n" {
			return event.String()
		}
	}
}

// Each change is sent at once, as the same JSON as GET has but on one line, and the stream ends with
// the task.
func TestEvents(t *testing.T) {
	a := start(t)
	task := &zeroq.TaskInfo{ID: "x", Queue: "mail", State: zeroq.Leased, Attempt: 1, Progress: json.RawMessage("{\n\"done\": 1}")}
	go func() { a.fake.control.watched <- task }()
	resp, lines := a.stream(t.Context(), "/v1/tasks/x/events?queue=mail")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("got %d %v", resp.StatusCode, resp.Header)
	}
	first := event(lines)
	data, ok := strings.CutPrefix(first, "event: task\ndata: ")
	if !ok || !strings.HasSuffix(data, "}\n\n") || strings.Count(first, "\n") != 3 || !strings.Contains(data, `"progress":{"done":1}`) {
		t.Errorf("got %q", first)
	}
	reply{200, nil, data}.keepsContract(t, "GET", "/v1/tasks/x")
	a.fake.control.watched <- &zeroq.TaskInfo{ID: "x", Queue: "mail", State: zeroq.Succeeded}
	if second := event(lines); !strings.Contains(second, `"state":"succeeded"`) {
		t.Errorf("got %q", second)
	}
	close(a.fake.control.watched)
	if rest := event(lines); rest != "" {
		t.Errorf("the stream goes on with %q", rest)
	}
	a.wantAsked("watch x mail")
}

func TestEvents_EndWhenTheAPIStops(t *testing.T) {
	a := start(t)
	go func() { a.fake.control.watched <- &zeroq.TaskInfo{ID: "x", State: zeroq.Ready} }()
	_, lines := a.stream(t.Context(), "/v1/tasks/x/events")
	event(lines)
	a.app.Stop() // does not return while a request goes on
	if rest := event(lines); rest != "" {
		t.Errorf("the stream goes on with %q", rest)
	}
}

func TestEvents_EndWhenTheClientGoes(t *testing.T) {
	a := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { a.fake.control.watched <- &zeroq.TaskInfo{ID: "x", State: zeroq.Ready} }()
	_, lines := a.stream(ctx, "/v1/tasks/x/events")
	event(lines)
	cancel()
	<-a.fake.control.gone
}

// A HEAD gets its answer while the task runs on.
func TestEvents_Head(t *testing.T) {
	a := start(t)
	go func() { a.fake.control.watched <- &zeroq.TaskInfo{ID: "x", State: zeroq.Ready} }()
	reply := a.do(a.request(http.MethodHead, "/v1/tasks/x/events", "", nil))
	if reply.status != 200 || reply.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("got %+v", reply)
	}
}
