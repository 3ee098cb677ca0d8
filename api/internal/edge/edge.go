// Package edge stands between net/http and go-zero. It refuses what other sites' pages send, also
// those that pass for the API's own, keeps clients from switching off go-zero's timeout, turns every
// error answer that is not JSON into JSON, and lets a client that is still sending get its answer.
package edge

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// Trust says whom the edge lets through.
type Trust struct {
	// Origins are those whose pages may send POSTs.
	Origins []string
	// Loopback is set when only this host reaches the API: then it answers to no names but those of
	// the loopback and Hosts.
	Loopback bool
	// Hosts are further names of the API. If there are any, it answers to no others on any address.
	Hosts []string
}

// New returns next behind the edge.
func New(next http.Handler, trust Trust) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range trust.Origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trusted origin: %w", err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer.Problem(w, problem.OfStatus(http.StatusForbidden))
	}))
	guarded, err := newHosts(protection.Handler(next), trust.Loopback, trust.Hosts)
	if err != nil {
		return nil, err
	}
	return &edge{next: guarded}, nil
}

type edge struct{ next http.Handler }

// ServeHTTP answers one request.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{request: *r, body: body{ReadCloser: r.Body}, writer: writer{ResponseWriter: w}}
	e.serve(&x.writer, x.normal(r))
	x.writer.finish()
	if x.writer.status >= http.StatusBadRequest {
		x.body.drain(w, r)
	}
}

// exchange is one request and its answer as go-zero sees them.
type exchange struct {
	request http.Request
	body    body
	writer  writer
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

type headKey struct{}

// IsHead reports whether a request that is a GET behind the edge came as a HEAD: then nobody reads the
// body, and an answer that takes its time to come need not go on.
func IsHead(ctx context.Context) bool { return ctx.Value(headKey{}) != nil }

// normal returns the request as go-zero may see it: HEAD is GET, whose body net/http leaves out, and
// nothing asks for an event stream or a websocket, on which go-zero drops its timeout.
func (x *exchange) normal(r *http.Request) *http.Request {
	clone := &x.request
	clone.Body = &x.body
	if r.Method == http.MethodHead {
		clone = clone.WithContext(context.WithValue(r.Context(), headKey{}, true))
		clone.Method = http.MethodGet
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") || r.Header.Get("Upgrade") != "" {
		clone.Header = r.Header.Clone()
		clone.Header.Del("Accept")
		clone.Header.Del("Upgrade")
	}
	return clone
}
