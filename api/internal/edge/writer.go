package edge

import (
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/zeromicro/go-zero/core/logc"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// zeroTimeout is what go-zero's timeout middleware writes.
const zeroTimeout = "Request Timeout"

// writer passes answers on, but for error answers that are not JSON: of these it keeps the status,
// and finish writes the body that belongs to it.
type writer struct {
	http.ResponseWriter
	status   int
	passed   bool
	timedOut bool
}

// WriteHeader passes the status on, or keeps it if it is of an error that is not JSON.
func (w *writer) WriteHeader(status int) {
	if status < http.StatusOK {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	if w.status != 0 {
		return
	}
	w.status = status
	if status >= http.StatusBadRequest && w.Header().Get("Content-Type") != answer.ContentType {
		return
	}
	w.passed = true
	w.ResponseWriter.WriteHeader(status)
}

// Write passes the body on, or drops it if its status was kept.
func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.passed {
		w.timedOut = w.timedOut || string(p) == zeroTimeout
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Flush sends what was passed on so far. go-zero's writers find it here only.
func (w *writer) Flush() {
	if w.passed {
		_ = http.NewResponseController(w.ResponseWriter).Flush() // fails only when the client has gone
	}
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// replace makes the answer an error, if none has begun.
func (w *writer) replace(status int) {
	if !w.passed {
		w.status = status
	}
}

// finish writes the body of an error whose status was kept.
func (w *writer) finish() {
	if w.passed || w.status == 0 {
		return
	}
	p := problem.OfStatus(w.status)
	if w.timedOut && w.status == http.StatusServiceUnavailable {
		p.Code, p.Message = problem.Timeout, "the request took too long"
	}
	header := w.Header()
	header.Del("X-Content-Type-Options") // of http.Error
	if allow := header.Get("Allow"); allow != "" {
		header.Set("Allow", allowed(allow))
	}
	w.passed = true
	answer.Problem(w.ResponseWriter, p)
}

// allowed is the Allow header in order, with HEAD beside GET.
func allowed(allow string) string {
	methods := strings.Split(allow, ", ")
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

func logPanic(r *http.Request, value any) {
	logc.Errorf(r.Context(), "%s %s: panic: %v\n%s", r.Method, r.URL.Path, value, debug.Stack())
}
