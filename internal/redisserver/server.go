// Package redisserver runs a redis-server of one's own on a private unix socket.
package redisserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/zeroq-dev/zeroq/internal/child"
)

const (
	// patience bounds each wait for the server: to answer, and to end.
	patience = 20 * time.Second
	// maxSocketPath is what fits into a unix socket's address on every system.
	maxSocketPath = 100
)

// ErrNotFound is returned by [New] when there is no redis-server on PATH.
var ErrNotFound = errors.New("redis-server not found")

// Server is a redis-server that this process runs. It does not outlive it (on Linux, however this
// process ends). Its methods are not safe for concurrent use, but for Gone.
type Server struct {
	// Addr is the path of the unix socket. It stays the same over restarts.
	Addr string

	data, run string // folders: of the data, and of the socket and the log
	args      []string
	cmd       *exec.Cmd       // nil while there is none
	gone      <-chan struct{} // closed when cmd has ended
}

// New returns a server that keeps its data in the folder; "" is one that Remove deletes. args are
// further settings, such as "--appendonly", "yes".
func New(data string, args ...string) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, ErrNotFound
	}
	run, err := socketFolder()
	if err != nil {
		return nil, err
	}
	if data == "" {
		data = run
	}
	addr := filepath.Join(run, "redis.sock")
	return &Server{Addr: addr, data: data, run: run, args: append([]string{
		"--port", "0", "--unixsocket", addr, "--unixsocketperm", "700", "--dir", data, "--save", "",
		"--maxmemory-policy", "noeviction",
	}, args...)}, nil
}

func socketFolder() (string, error) {
	folder, err := os.MkdirTemp("", folderPrefix)
	if err == nil && len(folder) > maxSocketPath-len("/redis.sock") {
		if err := os.Remove(folder); err != nil {
			return "", err
		}
		folder, err = os.MkdirTemp("/tmp", folderPrefix)
	}
	if err == nil {
		sweep(filepath.Dir(folder))
	}
	return folder, err
}

// Start runs the server and returns once it answers.
func (s *Server) Start() error {
	log, err := os.Create(s.logPath())
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("redis-server", s.args...)
	cmd.Stdout, cmd.Stderr = log, log // a file: a pipe would need a goroutine to read it
	gone, err := child.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return err
	}
	s.cmd, s.gone = cmd, gone
	if err := s.ready(); err != nil {
		s.Kill()
		return fmt.Errorf("redis-server: %w: %s", err, s.LastLog())
	}
	return nil
}

// ready waits until the server answers PING, so also until it has loaded its data.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for {
		if Ping(ctx, s.Addr) == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-s.gone:
			return errors.New("ended at its start")
		case <-ctx.Done():
			return fmt.Errorf("gave no answer within %s", patience)
		}
	}
}

// Gone is closed when the server that Start ran has ended.
func (s *Server) Gone() <-chan struct{} { return s.gone }

// Stop ends the server in order, so that it writes what it has; at once, if that takes too long.
func (s *Server) Stop() error {
	if s.cmd == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // fails only for one that has ended
	var err error
	select {
	case <-s.gone:
	case <-time.After(patience):
		err = fmt.Errorf("redis-server did not stop within %s: %s", patience, s.LastLog())
	}
	s.Kill()
	return err
}

// Kill ends the server at once.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // fails only for one that has ended
	<-s.gone
	s.cmd = nil
}

// Signal sends the server that Start ran a signal.
func (s *Server) Signal(signal os.Signal) error { return s.cmd.Process.Signal(signal) }

// Remove deletes the socket's folder, and the data if New was given no folder for it.
func (s *Server) Remove() error { return os.RemoveAll(s.run) }

func (s *Server) logPath() string { return filepath.Join(s.data, "redis.log") }

// LastLog is the last line that the server wrote.
func (s *Server) LastLog() string {
	log, err := os.ReadFile(s.logPath())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return lines[len(lines)-1]
}

// Ping asks a server at host:port, or at a unix socket's path, whether it is ready. go-redis would
// log every refusal while one starts.
func Ping(ctx context.Context, addr string) error {
	network := "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && answer != "+PONG\r\n" {
		err = errors.New(strings.TrimSpace(answer))
	}
	return err
}
