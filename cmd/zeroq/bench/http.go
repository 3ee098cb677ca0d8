package bench

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/zeroq-dev/zeroq/internal/child"
	"github.com/zeroq-dev/zeroq/internal/contender"
)

// patience is how long a server may take to be up.
const patience = 20 * time.Second

// server is a program that answers HTTP.
type server struct {
	url  string
	cmd  *exec.Cmd
	gone <-chan struct{}
}

// serve runs this program with the arguments and a config file, which is beside the socket of its Redis, until close.
func (l *lab) serve(ctx context.Context, redis string, args ...string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(filepath.Dir(redis), "api.yaml")
	text := fmt.Sprintf("Name: bench\nPort: %d\nRedis:\n  Addrs: [%q]\nLog:\n  Mode: console\n  Encoding: plain\n  Level: error\n  Stat: false\n", port, redis)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	s := &server{url: fmt.Sprintf("http://127.0.0.1:%d", port), cmd: exec.Command(l.program, append(args, file)...)}
	if s.gone, err = child.Start(s.cmd, syscall.SIGKILL); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// ready waits until the server says that it is.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
		if err != nil {
			return err
		}
		if answer, err := client.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-s.gone:
			return fmt.Errorf("%s ended: %s", s.cmd, s.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", s.cmd, ctx.Err())
		}
	}
}

// close ends the server at once.
func (s *server) close() {
	_ = s.cmd.Process.Kill() // fails only for one that has ended
	<-s.gone
}

// cpu is what the server has used, by /proc; 0 where there is none.
func (s *server) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	const utime, stime, tick = 11, 12, 10 * time.Millisecond // fields behind the name; Linux counts in 1/100 s
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) <= stime {
		return 0
	}
	user, _ := strconv.ParseInt(fields[utime], 10, 64)
	sys, _ := strconv.ParseInt(fields[stime], 10, 64)
	return time.Duration(user+sys) * tick
}

// What the API is called here, and the route beside it.
const (
	nameAPI  = "zeroq API"
	nameBare = "bare go-zero route"
)

func httpSuite(ctx context.Context, l *lab) ([]sheet, error) {
	entries := []entry{
		{"POST, 64 connections", "", nameAPI, l.posting(l.counted, "api", "-f")},
		{"POST, 64 connections", "", nameBare, l.posting(nil, "bench", "--play", "bare", "--config")},
		{"POST, run, acknowledged", "", nameAPI, l.throughout},
	}
	figures, err := l.compare(ctx, entries)
	if err != nil {
		return nil, err
	}
	return []sheet{comparison("HTTP", "POST /v1/tasks of one task by 64 keep-alive connections to the API, a process as \"zeroq api\" runs it. Beside it a route of go-zero "+
		"with the same middlewares, which parses the same body as go-zero does and does nothing else. The last row ends when a worker of concurrency "+
		"100, which starts with the first POST, has acknowledged all. server is the API or the route, program the worker; what sends is in neither. "+
		"asynq and plain Redis have no HTTP API.", figures)}, nil
}

// posting sends tasks to a server, and has them counted.
func (l *lab) posting(count func(context.Context, *place, int) error, args ...string) measure {
	return func(ctx context.Context, tasks int) (run, error) {
		p, err := site{}.open()
		if err != nil {
			return run{}, err
		}
		defer p.close()
		s, err := l.serve(ctx, p.addr, args...)
		if err != nil {
			return run{}, err
		}
		defer s.close()
		r, err := p.watch(ctx, func() (run, error) {
			before := s.cpu()
			r, err := l.one(ctx, contestant{party: l.play("post")}, postOrder(s, tasks))
			r.program, r.server = 0, s.cpu()-before
			return r, err
		})
		if err == nil && count != nil {
			err = count(ctx, p, tasks)
		}
		return r, err
	}
}

func postOrder(s *server, tasks int) contender.Order {
	return contender.Order{Role: contender.Post, URL: s.url, Tasks: tasks, Payload: payload, Callers: manyCallers, Batch: 1}
}

// counted reports that not all tasks which were sent are there.
func (l *lab) counted(ctx context.Context, p *place, tasks int) error {
	system, err := openOurs(contender.Order{Redis: p.addr})
	if err != nil {
		return err
	}
	defer system.Close()
	n, err := system.Unfinished(ctx)
	if err == nil && n != tasks {
		err = fmt.Errorf("%d tasks were sent, and %d are there", tasks, n)
	}
	return err
}

// throughout sends tasks to the API while a worker runs them.
func (l *lab) throughout(ctx context.Context, tasks int) (run, error) {
	p, err := site{}.open()
	if err != nil {
		return run{}, err
	}
	defer p.close()
	s, err := l.serve(ctx, p.addr, "api", "-f")
	if err != nil {
		return run{}, err
	}
	defer s.close()
	return p.watch(ctx, func() (run, error) {
		before := s.cpu()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var worked contender.Result
		ended := make(chan error, 1)
		go func() {
			var err error
			worked, err = l.zeroq.carry(ctx, contender.Order{
				Role: contender.Work, Redis: p.addr, Tasks: tasks, Payload: payload, Concurrency: 100,
			})
			ended <- err
		}()
		posted, err := l.play("post").carry(ctx, postOrder(s, tasks))
		if err != nil {
			cancel()
			<-ended
			return run{}, err
		}
		err = <-ended
		return run{tasks: worked.Tasks, took: worked.End.Sub(posted.Begin), program: worked.CPU, server: s.cpu() - before}, err
	})
}
