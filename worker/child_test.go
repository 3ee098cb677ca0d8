package worker_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/proc"
	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

// childEnv makes this test binary, run once more by a test, a worker process of the configuration
// that it holds.
const childEnv = "ZEROQ_TEST_WORKER"

// childConf is what such a process is told.
type childConf struct {
	Worker   worker.Conf
	Shutdown proc.ShutdownConf // which a worker.Conf does not carry along
}

// runChild is the main function of such a process. It tells of its tasks on its output.
func runChild(text string) {
	var conf childConf
	if err := json.Unmarshal([]byte(text), &conf); err != nil {
		panic(err)
	}
	proc.Setup(conf.Shutdown) // of which only WaitTime may be set under the race detector
	w, err := worker.New(conf.Worker, handle("nap", func(ctx context.Context, task *zeroq.Task) error {
		var length time.Duration
		if err := json.Unmarshal(task.Data, &length); err != nil {
			return err
		}
		fmt.Println("started", task.ID)
		select {
		case <-time.After(length):
			fmt.Println("finished", task.ID)
			return zeroq.SetResult(ctx, "child")
		case <-ctx.Done():
			fmt.Println("cut short", task.ID)
			return ctx.Err()
		}
	}))
	if err != nil {
		panic(err)
	}
	group := service.NewServiceGroup()
	defer group.Stop()
	w.AddTo(group)
	group.Start()
}

// child is a worker process.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of its output; closed when it has ended
	ended chan error
}

func startChild(t *testing.T, conf worker.Conf) *child {
	t.Helper()
	text, err := json.Marshal(childConf{conf, conf.Shutdown})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: cmd, lines: make(chan string, 1000), ended: make(chan error, 1)}
	go func() {
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			c.lines <- scanner.Text()
		}
		close(c.lines)
		c.ended <- cmd.Wait()
	}()
	t.Cleanup(func() {
		c.signal(syscall.SIGKILL)
		for range c.lines {
		}
	})
	return c
}

func (c *child) signal(s syscall.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil && err != os.ErrProcessDone {
		c.t.Error(err)
	}
}

// say waits for n lines that begin so.
func (c *child) say(n int, begin string) {
	c.t.Helper()
	for n > 0 {
		line := receive(c.t, c.lines)
		if line == "" {
			c.t.Fatalf("the process ended, %d times %q to go", n, begin)
		}
		if strings.HasPrefix(line, begin) {
			n--
		}
	}
}

func naps(n int, length time.Duration) []*zeroq.Task {
	tasks := make([]*zeroq.Task, n)
	for i := range tasks {
		tasks[i] = zeroq.NewTask("nap", length)
	}
	return tasks
}

// local runs a worker in this process that has no need of naps; it sends the tasks that it runs.
func local(t *testing.T, conf worker.Conf) (*worker.Worker, <-chan string) {
	t.Helper()
	ran := make(chan string, 1000)
	return start(t, conf, handle("nap", func(ctx context.Context, task *zeroq.Task) error {
		ran <- task.ID
		return zeroq.SetResult(ctx, "local")
	})), ran
}

func TestCrash_TasksOfAKilledWorkerRunElsewhere(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	conf := worker.Conf{Redis: redis, Lease: time.Second}
	tasks := naps(5, time.Hour)
	enqueue(t, redis, tasks...)
	victim := startChild(t, conf)
	victim.say(5, "started")
	w, ran := local(t, conf)
	victim.signal(syscall.SIGKILL)
	killed := time.Now()
	for range tasks {
		receive(t, ran)
	}
	// One and a half leases, and a look every sixth of a lease; the rest is for a busy machine.
	if took := time.Since(killed); took > 1500*time.Millisecond+250*time.Millisecond+3*time.Second {
		t.Errorf("it took %v with a lease of a second", took)
	}
	for _, task := range tasks {
		if info := finished(t, redis, task.ID); info.State != zeroq.Succeeded || info.Worker != w.ID() {
			t.Errorf("%+v", info)
		}
	}
	if len(ran) != 0 {
		t.Errorf("%d tasks ran more than once here", len(ran))
	}
}

func TestCrash_AWorkerThatWasAwayForALeaseChangesNothing(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	conf := worker.Conf{Redis: redis, Lease: time.Second}
	tasks := naps(3, 1500*time.Millisecond)
	enqueue(t, redis, tasks...)
	zombie := startChild(t, conf)
	zombie.say(3, "started")
	zombie.signal(syscall.SIGSTOP)
	w, ran := local(t, conf)
	for range tasks {
		receive(t, ran)
	}
	for _, task := range tasks {
		finished(t, redis, task.ID)
	}
	zombie.signal(syscall.SIGCONT)
	for range tasks {
		if line := receive(t, zombie.lines); !strings.HasPrefix(line, "finished") && !strings.HasPrefix(line, "cut short") {
			t.Errorf("the zombie says %q", line)
		}
	}
	zombie.signal(syscall.SIGTERM) // it settles what it believes to have before it ends
	if err := receive(t, zombie.ended); err != nil {
		t.Error(err)
	}
	for _, task := range tasks {
		if info := finished(t, redis, task.ID); info.Worker != w.ID() || string(info.Result) != `"local"` {
			t.Errorf("the zombie's outcome counts: %+v", info)
		}
	}
	info, err := look(t, redis).Queue(t.Context(), "default")
	if err != nil || info.Counts[zeroq.Succeeded] != 3 || len(ran) != 0 {
		t.Errorf("%+v, %v; %d further runs", info, err, len(ran))
	}
}

func TestCrash_RedisKilledUnderLiveWorkers(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	conf := worker.Conf{Redis: server.Conf(), Lease: 2 * time.Second}
	const n = 400
	ran := make(chan struct{}, 10*n)
	for range 2 {
		start(t, conf, handle("x", func(context.Context, *zeroq.Task) error {
			<-time.After(5 * time.Millisecond)
			ran <- struct{}{}
			return nil
		}))
	}
	tasks := make([]*zeroq.Task, n)
	for i := range tasks {
		tasks[i] = zeroq.NewTask("x", nil)
	}
	enqueue(t, server.Conf(), tasks...)
	for _, kill := range []func(){server.Kill, server.Stop} {
		for range n / 8 {
			receive(t, ran)
		}
		kill()
		server.Restart()
	}
	b := look(t, server.Conf())
	eventually(t, "everything finishes", func() bool {
		info, err := b.Queue(t.Context(), "default")
		return err == nil && info.Counts[zeroq.Succeeded] == n
	})
}

// This one takes twelve seconds: go-zero's own time from signal to kill is five and a half.
func TestShutdown_TaskOfTenSecondsFinishesAfterSIGTERM(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	tasks := naps(1, 10*time.Second)
	enqueue(t, redis, tasks...)
	c := startChild(t, worker.Conf{Redis: redis, Shutdown: proc.ShutdownConf{WaitTime: 30 * time.Second}})
	c.say(1, "started")
	c.signal(syscall.SIGTERM)
	c.say(1, "finished")
	if err := receive(t, c.ended); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	if info := finished(t, redis, tasks[0].ID); info.State != zeroq.Succeeded || info.Attempt != 1 {
		t.Errorf("%+v", info)
	}
	if workers, err := look(t, redis).Workers(t.Context()); err != nil || len(workers) != 0 {
		t.Errorf("it is still listed: %+v, %v", workers, err)
	}
}

func TestShutdown_HandsBackWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	tasks := naps(1, time.Hour)
	enqueue(t, redis, tasks...)
	c := startChild(t, worker.Conf{Redis: redis, Drain: 100 * time.Millisecond})
	c.say(1, "started")
	c.signal(syscall.SIGTERM)
	c.say(1, "cut short")
	if err := receive(t, c.ended); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	_, ran := local(t, worker.Conf{Redis: redis}) // at once, not after a lease of 12 s
	began := time.Now()
	receive(t, ran)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the task ran again after %v", took)
	}
	if info := finished(t, redis, tasks[0].ID); info.Attempt != 1 || len(info.Errors) != 0 {
		t.Errorf("the shutdown cost an attempt: %+v", info)
	}
}
