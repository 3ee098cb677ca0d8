package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

// newRequestHandler returns a handler that may call the allowed networks; a nil resolver is the
// system's.
func newRequestHandler(t *testing.T, allowed []netip.Prefix, resolver *net.Resolver) *httpRequest {
	handler := &httpRequest{newClient(10*time.Second, newGuard(allowed), resolver)}
	t.Cleanup(func() { mustSucceed(t, handler.Close()) })
	return handler
}

// deliver sends one request to a server that answers as serve does.
func deliver(t *testing.T, data map[string]any, serve http.HandlerFunc) (json.RawMessage, error) {
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	data["url"] = server.URL + "/hook?token=secret"
	return run(t.Context(), newRequestHandler(t, loopback, nil), encode(t, data))
}

func TestHTTPRequest_SendsWhatTheDataSays(t *testing.T) {
	t.Parallel()
	const body = `{ "n": 9007199254740993, "html": "<&>", "f": 1.10, "n": [] }`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != body {
			t.Errorf("got body %s, %v", got, err)
		}
		if r.Method != http.MethodPost || r.URL.String() != "/a%2Fb?q=%20" {
			t.Errorf("got %s %s", r.Method, r.URL)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/json", "User-Agent": "zeroq", "X-Own": "1",
			"Zeroq-Task-Id": "task-1", "Zeroq-Attempt": "2",
		} {
			if r.Header.Get(name) != want {
				t.Errorf("header %s is %q, want %q", name, r.Header.Get(name), want)
			}
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "thank you")
	}))
	defer server.Close()
	data := fmt.Sprintf(`{"url":"%s/a%%2Fb?q=%%20#part","headers":{"x-own":"1"},"body":%s}`, server.URL, body)
	result, err := run(t.Context(), newRequestHandler(t, loopback, nil), data)
	mustSucceed(t, err)
	if want := `{"status":201,"body":"thank you"}`; string(result) != want {
		t.Errorf("got %s, want %s", result, want)
	}
}

func TestHTTPRequest_Bodies(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"url":"%s"}`:                             `POST "" ""`,
		`{"url":"%s","body":null}`:                 `POST "application/json" "null"`,
		`{"url":"%s","body":"text"}`:               `POST "application/json" "\"text\""`,
		`{"url":"%s","method":"GET"}`:              `GET "" ""`,
		`{"url":"%s","method":"PUT","body":[1]}`:   `PUT "application/json" "[1]"`,
		`{"url":"%s","method":"DELETE","body":{}}`: `DELETE "application/json" "{}"`,
		`{"url":"%s","body":1,"headers":{"content-type":"text/plain","User-agent":"mine"}}`: `POST "text/plain" "1"`,
	} {
		var got string
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = fmt.Sprintf("%s %q %q", r.Method, r.Header.Get("Content-Type"), body)
		}))
		_, err := run(t.Context(), newRequestHandler(t, loopback, nil), fmt.Sprintf(data, server.URL))
		server.Close()
		mustSucceed(t, err)
		if got != want {
			t.Errorf("%s: got %s, want %s", data, got, want)
		}
	}
}

func TestHTTPRequest_RefusesBadData(t *testing.T) {
	t.Parallel()
	handler := newRequestHandler(t, loopback, nil)
	for data, want := range map[string]string{
		`null`:                                  "url: is missing",
		`{}`:                                    "url: is missing",
		`{"url":"http://example.com","uri":""}`: `unknown field "uri"`,
		`{"url":["http://example.com"]}`:        "cannot unmarshal array",
		`{"url":"http://example.com","method":"get"}`:                           `method "get": must be one of`,
		`{"url":"http://example.com","method":"CONNECT"}`:                       `method "CONNECT": must be one of`,
		`{"url":"http://example.com","method":"GET / HTTP/1.1\r\nX: y"}`:        "must be one of",
		`{"url":"http://example.com","headers":{"":"x"}}`:                       "is no name of a header",
		`{"url":"http://example.com","headers":{"a b":"x"}}`:                    "is no name of a header",
		`{"url":"http://example.com","headers":{"X":"a\r\nEvil: 1"}}`:           "control characters",
		`{"url":"http://example.com","headers":{"host":"internal"}}`:            `header "host": cannot be set`,
		`{"url":"http://example.com","headers":{"Transfer-Encoding":"x"}}`:      "cannot be set",
		`{"url":"http://example.com","headers":{"content-length":"1"}}`:         "cannot be set",
		`{"url":"http://example.com","headers":{"zeroq-task-id":"other"}}`:      "cannot be set",
		`{"url":"http://example.com","headers":{"x-a":"1","X-A":"2"}}`:          `header "X-A": is given twice`,
		`{"url":"http://example.com","headers":{"X":1}}`:                        "cannot unmarshal number",
		`{"url":"http://example.com","headers":{"Content-Type":"a\u0000b"}}`:    "control characters",
		`{"url":"http://example.com","headers":{"Connection":"Zeroq-Attempt"}}`: "cannot be set",
	} {
		_, err := run(t.Context(), handler, data)
		mustBePermanent(t, err, want)
	}
}

func TestHTTPRequest_ErrorsDoNotShowThePathOrQuery(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	data := encode(t, map[string]any{"url": server.URL + "/path?token=secret"})
	_, err := run(t.Context(), newRequestHandler(t, loopback, nil), data)
	mustRetry(t, err, "POST "+strings.TrimPrefix(server.URL, "http://")+": ")
	if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "path") {
		t.Errorf("error %q shows the URL", err)
	}
}

func TestHTTPRequest_EndsWithTheCauseOfItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	arrived := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	defer server.Close()
	go func() {
		<-arrived
		cancel(errCalledOff)
	}()
	_, err := run(ctx, newRequestHandler(t, loopback, nil), encode(t, map[string]any{"url": server.URL}))
	if err != errCalledOff {
		t.Errorf("got %v", err)
	}
}

func TestHTTPRequest_SlowAnswerIsTriedAgain(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}))
	defer server.Close()
	handler := &httpRequest{newClient(20*time.Millisecond, newGuard(loopback), nil)}
	_, err := run(t.Context(), handler, encode(t, map[string]any{"url": server.URL}))
	mustRetry(t, err, "deadline exceeded")
}

func TestHTTPRequest_HugeHeaderIsTriedAgain(t *testing.T) {
	t.Parallel()
	_, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Huge", strings.Repeat("x", maxResponseHeaderBytes+1))
	})
	mustRetry(t, err, "exceeded")
}

func TestHTTPRequest_IgnoresProxiesOfTheEnvironment(t *testing.T) {
	t.Parallel()
	transport := newClient(time.Second, newGuard(nil), nil).Transport.(*http.Transport)
	if transport.Proxy != nil {
		t.Error("there is a proxy")
	}
}

func TestHTTPRequest_KeepsConnections(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 2*maxAnswerBytes))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	handler := newRequestHandler(t, loopback, nil)
	for range 3 {
		_, err := run(t.Context(), handler, encode(t, map[string]any{"url": server.URL}))
		mustSucceed(t, err)
	}
	if connections.Load() != 1 {
		t.Errorf("%d connections for 3 requests", connections.Load())
	}
}
