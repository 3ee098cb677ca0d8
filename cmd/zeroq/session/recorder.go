package session

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

// recorder is a transport that keeps what the API answers, byte for byte, and by which time.
type recorder struct {
	transport *http.Transport
	// bodies: they are kept at all.
	bodies bool

	mu      sync.Mutex
	answers []*bytes.Buffer
	at      time.Time
}

// RoundTrip is that of the transport.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		r.at = at
	}
	if r.bodies && response.StatusCode < http.StatusMultipleChoices {
		answer := new(bytes.Buffer)
		r.answers = append(r.answers, answer)
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(response.Body, answer), response.Body}
	}
	return response, nil
}

// take returns the answers since the last call.
func (r *recorder) take() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var answers [][]byte
	for _, answer := range r.answers {
		answers = append(answers, answer.Bytes())
	}
	r.answers = nil
	return answers
}

// now is the time of the API at its last answer, which may not be the time here.
func (r *recorder) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.IsZero() {
		return time.Now()
	}
	return r.at
}
