package redistest

import (
	"errors"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redisserver"
)

// Server is a redis-server that one test owns and may kill. Its methods may be called from any
// goroutine, one at a time.
type Server struct {
	// Addr is the path of its unix socket. It stays the same over restarts.
	Addr string

	t  testing.TB
	mu sync.Mutex
	p  *redisserver.Server
}

// StartServer runs a redis-server until the test ends. By default every write is in its append-only
// file before it is answered, so a restart finds what was acknowledged before a Kill. args are
// further settings of redis-server, such as "--maxmemory", "8mb", and override that.
func StartServer(t testing.TB, args ...string) *Server {
	t.Helper()
	p, err := redisserver.New("", append([]string{"--appendonly", "yes", "--appendfsync", "always"}, args...)...)
	if errors.Is(err, redisserver.ErrNotFound) {
		t.Fatal("redistest: redis-server not found, and a shared Redis cannot stand in for one that the test owns")
	}
	if err != nil {
		t.Fatal("redistest: ", err)
	}
	t.Cleanup(func() {
		p.Kill()
		_ = p.Remove()
	})
	if err := p.Start(); err != nil {
		t.Fatal("redistest: ", err)
	}
	return &Server{Addr: p.Addr, t: t, p: p}
}

// Conf says how to reach the server's database 0.
func (s *Server) Conf() zeroq.RedisConf {
	return zeroq.RedisConf{Addrs: []string{s.Addr}}
}

// Client makes a client of the server's database 0 that is closed when the test ends.
func (s *Server) Client() *redis.Client { return NewClient(s.t, s.Conf()) }

// Kill ends the server by SIGKILL and returns once it is gone. A second Kill does nothing.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.p.Kill()
}

// Stop ends the server in order, by SIGTERM, and returns once it is gone.
func (s *Server) Stop() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

// Restart brings a killed or stopped server back on the same socket with what its append-only file
// holds, and returns once it answers. A server that is running is stopped first. It fails the test,
// without ending it, when the server does not come back.
func (s *Server) Restart() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	if err := s.p.Start(); err != nil {
		s.t.Errorf("redistest: restart: %v", err)
	}
}

func (s *Server) stop() {
	s.t.Helper()
	if err := s.p.Stop(); err != nil {
		s.t.Errorf("redistest: %v", err)
	}
}
