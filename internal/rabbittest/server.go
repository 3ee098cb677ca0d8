package rabbittest

import (
	"sync"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/rabbitserver"
)

// Server is a rabbitmq-server that one test owns and may kill. Its methods may be called from any
// goroutine, one at a time.
type Server struct {
	// Addr is where it listens, as host:port. It stays the same over restarts.
	Addr string

	t  testing.TB
	mu sync.Mutex
	s  *rabbitserver.Server
}

// Start runs a rabbitmq-server until the test ends. settings are lines of rabbitmq.conf, such as
// "consumer_timeout = 1000" (in milliseconds), which the server of [New] does not have.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	need(t)
	s, err := start(settings...)
	if err != nil {
		t.Fatal("rabbittest: ", err)
	}
	t.Cleanup(func() {
		s.Kill()
		_ = s.Remove()
	})
	return &Server{Addr: s.Addr, t: t, s: s}
}

// Conf says how to reach the server.
func (s *Server) Conf() zeroq.RabbitMQConf { return conf(s.t, s.Addr) }

// Kill ends the server by SIGKILL and returns once it is gone. A second Kill does nothing.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.s.Kill()
}

// Stop ends the server in order, by SIGTERM, and returns once it is gone.
func (s *Server) Stop() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

// Restart brings a killed or stopped server back at the same address with the data that it had, and
// returns once it takes connections. A server that is running is stopped first. It fails the test,
// without ending it, when the server does not come back.
func (s *Server) Restart() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	if err := s.s.Start(); err != nil {
		s.t.Errorf("rabbittest: restart: %v", err)
	}
}

// Control runs rabbitmqctl on the server and returns what it says. It fails the test, without ending it,
// when that does not work.
func (s *Server) Control(args ...string) string {
	s.t.Helper()
	out, err := s.s.Control(s.t.Context(), args...)
	if err != nil {
		s.t.Errorf("rabbittest: %v", err)
	}
	return out
}

func (s *Server) stop() {
	s.t.Helper()
	if err := s.s.Stop(); err != nil {
		s.t.Errorf("rabbittest: %v", err)
	}
}
