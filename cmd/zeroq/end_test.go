package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

// What is wrong with the command line is said in one line, before anything is asked for.
func TestUsage(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"stroll":                  `unknown command "stroll" for "zeroq"`,
		"dead mail":               `unknown command "mail" for "zeroq dead"`,
		"schedules walk":          `unknown command "walk" for "zeroq schedules"`,
		"get":                     "ID is missing: zeroq get ID\n",
		"get a b":                 `"b" is one argument too many: zeroq get ID`,
		"cancel":                  "ID is missing: zeroq cancel ID…",
		"workers x":               `"x" is one argument too many: zeroq workers`,
		"dead retry":              "QUEUE is missing: zeroq dead retry QUEUE",
		"limits q --rate none":    `--rate "none": want a number`,
		"get a --timeout -1s":     "--timeout must not be negative",
		"enqueue a --wait=soon":   `--wait "soon": want a duration such as 30s`,
		"enqueue a --wait=-1s":    `--wait "-1s": want a duration such as 30s`,
		"enqueue a --delay=-1s":   "--delay must not be negative",
		"enqueue a --timeout=-1s": "--timeout must not be negative",
		"get a --walk":            "unknown flag: --walk",
		"get a --timeout soon":    `--timeout "soon": want a duration such as 30s`,
		"get a --api ftp://host":  `base URL "ftp://host": want http://host:port`,
		"get a --api :x":          "base URL",
	} {
		out, errOut, code := cli("", strings.Fields(line)...)
		if code != session.CodeUsage || out != "" || !strings.HasPrefix(errOut, "zeroq: "+want) || strings.Count(errOut, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q, %q", line, code, out, errOut)
		}
	}
}

// What may have been meant stands below.
func TestUsage_Suggests(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"queus":           "zeroq: unknown command \"queus\" for \"zeroq\"\nDid you mean this?\n  queues\n",
		"schedules reume": "zeroq: unknown command \"reume\" for \"zeroq schedules\"\nDid you mean this?\n  resume\n",
	} {
		if _, errOut, code := cli("", strings.Fields(line)...); code != session.CodeUsage || errOut != want {
			t.Errorf("%s: exit code %d, %q", line, code, errOut)
		}
	}
}

// What answers may be something else than a zeroq API.
func TestAPIStrange(t *testing.T) {
	t.Parallel()
	for _, answer := range []struct {
		status int
		body   string
	}{{200, "<html>welcome</html>"}, {200, `"x"`}, {404, "404 page not found"}, {500, `{"detail":"x"}`}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(answer.status)
			fmt.Fprint(w, answer.body)
		}))
		out, errOut, code := cli("", "queues", "--api", server.URL)
		server.Close()
		want := "zeroq: " + server.URL + " does not answer like a zeroq API: "
		if code != session.CodeUnavailable || out != "" || !strings.HasPrefix(errOut, want) || strings.Count(errOut, "\n") != 1 {
			t.Errorf("%d %s: exit code %d, %q, %q", answer.status, answer.body, code, out, errOut)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":            "Dead letters and schedules:",
		"dead":        "groups",
		"schedules":   "resume",
		"get --help":  "--timeout duration",
		"enqueue -h":  "how long one attempt may take",
		"limits help": "",
	} {
		out, _, code := cli("", strings.Fields(line)...)
		if want != "" && (code != 0 || !strings.Contains(out, want)) {
			t.Errorf("%q: exit code %d, %s", line, code, out)
		}
	}
}

// Help is for terminals of 80 columns, and for people.
func TestHelp_IsNarrow(t *testing.T) {
	t.Parallel()
	check := func(words ...string) {
		out, _, code := cli("", append(words, "--help")...)
		for _, line := range strings.Split(out, "\n") {
			if n := len([]rune(line)); code != 0 || n > 80 || strings.Contains(line, "[=") || strings.Contains(line, "default default") {
				t.Errorf("%v: exit code %d, %d columns: %s", words, code, n, line)
			}
		}
	}
	check()
	check("dead")
	check("schedules")
	for _, c := range leaves(root()) {
		check(strings.Fields(c.CommandPath())[1:]...)
	}
}

func TestAPIAway(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := listener.Addr().String()
	must(t, listener.Close())
	for _, line := range []string{"queues", "get a", "cancel a b", "enqueue email 1", "enqueue --file -", "wait a", "schedules list"} {
		out, errOut, code := cli("{}\n", append(strings.Fields(line), "--api", address)...)
		want := "zeroq: no API answers at http://" + address + ": connection refused (--api or ZEROQ_API names another)\n"
		if code != session.CodeUnavailable || out != "" || errOut != want {
			t.Errorf("%s: exit code %d, %q, %q", line, code, out, errOut)
		}
	}
}

func TestNames_AreCompleted(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newContract(t))
	defer server.Close()
	for line, want := range map[string]string{
		"pause":                           "default\nmail\n",
		"pause default":                   "",
		"tasks mail --state":              "scheduled\nready\nleased\n",
		"get a --queue":                   "default\nmail\n",
		"schedules run":                   "hourly\nnightly\n",
		"enqueue email --unique-mode":     "until_started\nuntil_finished\nfor\ndebounce\n",
		"get":                             "",
		"schedules run --api 127.0.0.1:1": "",
	} {
		args := append([]string{"__complete"}, strings.Fields(line)...)
		if !strings.Contains(line, "--api") {
			args = append([]string{"__complete"}, withAPI(strings.Fields(line), server.URL)...)
		}
		out, _, _ := cli("", append(args, "")...)
		if !strings.HasPrefix(out, want) || want == "" && !strings.HasPrefix(out, ":") {
			t.Errorf("%s: %q", line, out)
		}
	}
}

// withAPI puts the flag behind the command, as its last word is what is to be completed.
func withAPI(words []string, url string) []string {
	n := 1
	if words[0] == "schedules" {
		n = 2
	}
	return append(append(append([]string{}, words[:n]...), "--api", url), words[n:]...)
}

// child is a zeroq of its own.
func child(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), childEnv+"=1", "GORACE=exitcode=0", "NO_COLOR=")
	return cmd
}

// silent is an API that never answers; asked tells of each request.
func silent(t *testing.T) (url string, asked chan string) {
	t.Helper()
	asked = make(chan string, 10)
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		select {
		case <-r.Context().Done():
		case <-over:
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(over) })
	return server.URL, asked
}

func TestInterrupt_EndsAtOnce(t *testing.T) {
	t.Parallel()
	url, asked := silent(t)
	for _, line := range []string{"wait a", "enqueue --file -", "queues"} {
		cmd := child(t, append(strings.Fields(line), "--api", url)...)
		stdin, err := cmd.StdinPipe() // that stays open
		must(t, err)
		defer stdin.Close()
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		must(t, cmd.Start())
		go func() { _, _ = io.WriteString(stdin, "{}\n") }()
		<-asked
		sent := time.Now()
		must(t, cmd.Process.Signal(os.Interrupt))
		_ = cmd.Wait()
		want := ""
		if line == "enqueue --file -" {
			want = "zeroq: the file was not sent to its end, and the API did not say how many tasks are in\n"
		}
		if code := cmd.ProcessState.ExitCode(); code != session.CodeInterrupted || output.String() != want || time.Since(sent) > 5*time.Second {
			t.Errorf("%s: exit code %d after %v: %s", line, code, time.Since(sent), &output)
		}
	}
}

// A file that is sent no further ends with a whole line, and the API tells how many tasks are in.
func TestInterrupt_TellsHowManyAreIn(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	lines := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := bufio.NewScanner(r.Body)
		for body.Scan() {
			if body.Text() != `{"type":"a"}` {
				t.Errorf("line %q", body.Text())
			}
			if lines++; lines == 1 {
				close(begun)
			}
		}
		fmt.Fprintf(w, `{"accepted":%d,"rejected":0,"items":[]}`, lines)
	}))
	defer server.Close()
	cmd := child(t, "enqueue", "--file", "-", "--api", server.URL)
	reader, writer, err := os.Pipe()
	must(t, err)
	defer writer.Close()
	cmd.Stdin = reader
	var output, errOutput bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &errOutput
	must(t, cmd.Start())
	must(t, reader.Close())
	go func() { // without end, and never at the end of a line
		for _, err := io.WriteString(writer, `{"typ`); err == nil; {
			_, err = io.WriteString(writer, `e":"a"}`+"\n"+`{"typ`)
		}
	}()
	<-begun
	must(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != session.CodeInterrupted || output.String() != fmt.Sprintf("accepted %d, rejected 0\n", lines) ||
		errOutput.String() != "zeroq: the file was not sent to its end\n" {
		t.Errorf("exit code %d, %d lines: %s, %s", code, lines, &output, &errOutput)
	}
}

func TestInterrupt_TheOperationGoesOn(t *testing.T) {
	t.Parallel()
	begun := `{"id":"op~mail~x","queue":"mail","verb":"delete","state":"ready","status":"running","matched":2}`
	looks := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			looks <- struct{}{}
		}
		fmt.Fprint(w, begun)
	}))
	defer server.Close()
	cmd := child(t, "purge", "mail", "--state", "ready", "--api", server.URL)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	must(t, cmd.Start())
	<-looks
	<-looks
	must(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()
	want := "zeroq: the operation goes on without this command: zeroq operation op~mail~x --wait, or --abort\n"
	if code := cmd.ProcessState.ExitCode(); code != session.CodeInterrupted || output.String() != want {
		t.Errorf("exit code %d: %s", code, &output)
	}
}

func TestTimeout_EndsTheCommand(t *testing.T) {
	t.Parallel()
	url, _ := silent(t)
	for line, want := range map[string]string{
		"wait a --timeout 50ms": "zeroq: the time that --timeout gave is over\n",
		"queues --timeout 50ms": "zeroq: the time that --timeout gave is over\n",
	} {
		out, errOut, code := cli("", append(strings.Fields(line), "--api", url)...)
		if code != session.CodeFailed || out != "" || errOut != want {
			t.Errorf("%s: exit code %d, %q, %q", line, code, out, errOut)
		}
	}
}

// A task that was enqueued is told by its id when its end is not waited for.
func TestTimeout_EnqueueNamesTheTask(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			<-r.Context().Done()
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, `{"id":"t1","queue":"default","state":"ready"}`)
	}))
	defer server.Close()
	out, errOut, code := cli("", "enqueue", "sum", "--wait=50ms", "--api", server.URL)
	if code != session.CodeFailed || out != "" || errOut != "zeroq: task t1 is on its queue, but has not finished after 50ms\n" {
		t.Errorf("exit code %d, %q, %q", code, out, errOut)
	}
}

// Whoever reads the output may go.
func TestBrokenPipe(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newContract(t))
	defer server.Close()
	cmd := child(t, "queues", "--api", server.URL)
	read, write, err := os.Pipe()
	must(t, err)
	must(t, read.Close())
	var errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = write, &errOut
	err = cmd.Run()
	must(t, write.Close())
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGPIPE || errOut.Len() > 0 {
		t.Errorf("%v: %s", err, &errOut)
	}
}

func TestEnqueue_FileIsSentAsItIs(t *testing.T) {
	t.Parallel()
	api := newContract(t)
	server := httptest.NewServer(api)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "tasks.ndjson")
	const text = "{\"type\": \"a\"}\r\n\r\n  \n{\"type\":\"b\"}\n\n{\"type\":\"c\"}"
	must(t, os.WriteFile(file, []byte(text), 0o600))
	out, errOut, code := cli("", "enqueue", "--file", file, "--api", server.URL)
	if code != session.CodeFailed || out != "accepted 1, rejected 2\n" ||
		!strings.HasPrefix(errOut, "zeroq: line 4: ") || !strings.Contains(errOut, "\nzeroq: line 6: ") {
		t.Errorf("exit code %d, %q, %q", code, out, errOut)
	}
	if want := "POST /v1/tasks/batch " + text; api.sent[0] != want {
		t.Errorf("sent %q", api.sent[0])
	}
}

// A file that cannot be read is not an API that is away.
func TestEnqueue_FileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newContract(t))
	defer server.Close()
	out, errOut, code := cli("", "enqueue", "--file", t.TempDir(), "--api", server.URL)
	if code != session.CodeFailed || out != "" || !strings.HasPrefix(errOut, "zeroq: the file was not read to its end: ") {
		t.Errorf("exit code %d, %q, %q", code, out, errOut)
	}
}

// What could not be written is not done: an id that is lost, or half a table.
func TestOutput_ThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newContract(t))
	defer server.Close()
	for _, line := range []string{"queues", "queues --json", "enqueue email 1"} {
		reader, writer := io.Pipe()
		must(t, reader.CloseWithError(errors.New("no space left")))
		var errOut bytes.Buffer
		root := root()
		root.SetArgs(append(strings.Fields(line), "--api", server.URL))
		root.SetOut(writer)
		root.SetErr(&errOut)
		if code := execute(root); code != session.CodeFailed || errOut.String() != "zeroq: no space left\n" {
			t.Errorf("%s: exit code %d, %q", line, code, &errOut)
		}
	}
}
