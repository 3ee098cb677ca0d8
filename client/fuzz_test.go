package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
)

// anyServer answers each request with the same, and counts what is read of it.
type anyServer struct {
	status     int
	retryAfter string
	body       []byte
	read       int
}

func (s *anyServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if s.retryAfter != "" {
		header.Set("Retry-After", s.retryAfter)
	}
	body := io.TeeReader(bytes.NewReader(s.body), counting{&s.read})
	return &http.Response{StatusCode: s.status, Header: header, Body: io.NopCloser(body), Request: r}, nil
}

type counting struct{ n *int }

func (c counting) Write(p []byte) (int, error) {
	*c.n += len(p)
	return len(p), nil
}

// calls are all calls that read an answer.
var calls = []func(ctx context.Context, c *client.Client) error{
	func(ctx context.Context, c *client.Client) error { return c.Enqueue(ctx, zeroq.NewTask("a", 1)) },
	func(ctx context.Context, c *client.Client) error {
		return c.Enqueue(ctx, zeroq.NewTask("a", 1), zeroq.NewTask("b", 2))
	},
	func(ctx context.Context, c *client.Client) error {
		return errOf(c.EnqueueLines(ctx, strings.NewReader("{}\n")))
	},
	func(ctx context.Context, c *client.Client) error { return errOf(c.Task(ctx, "x", "")) },
	func(ctx context.Context, c *client.Client) error {
		return errOf(c.Tasks(ctx, zeroq.TaskQuery{Queue: "q", State: zeroq.Dead}))
	},
	func(ctx context.Context, c *client.Client) error { return errOf(c.DeadGroups(ctx, "q")) },
	func(ctx context.Context, c *client.Client) error {
		return errOf(c.CountDead(ctx, "q", client.DeadLetters{}))
	},
	func(ctx context.Context, c *client.Client) error { return errOf(c.Operation(ctx, "op~q~1")) },
	func(ctx context.Context, c *client.Client) error { return errOf(c.Pause(ctx, "q")) },
	func(ctx context.Context, c *client.Client) error { return errOf(c.Purge(ctx, "q", zeroq.Dead)) },
	func(ctx context.Context, c *client.Client) error { return errOf(c.Queue(ctx, "q")) },
	func(ctx context.Context, c *client.Client) error { return errOf(c.Queues(ctx)) },
	func(ctx context.Context, c *client.Client) error { return errOf(c.Workers(ctx)) },
	func(ctx context.Context, c *client.Client) error { return errOf(c.Schedules(ctx)) },
	func(ctx context.Context, c *client.Client) error { return errOf(c.Schedule(ctx, "s")) },
	func(ctx context.Context, c *client.Client) error { return errOf(c.RunSchedule(ctx, "s")) },
	func(ctx context.Context, c *client.Client) error { return errOf(c.Cancel(ctx, "x", "")) },
	func(ctx context.Context, c *client.Client) error { return c.Delete(ctx, "x", "") },
}

func errOf[T any](_ T, err error) error { return err }

// Whatever a server, or a proxy before it, answers: a call ends, with an error that tells the status
// unless that is a success.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"error":{"code":"wrong_state","message":"the task is dead","field":"id","task_id":"x"}}`, `{"error":{"code":""}}`, `<html>`, ``, `null`, `[]`,
		`{"id":"x","state":"dead","errors":[{"duration":"1s","at":"2030-01-01T00:00:00Z"}],"data":null,"result":1e400}`,
		`{"items":[{"id":"x","duration":"1s","oldest_age":"1s"}],"next_cursor":"c","rejected":1,"accepted":1}`, `{"items":[null,{}],"error":{"code":"x"}}`,
		`{"items":[{"index":-1,"error":{"code":"duplicate","field":"unique"}},{"index":99}]}`, `{"oldest_age":"1s","counts":{"x":-1},"rates":{"a":1e308}}`,
		`{"name":"s","spec":"@daily","jitter":"1m","task":{"type":"a","timeout":"1s","retention":"9999999h"}}`, `{"oldest_age":"x"}`, `{"id":1}`,
	} {
		for _, status := range []uint16{200, 202, 204, 404, 409, 503} {
			f.Add(status, "7", []byte(body))
		}
	}
	f.Add(uint16(429), "9223372036854775807", []byte(`{}`))
	f.Add(uint16(503), "9223372037", []byte(`{"error":{"code":"unavailable"}}`))
	f.Fuzz(func(t *testing.T, status uint16, retryAfter string, body []byte) {
		server := &anyServer{status: 200 + int(status)%400, retryAfter: retryAfter, body: body}
		c, err := client.New("http://api", client.WithHTTPClient(&http.Client{Transport: server}))
		if err != nil {
			t.Fatal(err)
		}
		for i, call := range calls {
			server.read = 0
			err := call(t.Context(), c)
			if server.read > 2*len(body) { // a page that leads to itself is the last
				t.Errorf("call %d read %d of %d bytes", i, server.read, len(body))
			}
			var refused *client.Error
			if !errors.As(err, &refused) {
				if err == nil && server.status >= 400 {
					t.Errorf("call %d takes %d for a success", i, server.status)
				}
				continue
			}
			if refused.RetryAfter < 0 || refused.Error() == "" {
				t.Errorf("call %d: %+v, to be tried again in %v", i, refused, refused.RetryAfter)
			}
			_ = errors.Unwrap(refused)
		}
		if schedule, err := client.ParseSchedule(body); err == nil && schedule.Task == nil {
			t.Errorf("%q is a schedule without a task", body)
		}
	})
}

// Whatever comes as events: they end, and each has a task or is the last and has an error.
func FuzzEvents(f *testing.F) {
	for _, body := range []string{
		"", "data: {}\n\n", "data:{\"id\":\"x\",\ndata:\"state\":\"succeeded\"}\n\n", ": comment\n\nevent: end\ndata: {\"state\":\"dead\"}\n\n",
		"data\n\n", "\r\n\r\n", "data: {\"state\":\"ready\"}\r\n\r\ndata: {\"state\":\"succeeded\"}\r\n\r\n", "data: {\n\n", "\xef\xbb\xbfdata: {}\n\n", "data: 1\n\n", "data: {}",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := client.New("http://api", client.WithHTTPClient(&http.Client{Transport: &anyServer{status: 200, body: body}}))
		if err != nil {
			t.Fatal(err)
		}
		var last *zeroq.TaskInfo
		var end error
		n := 0
		for info, err := range c.Events(t.Context(), "x", "") {
			if end != nil || (info == nil) == (err == nil) {
				t.Fatalf("after %v comes %+v, %v", end, info, err)
			}
			last, end = info, err
			if n++; n > len(body)+1 {
				t.Fatal("more events than bytes")
			}
		}
		if end == nil && (last == nil || !last.State.Finished()) {
			t.Fatalf("ended with %+v", last)
		}
	})
}

// What the API answers of a task is what the client reads: whatever the data, the result and the error are.
func FuzzTaskAnswer(f *testing.F) {
	f.Add("x", "boom", []byte(`{"n":9007199254740993}`), []byte(`1`), int64(time.Second))
	f.Add("", "\u2028<&>\\", []byte(`[ ]`), []byte(`"\ud83d\ude00"`), int64(-1))
	f.Fuzz(func(t *testing.T, id, message string, data, result []byte, took int64) {
		if !json.Valid(data) || !json.Valid(result) || !utf8.ValidString(id) || !utf8.ValidString(message) {
			return // no server writes it
		}
		quoted := func(text string) string {
			raw, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		}
		body := `{"id":` + quoted(id) + `,"state":"dead","data":` + string(data) + `,"result":` + string(result) + `,"errors":[{"attempt":1,` +
			`"at":"2030-01-01T00:00:00.000Z","duration":"` + time.Duration(took).String() + `","message":` + quoted(message) + `}]}`
		c, err := client.New("http://api", client.WithHTTPClient(&http.Client{Transport: &anyServer{status: 200, body: []byte(body)}}))
		if err != nil {
			t.Fatal(err)
		}
		info, err := c.Task(t.Context(), "x", "")
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		same := func(got json.RawMessage, want []byte) bool {
			return bytes.Equal(got, bytes.TrimSpace(want)) || got == nil && string(bytes.TrimSpace(want)) == "null"
		}
		if info.ID != id || info.Errors[0].Message != message ||
			int64(info.Errors[0].Duration) != took || !same(info.Data, data) || !same(info.Result, result) {
			t.Fatalf("%s was read as %+v", body, info)
		}
	})
}
