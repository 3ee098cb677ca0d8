//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// TestMain makes a copy of this binary that finds a plan the program itself.
func TestMain(m *testing.M) {
	if _, ok := os.LookupEnv(plan.Env); ok {
		main()
		return
	}
	os.Exit(redistest.Main(m))
}

// peer is a run of its own: a Redis, a folder, and the processes it starts.
type peer struct {
	t         *testing.T
	server    *redistest.Server
	folder    string
	processes uint32
}

func newPeer(t *testing.T, args ...string) *peer {
	t.Helper()
	t.Parallel()
	server := redistest.StartServer(t, append([]string{"--appendonly", "no"}, args...)...)
	return &peer{t: t, server: server, folder: t.TempDir()}
}

// start runs the program as a process of its own, until the test ends.
func (p *peer) start(what plan.Plan) (cmd *exec.Cmd, out *bytes.Buffer) {
	p.t.Helper()
	p.processes++
	what.Process, what.Folder, what.Redis, what.Queue = p.processes, p.folder, p.server.Addr, "q"
	cmd, out = exec.CommandContext(p.t.Context(), os.Args[0]), &bytes.Buffer{}
	// The race detector has a process wait a second at its end, for others it may have.
	cmd.Env, cmd.Stdout = append(os.Environ(), "GORACE=atexit_sleep_ms=0", what.Encode()), out
	must(p.t, cmd.Start())
	return cmd, out
}

// work starts a worker; the answer stops it in order.
func (p *peer) work(w plan.Work) (stop func()) {
	p.t.Helper()
	w.Concurrency = 4
	cmd, _ := p.start(plan.Plan{Role: plan.Worker, Work: w})
	return func() {
		p.t.Helper()
		must(p.t, cmd.Process.Signal(syscall.SIGTERM))
		must(p.t, cmd.Wait())
	}
}

// send runs a producer of count tasks from 1 to its end.
func (p *peer) send(count int, share plan.Share) {
	p.t.Helper()
	share.Weight = 1
	p.produce(plan.Load{Count: count, Batch: count, Mix: []plan.Share{share}})
}

func (p *peer) produce(l plan.Load) {
	p.t.Helper()
	l.Way, l.First = plan.Direct, 1
	cmd, _ := p.start(plan.Plan{Role: plan.Producer, Load: l})
	must(p.t, cmd.Wait())
}

func (p *peer) final() (state check.Final) {
	p.t.Helper()
	cmd, out := p.start(plan.Plan{Role: plan.Final})
	must(p.t, cmd.Wait())
	must(p.t, json.Unmarshal(out.Bytes(), &state))
	return state
}

// count counts the records of a kind, of any of the codes if there are some.
func (p *peer) count(kind ledger.Kind, codes ...ledger.Code) (n int) {
	p.t.Helper()
	records, err := ledger.Read(p.folder)
	must(p.t, err)
	for _, r := range records {
		if r.Kind == kind && (len(codes) == 0 || slices.Contains(codes, r.Code)) {
			n++
		}
	}
	return n
}

// until waits for as many records of a kind and code.
func (p *peer) until(want int, kind ledger.Kind, code ledger.Code) {
	p.t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for p.count(kind, code) < want {
		select {
		case <-tick.C:
		case <-deadline:
			p.t.Fatalf("%d records of kind %d and code %d, want %d", p.count(kind, code), kind, code, want)
		}
	}
}

// counts fails the test unless there are as many records of each kind as want has.
func (p *peer) counts(want map[ledger.Kind]int) {
	p.t.Helper()
	for kind, n := range want {
		if got := p.count(kind); got != n {
			p.t.Errorf("%d records of kind %d, want %d", got, kind, n)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
