package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/producer"
)

// childEnv makes this test binary the program itself.
const childEnv = "ZEROQ_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(redistest.Main(m, redistest.GoZero...))
	}
	main()
}

// process is a zeroq of a test.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of its output; closed when that has ended
}

// start runs a service with a configuration file, and returns once it says that it is up.
func start(t *testing.T, service, conf, up string) (p *process, line string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "zeroq.yaml")
	must(t, os.WriteFile(file, []byte(conf), 0o600))
	p = &process{t: t, cmd: exec.Command(os.Args[0], service, "-f", file), lines: make(chan string, 1000)}
	// go-zero writes how long to wrap up, and reads it without a lock when a signal comes.
	p.cmd.Env = append(os.Environ(), childEnv+"=1", "GORACE=exitcode=0")
	output, err := p.cmd.StdoutPipe()
	must(t, err)
	p.cmd.Stderr = p.cmd.Stdout
	must(t, p.cmd.Start())
	go func() {
		defer close(p.lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	late := time.After(20 * time.Second)
	for !strings.Contains(line, up) {
		select {
		case next, more := <-p.lines:
			if !more {
				t.Fatalf("it ended: %s", line)
			}
			line = next
		case <-late:
			t.Fatal("it does not say that it is up")
		}
	}
	return p, line
}

// stopTwice sends two SIGTERMs and waits for the end, which must be in order.
func (p *process) stopTwice() {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	<-time.After(200 * time.Millisecond)
	must(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	var output []string
	for line := range p.lines {
		output = append(output, line)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("it ended with %v: %s", err, strings.Join(output, "\n"))
	}
}

// redisOf is the section Redis of a configuration file.
func redisOf(conf zeroq.RedisConf) string {
	return fmt.Sprintf("Redis: {Addrs: ['%s'], DB: %d}", conf.Addrs[0], conf.DB)
}

func TestConsumer_TaskFinishesWhenSignalsAreRepeated(t *testing.T) {
	t.Parallel()
	redis := redistest.StartServer(t).Conf()
	p, _ := start(t, "consumer", "Name: c\nHealth: {Port: 0}\nTasks: {Trial: true}\nLog: {Level: error}\n"+
		"Worker: {"+redisOf(redis)+"}\n", "consumer is up")
	broker, err := redisq.Open(redis)
	must(t, err)
	defer broker.Close()
	tasks, err := producer.New(producer.Conf{Redis: redis})
	must(t, err)
	defer tasks.Close()
	task := zeroq.NewTask("sleep", map[string]string{"for": "2s"})
	must(t, tasks.Enqueue(t.Context(), task))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for running := false; !running; {
		info, err := broker.Task(ctx, task.ID, "")
		must(t, err)
		running = info.State == zeroq.Leased
	}
	p.stopTwice()
	info, err := broker.Task(ctx, task.ID, "")
	must(t, err)
	if info.State != zeroq.Succeeded || info.Attempt != 1 {
		t.Errorf("the task is %+v", info)
	}
}

func TestAPI_AnswersWhenSignalsAreRepeated(t *testing.T) {
	t.Parallel()
	redis := redistest.StartServer(t).Conf()
	p, line := start(t, "api", "Name: a\nPort: 0\nLog: {Level: error}\n"+redisOf(redis)+"\n", "listens on")
	_, address, _ := strings.Cut(line, "listens on ")
	resp, err := http.Get("http://" + address + "/readyz")
	must(t, err)
	must(t, resp.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	p.stopTwice()
}

func TestProgram_TellsItsVersion(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "--version")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	output, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(output), "zeroq version ") || !strings.Contains(string(output), "go1") {
		t.Errorf("%s, %v", output, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
