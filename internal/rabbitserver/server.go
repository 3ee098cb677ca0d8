// Package rabbitserver runs a rabbitmq-server of one's own on ports of the loopback interface.
package rabbitserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/zeroq-dev/zeroq/internal/child"
)

// patience bounds each wait for the server: to answer, and to end. An Erlang machine takes its time.
const patience = time.Minute

// ErrNotFound is returned by [New] when no RabbitMQ server is installed.
var ErrNotFound = errors.New("rabbitmq-server not found")

// Server is a rabbitmq-server that this process runs, and the epmd that its command line tools find it
// by. They do not outlive it (on Linux, however this process ends). Its methods are not safe for
// concurrent use, but for Control.
type Server struct {
	// Addr is where it listens, as host:port. It stays the same over restarts, and so do its data.
	Addr string

	folder string       // of everything: settings, data, log, the home of the Erlang cookie
	lock   *flock.Flock // tells others that the folder is in use
	env    []string
	epmd   process
	server process
}

// process is a program that may run at present.
type process struct {
	cmd  *exec.Cmd // nil while it does not
	gone <-chan struct{}
}

// New returns a server that has yet to be started. settings are lines of rabbitmq.conf, such as
// "consumer_timeout = 1000".
func New(settings ...string) (*Server, error) {
	if _, err := script("rabbitmq-server"); err != nil {
		return nil, err
	}
	folder, lock, err := newFolder()
	if err != nil {
		return nil, err
	}
	s := &Server{folder: folder, lock: lock}
	if err := s.configure(settings); err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

// Start runs the server and returns once it takes connections.
func (s *Server) Start() error {
	if err := s.run(&s.epmd, syscall.SIGKILL, "epmd", "-port", s.variable("ERL_EPMD_PORT")); err != nil {
		return err
	}
	program, err := script("rabbitmq-server")
	if err != nil {
		return err
	}
	if err := s.run(&s.server, syscall.SIGKILL, program); err != nil {
		s.epmd.kill()
		return err
	}
	if err := s.ready(); err != nil {
		s.Kill()
		return fmt.Errorf("rabbitmq-server: %w: %s", err, s.LastLog())
	}
	return nil
}

// run starts a program whose output goes to the log; a pipe would need a goroutine to read it.
func (s *Server) run(p *process, signal syscall.Signal, name string, args ...string) error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.folder, s.env, log, log
	gone, err := child.Start(cmd, signal)
	if err != nil {
		return err
	}
	p.cmd, p.gone = cmd, gone
	return nil
}

// ready waits until the server answers a client, so also until it has loaded its data.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if Ping(ctx, s.Addr) == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-s.server.gone:
			return errors.New("ended at its start")
		case <-ctx.Done():
			return fmt.Errorf("gave no answer within %s", patience)
		}
	}
}

// Stop ends the server in order; at once, if that takes too long.
func (s *Server) Stop() error {
	if s.server.cmd == nil {
		return nil
	}
	_ = s.server.cmd.Process.Signal(syscall.SIGTERM) // fails only for one that has ended
	var err error
	select {
	case <-s.server.gone:
	case <-time.After(patience):
		err = fmt.Errorf("rabbitmq-server did not stop within %s: %s", patience, s.LastLog())
	}
	s.Kill()
	return err
}

// Kill ends the server at once.
func (s *Server) Kill() {
	s.server.kill()
	s.epmd.kill()
}

func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill() // fails only for one that has ended
	<-p.gone
	p.cmd = nil
}

// Control runs rabbitmqctl on the server, which takes a second or two.
func (s *Server) Control(ctx context.Context, args ...string) (string, error) {
	program, err := script("rabbitmqctl")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = s.folder, s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("rabbitmqctl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), err
}

// Remove deletes the server's data.
func (s *Server) Remove() error {
	return errors.Join(os.RemoveAll(s.folder), s.lock.Close())
}

func (s *Server) logPath() string { return filepath.Join(s.folder, "server.log") }

// LastLog is what the server wrote last.
func (s *Server) LastLog() string {
	log, err := os.ReadFile(s.logPath())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// Ping asks whether a RabbitMQ at host:port takes connections: it offers a protocol, as clients do, and
// wants to be greeted.
func Ping(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(conn, "AMQP\x00\x00\x09\x01"); err != nil {
		return err
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[0] != 1 { // a method frame
		return fmt.Errorf("%s does not speak AMQP", addr)
	}
	return nil
}

// FreePort returns a port of the loopback interface that nobody listens on. It lies below those that
// the system gives to outgoing connections, which could take it while the server is away.
func FreePort() (string, error) {
	for range 100 {
		port := strconv.Itoa(firstPort + randomPort())
		listener, err := net.Listen("tcp", net.JoinHostPort(loopback, port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return "", errors.New("no free port found")
}
