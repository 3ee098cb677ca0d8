package dev

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fatih/color"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/worker"
)

func TestLine_EveryOutcomeInOneLine(t *testing.T) {
	color.NoColor = true
	echo := &zeroq.Task{Type: "echo", ID: "x", Attempt: 2, MaxAttempts: 10}
	for want, event := range map[string]worker.Event{
		"03:04:05 done  echo             x 1.5ms":     {Task: echo, State: zeroq.Succeeded, Took: 1500 * time.Microsecond},
		"03:04:05 dead  echo             x no luck":   {Task: echo, State: zeroq.Dead, Err: errors.New("no luck")},
		"03:04:05 dead  echo             x panic: …":  {Task: echo, State: zeroq.Dead, Err: errors.New("panic:\nstack\nstack")},
		"03:04:05 dead  echo             x a?[31mred": {Task: echo, State: zeroq.Dead, Err: errors.New("a\x1b[31mred")},
		"03:04:05 late  echo             x":           {Task: echo, State: zeroq.Expired},
		"03:04:05 back  echo             x":           {Task: echo, State: zeroq.Ready},
		"03:04:05 dead  a message on q that cannot be read not JSON": {
			Queue: "q", State: zeroq.Dead, Err: errors.New("not JSON"),
		},
		"03:04:05 retry echo             x boom (attempt 2 of 10, again in -0s)": {
			Task: echo, State: zeroq.Retry, Err: errors.New("boom"), RunAt: time.Now(),
		},
	} {
		got := line(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), event)
		if strings.Replace(got, "again in 0s", "again in -0s", 1) != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestConsole_NeverHoldsUpTheWorker(t *testing.T) {
	read, write, err := os.Pipe()
	must(t, err)
	defer read.Close()
	c := newConsole(write)
	for range 20 * backlog { // more than a pipe that nobody reads can take
		c.show(worker.Event{Task: &zeroq.Task{Type: strings.Repeat("t", 100), ID: "x"}, State: zeroq.Succeeded})
	}
	if c.skipped.Load() == 0 {
		t.Error("nothing was skipped")
	}
	read.Close() // the writer gives up
	c.close()
	write.Close()
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"127.0.0.1:6380": "127.0.0.1:6380", "/run/redis.sock": "/run/redis.sock", "unix:///run/r.sock": "/run/r.sock",
		"redis://u:p@h:1/3": "h:1", "rediss://h:2": "h:2",
	} {
		conf, err := parseAddress(address)
		if err != nil || conf.Addrs[0] != want || conf.Validate() != nil {
			t.Errorf("%s: %+v, %v", address, conf, err)
		}
	}
	for _, address := range []string{"nonsense", "http://h:1", "redis://h:1/x"} {
		if _, err := parseAddress(address); err == nil {
			t.Errorf("%s was taken", address)
		}
	}
}
