package main

import (
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// The life of some tasks, by the command line alone, over a real API and Redis.
func TestCommands_OverTheEngine(t *testing.T) {
	t.Parallel()
	conf := app.DefaultConf()
	conf.Redis, _ = redistest.New(t)
	conf.Host, conf.Port, conf.Log.Level = "127.0.0.1", 0, "severe"
	api, err := app.Open(conf)
	must(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		api.Start()
	}()
	t.Cleanup(func() {
		api.Stop()
		<-ended
	})
	for _, step := range []struct {
		line, stdin, out, errOut string
		code                     int
	}{
		{"enqueue echo '{\"n\":1}' --id a --delay 1h --unique-key k", "", "a\n", "", 0},
		{"enqueue echo 1 --group g", "", "", "zeroq: 400 invalid_field: group needs a broker that keeps the order of a group, which that of the queue does not\n", 1},
		{"enqueue echo 1 --unique-key k", "", "", "zeroq: 409 duplicate: unique: another task has this unique key: a\n", 1},
		{"cancel a", "", "a is cancelled\n", "", 0},
		{"retry a", "", "a is ready\n", "", 0},
		{"retry a", "", "a is ready\n", "", 0},
		{"wait a --timeout 50ms", "", "", "zeroq: the time that --timeout gave is over\n", 1},
		{"delete a", "", "a is deleted\n", "", 0},
		{"get a", "", "", "zeroq: 404 not_found: nothing of this name is known\n", 1},
		{"enqueue --file -", strings.Repeat(`{"type":"echo","delay":"1h"}`+"\n", 50), "accepted 50, rejected 0\n", "", 0},
		{"purge default --state scheduled --timeout 20s", "", "deleted 50 of 50 tasks of default\n", "", 0},
		{"pause default", "", "queue default is paused\n", "", 0},
		{"limits default --rate 5", "", "rate         5 a second\nconcurrency  no limit\nmax length   no limit\n", "", 0},
		{"drain none", "", "", "zeroq: 404 not_found: nothing of this name is known\n", 1},
		{"dead retry default --all --dry-run", "", "0 dead letters\n", "", 0},
		{"schedules put s --spec @hourly --type echo --paused", "", "schedule s is made; next: paused\n", "", 0},
		{"schedules delete s", "", "schedule s is deleted\n", "", 0},
		{"schedules delete s", "", "", "zeroq: 404 not_found: nothing of this name is known\n", 1},
	} {
		out, errOut, code := cli(step.stdin, append(words(step.line), "--api", api.Addr().String())...)
		if out != step.out || errOut != step.errOut || code != step.code {
			t.Errorf("%s: exit code %d, %q, %q", step.line, code, out, errOut)
		}
	}
}
