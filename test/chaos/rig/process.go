//go:build linux

package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/zeroq-dev/zeroq/internal/child"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
)

// patience bounds each wait for a process: to be up, and to end.
const patience = 60 * time.Second

// Process is a process of a run.
type Process struct {
	// Plan is what it was told.
	Plan plan.Plan
	// Way is its way to Redis.
	Way *proxy.Proxy
	// Line is its way to the broker that carries the tasks; nil: it has none.
	Line Line
	// Traps are those that were set on its way before it began.
	Traps []*proxy.Armed

	log     *ledger.Log // of faults
	cmd     *exec.Cmd
	gone    <-chan struct{}
	killed  atomic.Bool // by the harness
	late    atomic.Bool // ended before it was up
	mu      sync.Mutex
	stopped ledger.Time // when it was halted; 0 while it runs
}

// launch starts a program with a plan. Its output goes to a file in the folder of the run.
func launch(program string, p plan.Plan, way *proxy.Proxy, log *ledger.Log) (*Process, error) {
	output, err := os.Create(filepath.Join(p.Folder, fmt.Sprintf("%s-%d.log", p.Role, p.Process)))
	if err != nil {
		return nil, err
	}
	defer output.Close()
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), p.Encode(), clockEnv+"="+strconv.FormatInt(int64(p.Clock/time.Second), 10), race())
	cmd.Stdout, cmd.Stderr = output, output
	gone, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	return &Process{Plan: p, Way: way, log: log, cmd: cmd, gone: gone}, nil
}

// race has a program that was built with the race detector end at once when it is told to: by default it
// stays for a second, as if it had not ended, and its neighbours find that out.
func race() string {
	return strings.TrimSpace("GORACE=" + os.Getenv("GORACE") + " atexit_sleep_ms=0")
}

// URL is where an API is.
func (p *Process) URL() string { return fmt.Sprintf("http://127.0.0.1:%d", p.Plan.Serve.Port) }

// ID is its number in the run.
func (p *Process) ID() uint32 { return p.Plan.Process }

// Gone is closed when it has ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Alive tells whether it has not ended.
func (p *Process) Alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// Kill ends it by kill -9. note names the fault for people.
func (p *Process) Kill(note string) {
	at := ledger.Now()
	if !p.Alive() {
		return
	}
	p.killed.Store(true)
	_ = p.cmd.Process.Kill() // fails only for one that has ended
	<-p.gone
	p.log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.Kill, Process: p.ID(), At: at, Until: ledger.Now(), Note: ledger.NoteOf(note)})
}

// Stop halts it by SIGSTOP until [Process.Continue].
func (p *Process) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = ledger.Now()
	_ = p.cmd.Process.Signal(syscall.SIGSTOP) // fails only for one that has ended
}

// Continue ends Stop by SIGCONT. note names the fault for people.
func (p *Process) Continue(note string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped == 0 {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGCONT) // fails only for one that has ended
	p.log.Add(ledger.Record{
		Kind: ledger.Fault, Code: ledger.Stop, Process: p.ID(), At: p.stopped, Until: ledger.Now(), Note: ledger.NoteOf(note),
	})
	p.stopped = 0
}

// Term tells it to end by SIGTERM, and waits until it has.
func (p *Process) Term(ctx context.Context) error { return p.term(ctx, "") }

func (p *Process) term(ctx context.Context, note string) error {
	at := ledger.Now()
	if !p.Alive() {
		return p.outcome()
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only for one that has ended
	err := p.Wait(ctx)
	p.log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.Term, Process: p.ID(), At: at, Until: ledger.Now(), Note: ledger.NoteOf(note)})
	return err
}

// Wait waits until it has ended; by itself, or as it was told. One that ended in another way is an error.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.gone:
		return p.outcome()
	case <-ctx.Done():
		return fmt.Errorf("%s %d has not ended: %w", p.Plan.Role, p.ID(), ctx.Err())
	}
}

// outcome is how one has ended that is gone: nil if in order, by the harness, or by a deed.
func (p *Process) outcome() error {
	state := p.cmd.ProcessState
	if state == nil || state.Success() {
		return nil
	}
	status, _ := state.Sys().(syscall.WaitStatus)
	if p.killed.Load() && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return nil
	}
	if status.ExitStatus() == 1 && (p.late.Load() || p.exited()) {
		return nil
	}
	return fmt.Errorf("%s %d ended with %v\n%s", p.Plan.Role, p.ID(), state, tail(p.Output()))
}

// exited tells whether a deed has ended it.
func (p *Process) exited() bool {
	records, _ := ledger.ReadProcess(p.Plan.Folder, p.ID()) // what cannot be read excuses nothing
	return slices.ContainsFunc(records, func(r ledger.Record) bool { return r.Kind == ledger.Fault && r.Code == ledger.Exit })
}

// tail is the end of a text.
func tail(text string) string {
	const most = 4 << 10
	return text[max(0, len(text)-most):]
}

// Cut notes that something was wrong with its way to Redis while f ran.
func (p *Process) Cut(what ledger.Code, f func()) {
	at := ledger.Now()
	f()
	p.log.Add(ledger.Record{Kind: ledger.Fault, Code: what, Process: p.ID(), At: at, Until: ledger.Now()})
}

// LoseReply has the reply to its next call of a command get lost after Redis has run it. A call that does
// not come in time breaks nothing.
func (p *Process) LoseReply(ctx context.Context, command string, within time.Duration) {
	trap := p.Way.Arm(proxy.Trap{Command: command, Moment: proxy.Executed, Lose: true})
	defer trap.Release()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	select {
	case <-trap.Tripped():
		now := ledger.Now()
		p.log.Add(ledger.Record{
			Kind: ledger.Fault, Code: ledger.LostReply, Process: p.ID(), At: now, Until: now, Note: ledger.NoteOf(command),
		})
	case <-ctx.Done():
	}
}

func (p *Process) closeLine() error {
	if p.Line == nil {
		return nil
	}
	return p.Line.Close()
}

// Output is what it wrote.
func (p *Process) Output() string {
	text, err := os.ReadFile(filepath.Join(p.Plan.Folder, fmt.Sprintf("%s-%d.log", p.Plan.Role, p.ID())))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
