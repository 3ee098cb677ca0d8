package idempotency

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"github.com/zeroq-dev/zeroq/api/internal/answer"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// recorder holds an answer back until it is kept.
type recorder struct {
	to     http.ResponseWriter
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder(to http.ResponseWriter) *recorder {
	return &recorder{to: to, header: make(http.Header)}
}

// Header is that of the answer.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader notes the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
}

// Write notes a part of the body.
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.to }

// final reports whether the same request would be answered like this again: then the answer is kept.
func (r *recorder) final() bool {
	return r.status/100 == 2 || r.status == http.StatusConflict
}

// refused reports whether nothing of the request was done, for sure.
func (r *recorder) refused() bool {
	return r.status/100 == 4 && r.status != http.StatusRequestTimeout && r.status != problem.StatusCancelled
}

// send passes the answer on.
func (r *recorder) send() {
	maps.Copy(r.to.Header(), r.header)
	if r.status != 0 {
		r.to.WriteHeader(r.status)
	}
	_, _ = r.to.Write(r.body.Bytes()) // fails only when the client has gone
}

// head is the first line of an answer that is kept; its body follows byte for byte.
type head struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
}

func (r *recorder) marshal() ([]byte, error) {
	kept, err := json.Marshal(head{r.status, r.header})
	if err != nil {
		return nil, err
	}
	return append(append(kept, '\n'), r.body.Bytes()...), nil
}

// replay gives an answer that was kept.
func replay(w http.ResponseWriter, r *http.Request, kept []byte) {
	line, body, _ := bytes.Cut(kept, []byte("\n"))
	var head head
	if err := json.Unmarshal(line, &head); err != nil {
		answer.Error(w, r, fmt.Errorf("the answer kept for an %s: %w", Header, err))
		return
	}
	maps.Copy(w.Header(), head.Header)
	w.Header().Set(Replayed, "true")
	w.WriteHeader(head.Status)
	_, _ = w.Write(body) // fails only when the client has gone
}
