package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
	"github.com/zeroq-dev/zeroq/internal/contender"
)

// payload is how many bytes of data a task has.
const payload = 192

// suite is a case: what it compares, and how.
type suite struct {
	name, short string
	run         func(context.Context, *lab) ([]sheet, error)
}

// suites are all cases, in the order in which they run.
var suites = []suite{
	{"enqueue", "one caller, 64 and 256 callers, and 512 tasks a call", enqueueSuite},
	{"process", "tasks that do nothing, at concurrency 1, 10 and 100", processSuite},
	{"realistic", "tasks of 5 ms in two workers that share a queue", realisticSuite},
	{"http", "POST /v1/tasks, beside a route that does nothing, and to the end", httpSuite},
	{"pickup", "how soon an idle worker starts a task", pickUpSuite},
	{"backlog", "what a long backlog costs", backlogSuite},
	{"latency", "with Redis 0, 1 and 2 ms away", latencySuite},
	{"persistence", "with an append-only file, synced each second and always", persistenceSuite},
	{"memory", "bytes of Redis for a task", memorySuite},
}

// lab is where contenders are measured.
type lab struct {
	sizes
	version string
	// program is this one.
	program string
	zeroq   contestant
	peers   []contestant
	plain   contestant
	// load is the load average of the last minute at the start, as Linux tells it.
	load string
	// about are the libraries of the contenders, as they told.
	about map[string]bool
}

func newLab(version string, peers map[string]string, s sizes) (*lab, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l := &lab{sizes: s, version: version, program: path, about: make(map[string]bool)}
	l.zeroq = contestant{name: "zeroq", party: l.play("zeroq"), fillers: 2, batch: contender.Batch}
	l.plain = contestant{name: "go-redis", party: l.play("redis"), fillers: 2, batch: contender.Batch}
	for name, path := range peers {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return nil, session.Usagef("--peer %s=%s: there is no such program (make bench builds it)", name, path)
		}
		l.peers = append(l.peers, contestant{name: name, party: program{path: path}, fillers: manyCallers, batch: 1})
	}
	slices.SortFunc(l.peers, func(a, b contestant) int { return strings.Compare(a.name, b.name) })
	return l, nil
}

// play is this program as a contender.
func (l *lab) play(name string) program {
	return program{path: l.program, args: []string{"bench", "--play", name}}
}

// queues are the contenders that are task queues, zeroq first.
func (l *lab) queues() []contestant { return append([]contestant{l.zeroq}, l.peers...) }

// all are the contenders that can enqueue and process, zeroq first.
func (l *lab) all() []contestant { return append(l.queues(), l.plain) }

// run runs the cases and prints their tables as they come, then the conditions.
func (l *lab) run(ctx context.Context, chosen []suite, p printer, progress io.Writer) error {
	began := time.Now()
	l.load = loadAverage()
	if busy(l.load, runtime.NumCPU()) {
		fmt.Fprintf(progress, "bench: the machine is busy (load average %s): the figures may be too low\n", l.load)
	}
	for _, c := range chosen {
		fmt.Fprintf(progress, "bench: %s, after %v\n", c.name, time.Since(began).Round(time.Second))
		sheets, err := c.run(ctx, l)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		for _, s := range sheets {
			p.sheet(s)
		}
	}
	conditions, err := l.conditions(ctx, time.Since(began))
	if err == nil {
		p.sheet(conditions)
	}
	return err
}
