package kafkatest

import (
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/zeroq-dev/zeroq"
)

// Server is a Kafka in this process: a cluster of three brokers.
type Server struct {
	t     testing.TB
	opts  []kfake.Opt
	conf  zeroq.KafkaConf
	ports []int

	mu      sync.Mutex
	cluster *kfake.Cluster
	conns   map[*lingeringConn]struct{}
}

// Start starts a server, which stops when the test ends.
func Start(t testing.TB, opts ...kfake.Opt) *Server {
	t.Helper()
	s := &Server{t: t, conns: map[*lingeringConn]struct{}{}}
	s.opts = append([]kfake.Opt{
		kfake.DataDir(t.TempDir()), kfake.SyncWrites(), kfake.ListenFn(s.listen),
		kfake.GroupMinSessionTimeout(100 * time.Millisecond),
	}, opts...)
	s.Start()
	t.Cleanup(s.Stop)
	s.conf = fresh(s.Cluster().ListenAddrs())
	return s
}

// Conf returns how to reach the server.
func (s *Server) Conf() zeroq.KafkaConf { return s.conf }

// Cluster is the running cluster, for faults that the server has no word for.
func (s *Server) Cluster() *kfake.Cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cluster
}

// Stop stops the server. What was acknowledged to clients is kept.
func (s *Server) Stop() {
	if cluster := s.Cluster(); cluster != nil {
		cluster.Close()
		s.Cut()
		s.mu.Lock()
		s.cluster = nil
		s.mu.Unlock()
	}
}

// Start starts it again, on the same ports and with what it had. Its faults are gone.
func (s *Server) Start() {
	s.t.Helper()
	opts := s.opts
	if s.ports != nil {
		opts = append(slices.Clone(opts), kfake.Ports(s.ports...))
	}
	cluster, err := kfake.NewCluster(opts...)
	check(s.t, "start", err)
	s.mu.Lock()
	s.cluster = cluster
	s.mu.Unlock()
	if s.ports == nil {
		for _, addr := range cluster.ListenAddrs() {
			_, port, err := net.SplitHostPort(addr)
			check(s.t, "start", err)
			n, err := strconv.Atoi(port)
			check(s.t, "start", err)
			s.ports = append(s.ports, n)
		}
	}
}

// Cut cuts all connections.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.cut()
	}
	clear(s.conns)
}

// Fail has the next so many requests of a kind fail with an error; -1: all until the function that it returns
// is called.
func (s *Server) Fail(kind kmsg.Key, err *kerr.Error, count int) (stop func()) {
	return s.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kind}, Err: err, Count: count}).Remove
}

// Watch shows all requests of a kind to see, which must not block.
func (s *Server) Watch(kind kmsg.Key, see func(kmsg.Request)) {
	s.Cluster().ControlKey(kind.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		see(req)
		return nil, nil, false
	})
}

// listen has the server know its connections.
func (s *Server) listen(network, addr string) (net.Listener, error) {
	l, err := Listen(network, addr)
	if err != nil {
		return nil, err
	}
	return &listener{Listener: l, server: s}, nil
}

type listener struct {
	net.Listener
	server *Server
}

// Accept notes the connection.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	l.server.conns[conn.(*lingeringConn)] = struct{}{}
	return conn, nil
}
