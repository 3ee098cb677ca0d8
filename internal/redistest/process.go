package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// patience bounds each wait for redis-server: to answer, and to end.
	patience = 20 * time.Second
	// maxSocketPath is what fits into a unix socket's address on every system.
	maxSocketPath = 100
)

// process is a redis-server in a folder of its own. Its methods are not safe for concurrent use.
type process struct {
	dir, addr string
	args      []string
	cmd       *exec.Cmd     // nil while there is none
	gone      chan struct{} // closed when cmd has ended
}

func newProcess(args ...string) (*process, error) {
	dir, err := os.MkdirTemp("", "zeroq")
	if err != nil {
		return nil, err
	}
	if len(dir) > maxSocketPath-len("/redis.sock") {
		os.Remove(dir)
		if dir, err = os.MkdirTemp("/tmp", "zeroq"); err != nil {
			return nil, err
		}
	}
	addr := filepath.Join(dir, "redis.sock")
	return &process{dir: dir, addr: addr, args: append([]string{
		"--port", "0", "--unixsocket", addr, "--dir", dir, "--save", "", "--databases", fmt.Sprint(databaseCount),
		"--maxmemory-policy", "noeviction",
	}, args...)}, nil
}

// start runs the server and returns once it answers.
func (p *process) start() error {
	log, err := os.Create(p.logPath())
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("redis-server", p.args...)
	cmd.Stdout, cmd.Stderr = log, log // a file: a pipe would need a goroutine to read it
	cmd.SysProcAttr = dieWithParent()

	started, gone := make(chan error), make(chan struct{})
	go func() {
		defer close(gone)
		// Linux ends the server when the thread that started it ends, so that thread waits for it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait() // how it ended is in its log
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	p.cmd, p.gone = cmd, gone
	if err := p.ready(); err != nil {
		p.kill()
		return fmt.Errorf("redis-server: %w: %s", err, p.lastLog())
	}
	return nil
}

// ready waits until the server answers PING, so also until it has loaded its data.
func (p *process) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for {
		if ping(ctx, p.addr) == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-p.gone:
			return errors.New("ended at its start")
		case <-ctx.Done():
			return fmt.Errorf("gave no answer within %s", patience)
		}
	}
}

// stop ends the server in order.
func (p *process) stop() error {
	if p.cmd == nil {
		return nil
	}
	p.cmd.Process.Signal(syscall.SIGTERM) // fails only for one that has ended
	var err error
	select {
	case <-p.gone:
	case <-time.After(patience):
		err = fmt.Errorf("redis-server did not stop within %s: %s", patience, p.lastLog())
	}
	p.kill()
	return err
}

// kill ends the server at once.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Kill() // fails only for one that has ended
	<-p.gone
	p.cmd = nil
}

func (p *process) remove() { os.RemoveAll(p.dir) }

func (p *process) logPath() string { return filepath.Join(p.dir, "redis.log") }

// lastLog is the last line that the server wrote.
func (p *process) lastLog() string {
	log, err := os.ReadFile(p.logPath())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return lines[len(lines)-1]
}
