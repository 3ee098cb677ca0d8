package request

import (
	"io"
	"net/http"
	"time"
)

// Patience is how long a body may stand still.
const Patience = 30 * time.Second

// Patient returns the body of a request that may take as long as it wants, as long as it moves. It
// also gives the answer as much time, counted from the last read.
func Patient(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	return &patient{ReadCloser: r.Body, controller: http.NewResponseController(w)}
}

type patient struct {
	io.ReadCloser
	controller *http.ResponseController
}

// Read moves the deadlines. A writer that has none needs none moved.
func (p *patient) Read(buffer []byte) (int, error) {
	deadline := time.Now().Add(Patience)
	_ = p.controller.SetReadDeadline(deadline)
	_ = p.controller.SetWriteDeadline(deadline.Add(Patience))
	return p.ReadCloser.Read(buffer)
}
