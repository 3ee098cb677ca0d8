// Package answer writes the answers of the API.
package answer

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/zeromicro/go-zero/core/logc"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// ContentType is the type of every answer.
const ContentType = "application/json"

// contentType is shared by all answers, and only read.
var contentType = []string{ContentType}

// JSON writes v.
func JSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := Marshal(v)
	if err != nil {
		Error(w, r, err)
		return
	}
	Bytes(w, status, body)
}

// Bytes writes a body that is JSON already.
func Bytes(w http.ResponseWriter, status int, body []byte) {
	Begin(w, status, len(body))
	_, _ = w.Write(body) // fails only when the client has gone
}

// Begin writes what comes before a body of so many bytes that is JSON.
func Begin(w http.ResponseWriter, status, length int) {
	header := w.Header()
	header["Content-Type"] = contentType
	header["Content-Length"] = []string{strconv.Itoa(length)}
	w.WriteHeader(status)
}

// Error writes err as [problem.Of] has it. What the client may not read is logged here, once.
func Error(w http.ResponseWriter, r *http.Request, err error) {
	p, hidden := problem.Of(err)
	if hidden {
		logc.Errorf(r.Context(), "%s %s: %v", r.Method, r.URL.Path, err)
	}
	Problem(w, p)
}

// Problem writes p.
func Problem(w http.ResponseWriter, p *problem.Problem) {
	if seconds := p.RetryAfter(); seconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	body, _ := Marshal(p.Body()) // strings always marshal
	Bytes(w, p.Status, body)
}

// Marshal returns v as JSON with a line end, and without the escapes that only HTML needs.
func Marshal(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}
