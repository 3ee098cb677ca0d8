package dev

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
	"github.com/zeroq-dev/zeroq/internal/redisserver"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// childEnv makes this test binary the command itself.
const childEnv = "ZEROQ_DEV_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(redistest.Main(m, redistest.GoZero...))
	}
	command := Command()
	command.SetArgs(os.Args[1:])
	if err := command.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// process is a "zeroq dev" of a test.
type process struct {
	t         *testing.T
	cmd       *exec.Cmd
	url       string
	listening chan string   // its url, once
	done      chan struct{} // closed when it has ended and all of its output was read

	mu  sync.Mutex
	out bytes.Buffer
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// start runs the command and returns once it says where it listens.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := launch(t, env, args...)
	p.listens()
	return p
}

// launch runs the command.
func launch(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, listening: make(chan string, 1), done: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0], append(args, "--port", "0")...)
	p.cmd.Env = append(append(os.Environ(), childEnv+"=1"), env...)
	pipe, err := p.cmd.StdoutPipe()
	must(t, err)
	p.cmd.Stderr = p.cmd.Stdout
	must(t, p.cmd.Start())
	go p.read(bufio.NewScanner(pipe))
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
	})
	return p
}

// listens returns once the command says where it listens.
func (p *process) listens() {
	p.t.Helper()
	select {
	case p.url = <-p.listening:
	case <-p.done:
		p.t.Fatalf("it ended: %s", p.output())
	case <-time.After(30 * time.Second):
		p.t.Fatalf("it does not say where it listens: %s", p.output())
	}
}

// says returns once the command has said text.
func (p *process) says(text string) {
	p.t.Helper()
	late := time.After(20 * time.Second)
	for !strings.Contains(p.output(), text) {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-p.done:
			p.t.Fatalf("it ended without %q: %s", text, p.output())
		case <-late:
			p.t.Fatalf("it does not say %q: %s", text, p.output())
		}
	}
}

func (p *process) read(lines *bufio.Scanner) {
	defer close(p.done)
	for said := false; lines.Scan(); {
		p.mu.Lock()
		fmt.Fprintln(&p.out, lines.Text())
		p.mu.Unlock()
		if url := address.FindString(lines.Text()); url != "" && !said {
			said = true
			p.listening <- url
		}
	}
	_ = p.cmd.Wait() // how it ended is in ProcessState
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// post enqueues a task and returns its id.
func (p *process) post(body string) string {
	p.t.Helper()
	resp, err := http.Post(p.url+"/v1/tasks", "application/json", strings.NewReader(body))
	must(p.t, err)
	defer resp.Body.Close()
	var accepted struct{ ID string }
	must(p.t, json.NewDecoder(resp.Body).Decode(&accepted))
	if resp.StatusCode != http.StatusAccepted {
		p.t.Fatalf("status %d", resp.StatusCode)
	}
	return accepted.ID
}

// task is what the API says of a task.
type task struct {
	State  string
	Result json.RawMessage
}

func (p *process) wait(id string) task {
	p.t.Helper()
	resp, err := http.Get(p.url + "/v1/tasks/" + id + "?wait=20s")
	must(p.t, err)
	defer resp.Body.Close()
	var got task
	must(p.t, json.NewDecoder(resp.Body).Decode(&got))
	return got
}

// runs returns once the task is running.
func (p *process) runs(id string) {
	p.t.Helper()
	for running := false; !running; {
		resp, err := http.Get(p.url + "/v1/tasks/" + id)
		must(p.t, err)
		var got task
		must(p.t, json.NewDecoder(resp.Body).Decode(&got))
		resp.Body.Close()
		running = got.State == "leased"
	}
}

// stop sends SIGTERM twice and waits for the end.
func (p *process) stop() {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	must(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.ended()
}

func (p *process) ended() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("it does not end: %s", p.output())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Fatalf("exit code %d: %s", code, p.output())
	}
}

func TestDev_TasksSurviveARestart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := start(t, nil, "--data", data)
	id := p.post(`{"type":"echo","data":{"n":9007199254740993}}`)
	if got := p.wait(id); got.State != "succeeded" || string(got.Result) != `{"n":9007199254740993}` {
		t.Errorf("the task is %+v", got)
	}
	later := p.post(`{"type":"echo","data":"later","delay":"1h"}`)
	p.stop()
	if _, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://")); err == nil {
		t.Error("the port is not free")
	}
	again := start(t, nil, "--data", data)
	if got := again.wait(id); got.State != "succeeded" {
		t.Errorf("after the restart the finished task is %+v", got)
	}
	resp, err := http.Get(again.url + "/v1/tasks/" + later)
	must(t, err)
	defer resp.Body.Close()
	var got task
	must(t, json.NewDecoder(resp.Body).Decode(&got))
	if got.State != "scheduled" {
		t.Errorf("after the restart the scheduled task is %+v", got)
	}
	again.stop()
}

func TestDev_DrainsBeforeItsRedisEnds(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "--data", t.TempDir())
	p.runs(p.post(`{"type":"sleep","data":{"for":"2s"}}`))
	p.stop()
	if out := p.output(); !strings.Contains(out, "done  sleep") {
		t.Errorf("the task did not finish: %s", out)
	}
}

func TestDev_EndsAtOnceAtTheSecondInterrupt(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "--data", t.TempDir())
	p.runs(p.post(`{"type":"sleep","data":{"for":"60s"}}`))
	must(t, p.cmd.Process.Signal(os.Interrupt))
	p.says("waiting for 1 task, up to 20s (Ctrl-C again ends at once)")
	again := time.Now()
	must(t, p.cmd.Process.Signal(os.Interrupt))
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		t.Fatalf("it does not end: %s", p.output())
	}
	if took := time.Since(again); took > 10*time.Second || p.cmd.ProcessState.ExitCode() != 1 || strings.Contains(p.output(), "panic") {
		t.Errorf("it ended with %d after %v: %s", p.cmd.ProcessState.ExitCode(), took, p.output())
	}
}

func TestDev_OneAtATimeForAFolder(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := start(t, nil, "--data", data)
	second := exec.Command(os.Args[0], "--data", data, "--port", "0")
	second.Env = append(os.Environ(), childEnv+"=1")
	out, err := second.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "in use by another zeroq dev") {
		t.Errorf("err %v: %s", err, out)
	}
	p.stop()
}

func TestDev_NamedRedis(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	p := start(t, []string{"ZEROQ_REDIS=unix://" + server.Addr}, "--data", t.TempDir())
	if got := p.wait(p.post(`{"type":"echo","data":1}`)); got.State != "succeeded" {
		t.Errorf("the task is %+v", got)
	}
	if n := server.Client().Exists(t.Context(), "zq:queues").Val(); n != 1 {
		t.Error("the named Redis knows of no queue")
	}
	p.stop()
}

func TestDev_WaitsForTheNamedRedis(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(shortTempDir(t), "redis.sock")
	p := launch(t, nil, "--redis", "unix://"+socket, "--data", t.TempDir())
	p.says("waiting for Redis at " + socket)
	if out := p.output(); strings.Contains(out, "Try this") {
		t.Errorf("it welcomes: %s", out)
	}
	must(t, os.Symlink(redistest.StartServer(t).Addr, socket))
	p.listens()
	p.stop()
}

func TestDev_EndsWhileItWaitsForRedis(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "--redis", "127.0.0.1:1", "--data", t.TempDir())
	p.says("waiting for Redis at 127.0.0.1:1")
	p.stop()
}

func TestDev_FlagsOutOfRange(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--port", "99999"}, {"--port", "-1"}, {"--concurrency", "0"}, {"--concurrency", "-1"}, {"--concurrency", "10001"}} {
		command := Command()
		command.SilenceErrors, command.SilenceUsage = true, true
		command.SetArgs(append(args, "--data", t.TempDir()))
		err := command.ExecuteContext(t.Context())
		if session.Code(err) != session.CodeUsage || !strings.HasPrefix(err.Error(), args[0]+" must be ") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestDev_MemoryWithoutRedis(t *testing.T) {
	t.Parallel()
	p := start(t, []string{"PATH=" + t.TempDir(), "ZEROQ_REDIS="}, "--data", t.TempDir())
	if got := p.wait(p.post(`{"type":"echo","data":1}`)); got.State != "succeeded" {
		t.Errorf("the task is %+v", got)
	}
	p.stop()
	if out := p.output(); !strings.Contains(out, "memory only") {
		t.Errorf("it does not say where tasks live: %s", out)
	}
}

func TestDev_KilledTakesItsRedisWithIt(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("only Linux ends the server with its parent")
		return
	}
	t.Parallel()
	data := t.TempDir()
	p := start(t, []string{"TMPDIR=" + shortTempDir(t)}, "--data", data)
	sockets, err := filepath.Glob(filepath.Join(envOf(p, "TMPDIR"), "zeroq*", "redis.sock"))
	must(t, err)
	if len(sockets) != 1 {
		t.Fatalf("sockets %v", sockets)
	}
	must(t, p.cmd.Process.Kill())
	<-p.done
	deadline := time.After(20 * time.Second)
	for redisserver.Ping(t.Context(), sockets[0]) == nil {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatal("its Redis lives on")
		}
	}
}

func TestDev_EndsWithItsRedis(t *testing.T) {
	t.Parallel()
	dir := shortTempDir(t)
	p := start(t, []string{"TMPDIR=" + dir}, "--data", t.TempDir())
	sockets, err := filepath.Glob(filepath.Join(dir, "zeroq*", "redis.sock"))
	must(t, err)
	client, err := net.Dial("unix", sockets[0])
	must(t, err)
	defer client.Close()
	fmt.Fprint(client, "SHUTDOWN NOSAVE\r\n")
	select {
	case <-p.done:
	case <-time.After(60 * time.Second):
		t.Fatalf("it goes on without Redis: %s", p.output())
	}
	if p.cmd.ProcessState.ExitCode() == 0 || !strings.Contains(p.output(), errStoreGone.Error()) {
		t.Errorf("it ended with %d: %s", p.cmd.ProcessState.ExitCode(), p.output())
	}
}

// shortTempDir is a folder whose path leaves room for a unix socket.
func shortTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "zq")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func envOf(p *process, name string) string {
	for i := len(p.cmd.Env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(p.cmd.Env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
