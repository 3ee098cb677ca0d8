package app

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq/consumer/internal/config"
)

// health answers /healthz while the process lives, and /readyz while it takes tasks. go-zero's
// own health check knows only servers, and a consumer is none.
type health struct {
	listener net.Listener
	server   *http.Server
	stop     sync.Once
}

func newHealth(conf config.Health, ready func() error) (*health, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(conf.Host, strconv.Itoa(conf.Port)))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answer(w, ready()) })
	return &health{
		listener: listener,
		server:   &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second},
	}, nil
}

// status is the body of an answer.
type status struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

func answer(w http.ResponseWriter, err error) {
	body := status{Status: "ok"}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		body = status{Status: "not ready", Reason: err.Error()}
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}

// Start implements go-zero's service.Service.
func (h *health) Start() { _ = h.server.Serve(h.listener) }

// Stop implements go-zero's service.Service.
func (h *health) Stop() {
	h.stop.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if h.server.Shutdown(ctx) != nil {
			_ = h.server.Close()
		}
		_ = h.listener.Close() // which the server knows only once it was started
	})
}
