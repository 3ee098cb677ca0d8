// Package ndjson has the tests of the script enqueue, against an API and a Redis of their own.
package ndjson

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/zeromicro/go-zero/core/conf"

	api "github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m, redistest.GoZeroServer...)) }

// serve runs the API and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	var c api.Conf
	if err := conf.LoadFromYamlBytes([]byte("Name: api\nPort: 0\nLog: {Level: severe, Stat: false}"), &c); err != nil {
		t.Fatal(err)
	}
	c.Redis, _ = redistest.New(t)
	a, err := api.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Start()
	}()
	t.Cleanup(func() {
		a.Stop()
		<-ended
	})
	return "http://" + a.Addr().String()
}

// enqueue runs the script and returns its exit code and what it said.
func enqueue(t *testing.T, url, input string, args ...string) (code int, out, complaints string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "./enqueue", args...)
	cmd.Env = append(os.Environ(), "ZEROQ_URL="+url, "no_proxy=127.0.0.1")
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

func TestEnqueue(t *testing.T) {
	t.Parallel()
	url := serve(t)
	tests := []struct {
		name, input     string
		args            []string
		code            int
		out, complaints string
	}{
		{"a file", "", []string{"sample.ndjson"}, 0, "5 accepted, 0 refused\n", ""},
		{"the same id again", "", []string{"sample.ndjson"}, 1, "4 accepted, 1 refused\n", `line item 4: {"code":"duplicate"`},
		{"standard input", `{"type":"echo"}`, nil, 0, "1 accepted, 0 refused\n", ""},
		{"standard input by name", "{\"type\":\"echo\"}\n", []string{"-"}, 0, "1 accepted, 0 refused\n", ""},
		{"long input", strings.Repeat("{\"type\":\"echo\",\"data\":1}\n", 3000), nil, 0, "3000 accepted, 0 refused\n", ""},
		{"a bad line", "{\"type\":\"echo\"}\n{\"typ\":\"echo\"}\nnonsense\n", nil, 1, "1 accepted, 2 refused\n", `line item 1: {"code":"unknown_field"`},
		{"no file", "", []string{"none.ndjson"}, 2, "", "none.ndjson cannot be read"},
		{"two files", "", []string{"a", "b"}, 2, "", "usage: enqueue"},
		{"help", "", []string{"--help"}, 0, "usage: enqueue", ""},
	}
	for _, test := range tests { // in order: the second relies on the first
		code, out, complaints := enqueue(t, url, test.input, test.args...)
		if code != test.code || !strings.HasPrefix(out, test.out) || !strings.Contains(complaints, test.complaints) {
			t.Errorf("%s: code %d, out %q, complaints %q", test.name, code, out, complaints)
		}
	}
}

func TestEnqueue_NoAPI(t *testing.T) {
	t.Parallel()
	code, _, complaints := enqueue(t, "http://127.0.0.1:1", `{"type":"echo"}`)
	if code != 2 || !strings.Contains(complaints, "the API did not answer") {
		t.Errorf("code %d, complaints %q", code, complaints)
	}
}

func TestEnqueue_NotAnAPI(t *testing.T) {
	t.Parallel()
	code, _, complaints := enqueue(t, serve(t)+"/elsewhere", `{"type":"echo"}`)
	if code != 2 || !strings.Contains(complaints, "answered 404") {
		t.Errorf("code %d, complaints %q", code, complaints)
	}
}
