package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/app"
)

func TestCrossOrigin(t *testing.T) {
	a := start(t, func(c *app.Conf) { c.TrustedOrigins = []string{"https://ops.example.com"} })
	tests := []struct {
		header, value string
		refused       bool
	}{
		{"Sec-Fetch-Site", "cross-site", true},
		{"Sec-Fetch-Site", "same-site", true},
		{"Origin", "https://evil.example.com", true},
		{"Origin", "null", true},
		{"Sec-Fetch-Site", "same-origin", false},
		{"Sec-Fetch-Site", "none", false},
		{"Origin", a.url, false},
		{"Origin", "https://ops.example.com", false},
	}
	for _, test := range tests {
		r := a.request("POST", "/v1/tasks", "application/json", strings.NewReader(`{"type":"a"}`))
		r.Header.Set(test.header, test.value)
		reply := a.do(r)
		if test.refused {
			reply.wantError(t, 403, "cross_origin", "")
		} else if reply.status != 202 {
			t.Errorf("%s %s: %+v", test.header, test.value, reply)
		}
	}
}

// deaf is an inspector that does not mind its context.
type deaf struct {
	*fake
	until context.Context
}

// Workers answers long after it should.
func (d *deaf) Workers(context.Context) ([]zeroq.WorkerInfo, error) {
	<-d.until.Done()
	return nil, nil
}

// go-zero's timeout ends a request whatever the request asks for, with JSON.
func TestTimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := newFake()
	a := startWith(t, f, app.Deps{Enqueuer: f, Inspector: &deaf{f, ctx}, Ping: f.Ping},
		func(c *app.Conf) { c.Timeout = 100 * time.Millisecond })
	for _, headers := range []map[string]string{
		{}, {"Accept": "text/event-stream"}, {"Accept": "text/event-stream, */*"}, {"Upgrade": "websocket", "Connection": "Upgrade"},
	} {
		r := a.request(http.MethodGet, "/v1/workers", "", nil)
		for name, value := range headers {
			r.Header.Set(name, value)
		}
		a.do(r).wantError(t, 503, "timeout", "")
	}
}

func TestPanic_OfAReader(t *testing.T) {
	f := newFake()
	a := startWith(t, f, app.Deps{Enqueuer: f, Ping: f.Ping}) // no inspector: a nil pointer
	a.get("/v1/workers").wantError(t, 500, "internal", "")
	a.get("/v1/tasks/x").wantError(t, 500, "internal", "")
}

// raw sends bytes and returns the first answer.
func (a *api) raw(send func(w io.Writer)) reply {
	a.t.Helper()
	conn, err := net.Dial("tcp", a.app.Addr().String())
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	send(conn)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(body)}
}

// A client that sends its whole body before it reads gets its answer, whatever was wrong.
func TestDrain(t *testing.T) {
	a := start(t)
	body := bytes.Repeat([]byte("x"), 7<<20)
	for head, want := range map[string]struct {
		status int
		code   string
	}{
		"POST /v1/tasks HTTP/1.1\r\nContent-Type: application/json":                     {413, "too_large"},
		"POST /v1/tasks HTTP/1.1\r\nContent-Type: text/plain":                           {415, "unsupported_media_type"},
		"POST /v1/tasks?x=1 HTTP/1.1\r\nContent-Type: application/json":                 {400, "invalid_parameter"},
		"POST /nowhere HTTP/1.1":                                                        {404, "not_found"},
		"PUT /v1/tasks HTTP/1.1":                                                        {405, "method_not_allowed"},
		"POST /v1/tasks HTTP/1.1\r\nSec-Fetch-Site: cross-site":                         {403, "cross_origin"},
		"POST /v1/tasks/batch HTTP/1.1\r\nContent-Type: application/json":               {400, "invalid_json"},
		"POST /v1/tasks/batch HTTP/1.1\r\nContent-Type: application/json; charset=koi8": {415, "unsupported_media_type"},
	} {
		reply := a.raw(func(w io.Writer) {
			fmt.Fprintf(w, "%s\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", head, len(body))
			if _, err := w.Write(body); err != nil {
				t.Errorf("%s: %v", head, err)
			}
		})
		if reply.status != want.status || !strings.Contains(reply.body, `"code":"`+want.code+`"`) {
			t.Errorf("%s: %+v", head, reply)
		}
	}
}

// A client that asks first is told before it sends.
func TestExpectContinue(t *testing.T) {
	a := start(t)
	const head = "POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
	reply := a.raw(func(w io.Writer) { fmt.Fprintf(w, "%sContent-Length: 5000000\r\n\r\n", head) })
	reply.wantError(t, 413, "too_large", "")
	reply = a.raw(func(w io.Writer) { fmt.Fprintf(w, "%sContent-Length: 12\r\n\r\n%s", head, `{"type":"a"}`) })
	if reply.status != http.StatusContinue {
		t.Errorf("got %+v", reply)
	}
}

func TestBodyThatEndsTooEarly(t *testing.T) {
	a := start(t)
	reply := a.raw(func(w io.Writer) {
		fmt.Fprint(w, "POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"type\":\"a\"}")
		_ = w.(*net.TCPConn).CloseWrite()
	})
	reply.wantError(t, 400, "invalid_json", "")
	reply = a.raw(func(w io.Writer) {
		fmt.Fprint(w, "POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
		_ = w.(*net.TCPConn).CloseWrite()
	})
	reply.wantError(t, 400, "bad_request", "")
	if n := a.fake.count(); n != 0 {
		t.Errorf("%d tasks were enqueued", n)
	}
}
