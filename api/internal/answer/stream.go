package answer

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// EventStream is the type of a stream of server-sent events.
const EventStream = "text/event-stream"

const (
	// keepAlive is how often something is sent while nothing happens, so that nobody between takes
	// the connection for dead.
	keepAlive = 15 * time.Second
	// patience is how long a client may take to read.
	patience = 30 * time.Second
)

// Stream answers with server-sent events. It begins with the first one, so that until then the
// answer can be an error.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController

	mu    sync.Mutex
	begun bool
	err   error
}

// NewStream returns a stream to w that has not begun.
func NewStream(w http.ResponseWriter) *Stream {
	return &Stream{w: w, control: http.NewResponseController(w)}
}

// Task sends a task as an event of its name.
func (s *Stream) Task(task *types.Task) error {
	body, err := Marshal(task) // one line, whatever its data looks like
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		s.begin()
	}
	return s.send("event: task\ndata: " + string(body) + "\n")
}

// Begun reports whether anything was sent.
func (s *Stream) Begun() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

// KeepAlive sends comments until ctx ends, or fails.
func (s *Stream) KeepAlive(ctx context.Context) {
	ticker := time.NewTicker(keepAlive)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if s.comment() != nil {
			return
		}
	}
}

func (s *Stream) comment() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		return nil
	}
	return s.send(": keep-alive\n\n")
}

func (s *Stream) begin() {
	header := s.w.Header()
	header.Set("Content-Type", EventStream)
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	s.w.WriteHeader(http.StatusOK)
	s.begun = true
}

// send sends text now. Once that has failed it always fails.
func (s *Stream) send(text string) error {
	if s.err != nil {
		return s.err
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(patience)) // a writer without one needs none
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.control.Flush()
	}
	return s.err
}
