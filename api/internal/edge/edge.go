// Package edge stands between net/http and go-zero. It refuses what other sites' pages send, keeps
// clients from switching off go-zero's timeout, turns every error answer that is not JSON into JSON,
// and lets a client that is still sending get its answer.
package edge

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// New returns next behind the edge. Pages of the trusted origins may send POSTs.
func New(next http.Handler, trusted []string) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range trusted {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trusted origin: %w", err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer.Problem(w, problem.OfStatus(http.StatusForbidden))
	}))
	return &edge{next: protection.Handler(next)}, nil
}

type edge struct{ next http.Handler }

// ServeHTTP answers one request.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := &body{ReadCloser: r.Body}
	out := &writer{ResponseWriter: w}
	e.serve(out, normal(r, body))
	out.finish()
	if out.status >= http.StatusBadRequest {
		body.drain(w, r)
	}
}

// serve recovers what go-zero does not, as net/http would drop the connection.
func (e *edge) serve(w *writer, r *http.Request) {
	defer func() {
		value := recover()
		switch {
		case value == nil:
		case value == http.ErrAbortHandler || w.passed:
			panic(value)
		default:
			logPanic(r, value)
			w.replace(http.StatusInternalServerError)
		}
	}()
	e.next.ServeHTTP(w, r)
}

// normal returns the request as go-zero may see it: HEAD is GET, whose body net/http leaves out, and
// nothing asks for an event stream or a websocket, on which go-zero drops its timeout.
func normal(r *http.Request, body *body) *http.Request {
	clone := *r
	clone.Body = body
	if r.Method == http.MethodHead {
		clone.Method = http.MethodGet
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") || r.Header.Get("Upgrade") != "" {
		clone.Header = r.Header.Clone()
		clone.Header.Del("Accept")
		clone.Header.Del("Upgrade")
	}
	return &clone
}
