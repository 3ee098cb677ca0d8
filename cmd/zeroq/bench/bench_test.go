package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
	"golang.org/x/sys/unix"

	api "github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// childEnv makes this test binary the program itself, as far as this command needs it.
const childEnv = "ZEROQ_BENCH_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		logx.Disable()
		// The race detector has a process wait a second at its end, for others it may have.
		if err := errors.Join(os.Setenv(childEnv, "1"), os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")); err != nil {
			panic(err)
		}
		os.Exit(redistest.Main(m, redistest.GoZero...))
	}
	var err error
	if os.Args[1] == "api" {
		err = api.Run(os.Args[3])
	} else {
		command := Command("test")
		command.SetArgs(os.Args[2:])
		command.SilenceUsage, command.SilenceErrors = true, true
		err = command.ExecuteContext(context.Background())
	}
	if err != nil && err.Error() != "" {
		os.Stderr.WriteString(err.Error() + "\n")
	}
	os.Exit(session.Code(err))
}

// tiny runs once and as short as can be.
var tiny = sizes{
	rounds: 1, pickups: 10, small: 1024, large: 2048, stored: 500,
	delays: []time.Duration{0, time.Millisecond}, fsyncs: []string{"", "always"},
}

// Every case, by real processes, and every figure of it is there. A task that gets lost fails it. Plain
// Redis stands for a peer, which is in a module of its own.
func TestSuites_HaveAllFigures(t *testing.T) {
	for _, c := range suites {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := newLab("test", nil, tiny)
			must(t, err)
			if c.name != "memory" { // it is no queue that keeps tasks
				l.peers = []contestant{{name: "peer", party: l.play("redis"), fillers: manyCallers, batch: 1}}
			}
			sheets, err := c.run(t.Context(), l)
			must(t, err)
			for _, s := range sheets {
				checkFigures(t, s)
				if out := s.text(true); !strings.Contains(out, "| zeroq") {
					t.Errorf("no row of zeroq:\n%s", out)
				}
			}
		})
	}
}

func (s sheet) text(markdown bool) string {
	var b bytes.Buffer
	printer{out: &b, markdown: markdown}.sheet(s)
	return b.String()
}

// checkFigures sees to it that the columns of numbers have such, and that the rates are positive.
func checkFigures(t *testing.T, s sheet) {
	t.Helper()
	if len(s.rows) == 0 {
		t.Error("no rows")
	}
	for _, row := range s.rows {
		if len(row) != len(s.head) {
			t.Errorf("%q under %q", row, s.head)
			continue
		}
		for i, name := range s.head {
			cell := strings.ReplaceAll(row[i], ",", "")
			switch name {
			case "tasks/s", "bytes a task", "tasks", "p99 ms":
				if n, err := strconv.ParseFloat(cell, 64); err != nil || n < 0 || n == 0 && name != "p99 ms" {
					t.Errorf("%s: %s is %q", row[:s.words], name, row[i])
				}
			case "min–max", "Redis s/100k", "program s/100k":
				if cell == "" {
					t.Errorf("%s: no %s", row[:s.words], name)
				}
			}
		}
	}
}

func TestCommand_EndsAllWithCtrlC(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cmd := exec.Command(os.Args[0], "bench", "process")
	cmd.Env = append(os.Environ(), "TMPDIR="+folder)
	progress, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(progress)
	for lines.Scan() && strings.Contains(lines.Text(), "busy") { // which other tests make the machine
	}
	if lines.Text() != "bench: process, after 0s" {
		t.Errorf("it says %q", lines.Text())
	}
	for len(entries(t, folder)) == 0 { // until there is a Redis
		<-time.After(time.Millisecond)
	}
	must(t, cmd.Process.Signal(unix.SIGINT))
	for lines.Scan() {
		t.Errorf("it says %q", lines.Text())
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != session.CodeInterrupted {
		t.Errorf("exit code %d", cmd.ProcessState.ExitCode())
	}
	if left := entries(t, folder); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}

func entries(t *testing.T, folder string) []os.DirEntry {
	t.Helper()
	all, err := os.ReadDir(folder)
	must(t, err)
	return all
}

func TestCommand_SaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	run := func(args ...string) (string, int) {
		cmd := exec.Command(os.Args[0], append([]string{"bench"}, args...)...)
		cmd.Env = append(os.Environ(), "PATH="+t.TempDir())
		out, _ := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), cmd.ProcessState.ExitCode()
	}
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"memory"}, "redis-server not found: it must be on PATH", session.CodeFailed},
		{[]string{"speed"}, `there is no case "speed": the cases are enqueue, `, session.CodeUsage},
		{[]string{"--rounds", "0"}, "--rounds must be at least 1", session.CodeUsage},
		{[]string{"--seconds", "0"}, "--seconds must be more than 0", session.CodeUsage},
		{[]string{"--peer", "x=/nowhere"}, "--peer x=/nowhere: there is no such program", session.CodeUsage},
		{[]string{"--quick", "--rounds", "2"}, "[quick rounds]", session.CodeFailed}, // cobra's own; zeroq makes it one of usage
		{[]string{"--play", "lute"}, `there is no contender "lute"`, session.CodeUsage},
	} {
		if out, code := run(c.args...); code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%q: exit code %d, %s", c.args, code, out)
		}
	}
}

func TestChoose_KeepsTheOrderOfTheCases(t *testing.T) {
	chosen, s, err := (&options{rounds: 2, seconds: 0.5}).choose([]string{"memory", "enqueue"})
	if err != nil || len(chosen) != 2 || chosen[0].name != "enqueue" || s.rounds != 2 || s.run != time.Second/2 {
		t.Errorf("%+v, %+v, %v", chosen, s, err)
	}
	chosen, s, err = (&options{rounds: 3, seconds: 1, quick: true}).choose(nil)
	if err != nil || len(chosen) != len(suites) || s.rounds != 1 {
		t.Errorf("%+v, %+v, %v", chosen, s, err)
	}
}

func TestProgram_SaysWhyThereIsNoResult(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		`echo '{"Error":"no room"}'`:        "no room",
		`echo first; echo last >&2; exit 3`: "exit status 3: last",
		`echo nonsense`:                     "the answer of",
	} {
		if _, err := (program{"/bin/sh", []string{"-c", script}}).carry(t.Context(), postOrder(&server{}, 1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
}

func TestWay_HoldsBackAnswersAndBoundsNothing(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "echo.sock")
	listener, err := net.Listen("unix", socket)
	must(t, err)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	}()
	const delay = 20 * time.Millisecond
	w, err := listen(socket, delay)
	must(t, err)
	defer w.close()
	conn, err := net.Dial("tcp", w.addr())
	must(t, err)
	defer conn.Close()
	begin := time.Now()
	sent := bytes.Repeat([]byte("0123456789"), 100_000)
	go func() { _, _ = conn.Write(sent) }()
	got := make([]byte, len(sent))
	_, err = io.ReadFull(conn, got)
	must(t, err)
	if !bytes.Equal(got, sent) {
		t.Error("something else came")
	}
	if took := time.Since(begin); took < delay {
		t.Errorf("it took %v", took)
	}
	_, err = conn.Write([]byte("x"))
	must(t, err)
	w.close() // while an answer is under way
	if _, err := conn.Read(got); err == nil {
		t.Error("the connection is open")
	}
}

func TestFigures(t *testing.T) {
	for _, c := range []struct {
		all  []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(c.all); got != c.want {
			t.Errorf("the median of %v is %v", c.all, got)
		}
	}
	times := make([]time.Duration, 100)
	for i := range times {
		times[i] = time.Duration(100 - i)
	}
	for share, want := range map[float64]time.Duration{0.5: 50, 0.99: 99, 1: 100, 0: 1} {
		if got := percentile(times, share); got != want {
			t.Errorf("%v of 1 to 100: %d", share, got)
		}
	}
	for n, want := range map[float64]int{0: 200, 250: 250, 12_345: 12_000, 1e9: 2_000_000} {
		if got := rounded(n); got != want {
			t.Errorf("rounded(%v) = %d", n, got)
		}
	}
	for n, want := range map[float64]string{0: "0", 999.6: "1,000", 1234567: "1,234,567"} {
		if got := whole(n); got != want {
			t.Errorf("whole(%v) = %s", n, got)
		}
	}
}

func TestCalibrate_ASlowFirstRunDoesNotDecide(t *testing.T) {
	l := &lab{sizes: sizes{run: time.Second}}
	calls := 0
	tasks, err := l.calibrate(t.Context(), entry{measure: func(_ context.Context, tasks int) (run, error) {
		calls++
		took := time.Duration(tasks) * time.Millisecond / 10
		if calls == 1 {
			took = 5 * time.Second
		}
		return run{tasks: tasks, took: took}, nil
	}})
	if err != nil || tasks != 10_000 {
		t.Errorf("%d tasks after %d runs, %v", tasks, calls, err)
	}
}

func TestBenchmarkRate(t *testing.T) {
	for _, out := range []string{
		"\"test\",\"rps\",\"avg_latency_ms\"\n\"LPUSH\",\"65789.47\",\"0.1\"\n\"RPOP\",\"2\"\n", // Redis 7
		"\"LPUSH\",\"65789.47\"\n", // Redis 6
	} {
		if rate, err := benchmarkRate([]byte(out), "LPUSH"); err != nil || rate != 65789.47 {
			t.Errorf("%v, %v", rate, err)
		}
		if _, err := benchmarkRate([]byte(out), "BRPOP"); err == nil {
			t.Error("found what is not there")
		}
	}
}

func TestComparison(t *testing.T) {
	second := func(work, with, contender string, tasks ...int) figure {
		f := figure{entry: entry{work: work, with: with, contender: contender}}
		for _, n := range tasks {
			f.runs = append(f.runs, run{tasks: n, took: time.Second, redis: time.Millisecond * 30, program: time.Second / 2})
		}
		return f
	}
	s := comparison("Title", "About | it.", []figure{
		second("put", "0 ms", "zeroq", 3000, 1000, 2000), second("put", "0 ms", "asynq", 150, 50, 80),
		second("put", "2 ms", "zeroq", 1500), second("put", "2 ms", "asynq", 1000),
	})
	want := `TITLE
About | it.

work  with  contender  tasks/s      min–max  zeroq is  of itself  Redis s/100k  program s/100k  tasks
put   0 ms  zeroq        2,000  1,000–3,000                               1.50           25.00  3,000
put   0 ms  asynq           80       50–150       20×                    37.50          625.00    150
put   2 ms  zeroq        1,500  1,500–1,500                0.50×          2.00           33.33  1,500
put   2 ms  asynq        1,000  1,000–1,000     1.50×      6.67×          3.00           50.00  1,000
`
	if got := strings.TrimSpace(s.text(false)); got != strings.TrimSpace(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	markdown := s.text(true)
	if !strings.HasPrefix(markdown, "### Title\n\nAbout | it.\n\n| work | with | contender | tasks/s |") {
		t.Error(markdown)
	}
	alone := comparison("Title", "About.", []figure{second("put", "", "zeroq", 1)})
	if slices.Contains(alone.head, "zeroq is") || slices.Contains(alone.head, "with") || alone.words != 2 {
		t.Errorf("%+v", alone)
	}
}

func TestBusy(t *testing.T) {
	for load, want := range map[string]bool{"": false, "1.00": false, "1.01": true} {
		if got := busy(load, 2); got != want {
			t.Errorf("%q on two cores: %t", load, got)
		}
	}
}

func TestByWork(t *testing.T) {
	var order string
	for _, e := range byWork([]entry{{work: "a", with: "1"}, {work: "b", with: "1"}, {work: "a", with: "2"}, {work: "b", with: "2"}}) {
		order += e.work + e.with
	}
	if order != "a1a2b1b2" {
		t.Error(order)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
