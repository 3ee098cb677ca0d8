package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the transcripts anew")

// contract answers as testdata/api.txt says: a request that stands there more than once is answered in
// that order, the last for ever. All answers are of one moment.
type contract struct {
	mu      sync.Mutex
	answers map[string][]answer
	// sent are the requests: line and body.
	sent []string
}

type answer struct {
	status int
	body   string
}

func newContract(t *testing.T) *contract {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "api.txt"))
	must(t, err)
	c := &contract{answers: make(map[string][]answer)}
	for _, block := range strings.Split("\n"+string(text), "\n== ")[1:] {
		head, body, _ := strings.Cut(block, "\n")
		var method, path string
		var a answer
		if _, err := fmt.Sscan(head, &method, &path, &a.status); err != nil {
			t.Fatalf("%s: %v", head, err)
		}
		a.body = strings.TrimSpace(body)
		c.answers[method+" "+path] = append(c.answers[method+" "+path], a)
	}
	return c
}

func (c *contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	line := r.Method + " " + r.URL.RequestURI()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, strings.TrimSpace(line+" "+string(body)))
	answers := c.answers[line]
	if len(answers) > 1 {
		c.answers[line] = answers[1:]
	}
	if len(answers) == 0 {
		answers = []answer{{404, `{"error":{"code":"not_found","message":"nothing of this name is known"}}`}}
	}
	w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
	w.WriteHeader(answers[0].status)
	_, _ = io.WriteString(w, answers[0].body)
}

// cli runs a command line in this process.
func cli(stdin string, args ...string) (out, errOut string, code int) {
	var stdout, stderr bytes.Buffer
	root := root()
	root.SetArgs(args)
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	code = execute(root)
	return stdout.String(), stderr.String(), code
}

// Each command line of the transcripts says what stands below it. A line before it that begins with "<"
// is what it reads.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*.transcript"))
	must(t, err)
	if len(files) < 5 {
		t.Fatalf("there are %q", files)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			must(t, err)
			got := replay(t, string(text))
			if *update {
				must(t, os.WriteFile(file, []byte(got), 0o644))
				return
			}
			if got != string(text) {
				t.Errorf("got:\n%s\nwant:\n%s", got, text)
			}
		})
	}
}

func replay(t *testing.T, transcript string) string {
	t.Helper()
	var b strings.Builder
	stdin := ""
	for _, line := range strings.Split(transcript, "\n") {
		if input, ok := strings.CutPrefix(line, "< "); ok {
			stdin += input + "\n"
			fmt.Fprintln(&b, line)
		}
		command, ok := strings.CutPrefix(line, "$ zeroq ")
		if !ok {
			continue
		}
		api := newContract(t)
		server := httptest.NewServer(api)
		out, errOut, code := cli(stdin, append(words(command), "--api", server.URL)...)
		server.Close()
		stdin = ""
		fmt.Fprintln(&b, line)
		for _, sent := range api.sent {
			if !strings.HasPrefix(sent, "GET ") {
				fmt.Fprintln(&b, "> "+strings.ReplaceAll(sent, "\n", "\n>   "))
			}
		}
		b.WriteString(out)
		for _, line := range strings.SplitAfter(errOut, "\n") {
			if line != "" {
				b.WriteString("! " + line)
			}
		}
		if code != 0 {
			fmt.Fprintf(&b, "exit code %d\n", code)
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

// words splits a command line as a shell does, as far as quotes go.
func words(line string) []string {
	var all []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, r := range line + " " {
		switch {
		case r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && r == ' ':
			if begun {
				all = append(all, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	return all
}
