package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

// terminal is a pseudo terminal with a command on it.
type terminal struct {
	// near is where the command is, far where its user is.
	near, far *os.File
}

func newTerminal(t *testing.T, columns uint16) *terminal {
	t.Helper()
	far, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	fd := int(far.Fd())
	must(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	must(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	must(t, err)
	near, err := os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	t.Cleanup(func() { _ = far.Close() })
	return &terminal{near, far}
}

// run runs a command line at the terminal, and answers its question.
func (term *terminal) run(answer string, args ...string) (output string, code int) {
	ended := make(chan int, 1)
	go func() {
		root := root()
		root.SetArgs(args)
		root.SetIn(term.near)
		root.SetOut(term.near)
		root.SetErr(term.near)
		code := execute(root)
		_ = term.near.Close() // the far end reads what is left, and then an error
		ended <- code
	}()
	var b strings.Builder
	for far := bufio.NewReader(term.far); ; {
		r, _, err := far.ReadRune()
		if err != nil {
			return strings.ReplaceAll(b.String(), "\r\n", "\n"), <-ended
		}
		b.WriteRune(r)
		if answer != "" && strings.HasSuffix(b.String(), "[y/N] ") {
			_, _ = io.WriteString(term.far, answer)
		}
	}
}

func TestTerminal_HasColours(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	server := httptest.NewServer(newContract(t))
	defer server.Close()
	output, code := newTerminal(t, 80).run("", "get", "run", "--api", server.URL)
	if code != 0 || !strings.Contains(output, "\x1b[36mleased\x1b[0m") {
		t.Errorf("exit code %d, %q", code, output)
	}
	output, _ = newTerminal(t, 80).run("", "get", "a", "--json", "--api", server.URL)
	if strings.Contains(output, "\x1b") {
		t.Errorf("JSON has colours: %q", output)
	}
	t.Setenv("NO_COLOR", "1")
	output, _ = newTerminal(t, 80).run("", "get", "run", "--api", server.URL)
	if strings.Contains(output, "\x1b") {
		t.Errorf("there are colours: %q", output)
	}
}

// A row stays a row, however narrow the terminal.
func TestTerminal_RowsAreCut(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	server := httptest.NewServer(newContract(t))
	defer server.Close()
	for _, args := range [][]string{{"queues"}, {"workers"}, {"schedules", "list"}, {"dead", "groups", "mail"}} {
		output, code := newTerminal(t, 40).run("", append(args, "--api", server.URL)...)
		for _, line := range strings.Split(output, "\n") {
			if n := len([]rune(line)); code != 0 || n > 40 {
				t.Errorf("%v: exit code %d, %d columns: %q", args, code, n, line)
			}
		}
	}
}

// At 80 columns no column is missing, however long the names are.
func TestTerminal_ColumnsAreAllThere(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	api := newContract(t)
	long := strings.Repeat("x", 60)
	api.answers["GET /v1/workers?limit=200"] = []answer{{200, `{"items":[{"id":"host.example-123456-0a1b2c3d","host":"host.example","pid":123456,"queues":["` + long + `"],
		"slots":10,"running":[],"started_at":"2026-01-01T01:04:05.000Z","last_heartbeat":"2026-01-02T03:04:03.000Z"}],"next_cursor":null}`}}
	api.answers["GET /v1/schedules?limit=200"] = []answer{{200, `{"items":[{"name":"nightly-report","spec":"0 3 * * 1-5","timezone":"America/Argentina/Buenos_Aires","jitter":"0s",
		"overlap":"allow","catch_up":"none","task":{"type":"` + long + `","queue":"reports","data":null},"paused":false,"next_runs":["2026-01-03T02:00:00.000Z"],"last_run":"2026-01-02T02:00:00.000Z",
		"last_task":"t","skipped":0}],"next_cursor":null}`}}
	server := httptest.NewServer(api)
	defer server.Close()
	for line, want := range map[string][]string{
		"workers":        {"host.example-123456-0a1b2c3d ", "QUEUES", "xx…", "1d2h ago", "2s ago"},
		"schedules list": {"nightly-report ", "0 3 * * ", "America/", "xx…", "reports ", "in 22h55m", "1h4m ago"},
	} {
		output, code := newTerminal(t, 80).run("", append(strings.Fields(line), "--api", server.URL)...)
		for _, word := range want {
			if !strings.Contains(output, word) {
				t.Errorf("%s: %q is missing in\n%s", line, word, output)
			}
		}
		for _, line := range strings.Split(output, "\n") {
			if n := len([]rune(line)); code != 0 || n > 80 || strings.HasSuffix(line, " …") {
				t.Errorf("exit code %d, %d columns: %q", code, n, line)
			}
		}
	}
}

func TestTerminal_AsksBack(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	purge := []string{"purge", "mail", "--state", "ready"}
	remove := []string{"dead", "delete", "mail", "--all"}
	for _, try := range []struct {
		args     []string
		answer   string
		question string
		asked    bool // whether the API was
	}{
		{purge, "y\n", "Delete all ready tasks of queue mail? [y/N] y\n", true},
		{purge, "n\n", "Delete all ready tasks of queue mail? [y/N] n\nzeroq: nothing was done\n", false},
		{purge, "\n", "Delete all ready tasks of queue mail? [y/N] \nzeroq: nothing was done\n", false},
		{remove, "yes\n", "Delete all dead letters of queue mail? [y/N] yes\n", true},
		{append(purge, "--yes"), "", "", true},
		{[]string{"dead", "delete", "mail", "--id", "a"}, "", "", true},
	} {
		api := newContract(t)
		server := httptest.NewServer(api)
		output, code := newTerminal(t, 80).run(try.answer, append(try.args, "--api", server.URL)...)
		server.Close()
		if code != session.CodeFailed || !strings.HasPrefix(output, try.question) || (len(api.sent) > 0) != try.asked ||
			strings.Contains(output, "[y/N]") != (try.question != "") {
			t.Errorf("%v: exit code %d, %q, sent %q", try.args, code, output, api.sent)
		}
	}
}

func TestTerminal_ShowsProgress(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	server := httptest.NewServer(newContract(t))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "tasks.ndjson")
	must(t, os.WriteFile(file, []byte(strings.Repeat("{}\n", 1000)), 0o600))
	output, code := newTerminal(t, 80).run("", "enqueue", "--file", file, "--api", server.URL)
	if code != session.CodeFailed || !strings.Contains(output, "enqueueing") || !strings.Contains(output, "\raccepted 1, rejected 2\n") {
		t.Errorf("exit code %d, %q", code, output)
	}
	output, code = newTerminal(t, 80).run("", "operation", "op~mail~x", "--wait", "--api", server.URL)
	if code != 0 || !strings.Contains(output, "retrying") || !strings.HasSuffix(output, "\rretried 12 of 12 tasks of mail\n") {
		t.Errorf("exit code %d, %q", code, output)
	}
}
