//go:build linux

// Package rig sets the stage of a chaos run: a Redis, real processes around it, each with its own way
// there that can be cut, and a ledger of all that is done to them.
package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
)

// lookEvery is the time between two looks at what is waited for.
const lookEvery = 10 * time.Millisecond

// System is a task queue whose processes a rig runs.
type System interface {
	// Program is the path of the program that plays its roles.
	Program() string
	// Busy tells what keeps the queue from being over: tasks that wait or run, and leases of the dead,
	// of which live workers are no part. "" is nothing.
	Busy(ctx context.Context, r *Redis, queue string, workers int) (string, error)
	// Final is what became of all tasks.
	Final(ctx context.Context, r *Redis, queue string) (check.Final, error)
}

// Rig is the stage of one run.
type Rig struct {
	// Folder holds the ledgers, the data of Redis and what the processes wrote.
	Folder string
	// Redis is the one that all processes use.
	Redis *Redis
	// Carrier is the broker that carries the ready tasks; nil: Redis does.
	Carrier *Carrier
	// System is whose processes they are.
	System System
	// Queue is where the tasks are.
	Queue string

	log       *ledger.Log // of faults: that of process 0
	mu        sync.Mutex
	last      uint32
	processes []*Process
	watching  sync.WaitGroup
	unwatch   context.CancelFunc
}

// New starts a Redis in a folder of its own below the given one.
func New(parent string, system System, fsync Fsync) (*Rig, error) {
	folder, err := os.MkdirTemp(parent, "run-")
	if err != nil {
		return nil, err
	}
	log, err := ledger.Open(folder, 0)
	if err != nil {
		return nil, err
	}
	r := &Rig{Folder: folder, System: system, Queue: "chaos", log: log}
	if r.Redis, err = startRedis(folder, fsync, log); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.unwatch = cancel
	r.watching.Go(func() { r.watch(ctx) })
	return r, nil
}

// Close ends everything at once. The folder stays: it tells what happened.
func (r *Rig) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unwatch()
	r.watching.Wait()
	var err error
	for _, p := range r.processes {
		_ = p.cmd.Process.Kill() // fails only for one that has ended
		<-p.gone
		err = errors.Join(err, p.Way.Close(), p.closeLine())
	}
	if r.Carrier != nil {
		err = errors.Join(err, r.Carrier.look.Close())
	}
	return errors.Join(err, r.Redis.close(), r.log.Close())
}

// Remove is Close, and deletes the folder.
func (r *Rig) Remove() error { return errors.Join(r.Close(), os.RemoveAll(r.Folder)) }

// Note adds to the ledger of faults.
func (r *Rig) Note(records ...ledger.Record) { r.log.Add(records...) }

// Processes are those that are alive, of one role; "" is all.
func (r *Rig) Processes(role string) []*Process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.processes), func(p *Process) bool {
		return !p.Alive() || role != "" && p.Plan.Role != role
	})
}

// Start starts a process that does what the plan says, and returns once it is about to. The rig fills
// in who and where it is. The traps are set on its way to Redis before it begins. One that ended
// before it was seen to be up is returned with an error: it may have done something.
func (r *Rig) Start(ctx context.Context, p plan.Plan, traps ...proxy.Trap) (*Process, error) {
	way, err := proxy.Listen(r.Redis.Addr, redisq.Scripts())
	if err != nil {
		return nil, err
	}
	var line Line
	if r.Carrier != nil && p.Role == plan.Worker {
		if line, err = r.Carrier.server.line(); err != nil {
			return nil, errors.Join(err, way.Close())
		}
		p.Broker = by(r.Carrier.Conf, line)
	}
	process, err := r.launch(ctx, p, way, traps)
	if err != nil {
		if line != nil {
			err = errors.Join(err, line.Close())
		}
		return nil, errors.Join(err, way.Close())
	}
	process.Line = line
	if err := r.up(ctx, process); err != nil {
		return process, fmt.Errorf("%w\n%s", err, process.Output())
	}
	return process, nil
}

func (r *Rig) launch(ctx context.Context, p plan.Plan, way *proxy.Proxy, traps []proxy.Trap) (*Process, error) {
	program := r.System.Program()
	if p.Clock != 0 {
		var err error
		if program, err = wrongClock(ctx); err != nil {
			return nil, err
		}
	}
	var set []*proxy.Armed
	for _, trap := range traps {
		set = append(set, way.Arm(trap))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	p.Process, p.Folder, p.Redis = r.last, r.Folder, way.Addr()
	if p.Queue == "" {
		p.Queue = r.Queue
	}
	process, err := launch(program, p, way, r.log)
	if err != nil {
		return nil, err
	}
	process.Traps = set
	if p.Clock != 0 {
		r.log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.Clock, Process: p.Process, Until: ledger.Now()})
	}
	r.processes = append(r.processes, process)
	return process, nil
}

// up waits until a process says that it is, in its ledger, or answers if it is an API.
func (r *Rig) up(ctx context.Context, p *Process) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return poll(ctx, func() (bool, error) {
		alive, up := p.Alive(), false // asked in this order: one that has ended may have been up
		if p.Plan.Role == plan.API {
			up = alive && healthy(ctx, p.Plan.Serve.Port)
		} else {
			info, err := os.Stat(filepath.Join(r.Folder, fmt.Sprintf("%06d.ledger", p.ID())))
			up = err == nil && info.Size() >= ledger.Size
		}
		if !up && !alive {
			p.late.Store(true) // who starts it is told
			return false, fmt.Errorf("%s %d ended at its start", p.Plan.Role, p.ID())
		}
		return up, nil
	})
}

func healthy(ctx context.Context, port int) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/healthz", port), nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// poll asks until it is so.
func poll(ctx context.Context, so func() (bool, error)) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		if ok, err := so(); ok || err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Worker starts a worker.
func (r *Rig) Worker(ctx context.Context, w plan.Work, traps ...proxy.Trap) (*Process, error) {
	return r.Start(ctx, plan.Plan{Role: plan.Worker, Work: w}, traps...)
}

// Producer starts a producer. One whose tasks have groups needs a worker that is up.
func (r *Rig) Producer(ctx context.Context, l plan.Load, traps ...proxy.Trap) (*Process, error) {
	if l.Groups > 0 {
		if err := r.carried(ctx); err != nil {
			return nil, fmt.Errorf("no worker has said what carries the tasks: %w", err)
		}
	}
	return r.Start(ctx, plan.Plan{Role: plan.Producer, Load: l}, traps...)
}

// API starts an API on a free port. Started again with its Plan it has the same one.
func (r *Rig) API(ctx context.Context, traps ...proxy.Trap) (*Process, error) {
	return r.startAPI(ctx, plan.Plan{}, traps...)
}

// WrongAPI is API, with a wall clock that is wrong.
func (r *Rig) WrongAPI(ctx context.Context, clock time.Duration) (*Process, error) {
	return r.startAPI(ctx, plan.Plan{Clock: clock})
}

func (r *Rig) startAPI(ctx context.Context, p plan.Plan, traps ...proxy.Trap) (*Process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p.Role, p.Serve.Port = plan.API, port
	return r.Start(ctx, p, traps...)
}

// Ports of APIs are below those that the kernel gives to connections: one that is killed and started again
// finds its own still free.
const (
	firstPort = 15_000
	ports     = 15_000
)

// portsTaken is how many ports this process has chosen.
var portsTaken atomic.Uint32

// freePort is a port that was free a moment ago. Processes that run at the same time begin elsewhere.
func freePort() (int, error) {
	for range ports {
		port := firstPort + (os.Getpid()*97+int(portsTaken.Add(1)))%ports
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("no port is free")
}

// Send runs a producer to its end: when it returns all its tasks are answered.
func (r *Rig) Send(ctx context.Context, l plan.Load) error {
	p, err := r.Producer(ctx, l)
	if err != nil {
		return err
	}
	return p.Wait(ctx)
}

// Drain waits until nothing waits or runs and no dead worker holds a lease. It takes two looks that find
// nothing, as one is no snapshot: a task that is handed back meanwhile is in neither place. They are further apart
// where the broker hides some.
func (r *Rig) Drain(ctx context.Context) error {
	busy, quiet := "not looked at", time.Time{}
	err := poll(ctx, func() (bool, error) {
		text, err := r.System.Busy(ctx, r.Redis, r.Queue, len(r.Processes(plan.Worker)))
		if err != nil {
			busy, quiet = err.Error(), time.Time{} // Redis may be away
			return false, nil
		}
		if text == "" && r.Carrier != nil {
			if text, err = r.Carrier.busy(ctx, r.Queue); err != nil {
				busy, quiet = err.Error(), time.Time{} // so may the broker be
				return false, nil
			}
		}
		busy = text
		switch {
		case text != "":
			quiet = time.Time{}
		case quiet.IsZero():
			quiet = time.Now()
		default:
			return time.Since(quiet) >= r.Carrier.hides(), nil
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("not drained: %s: %w", busy, err)
	}
	return nil
}

// Loads are those of all producers that were started.
func (r *Rig) Loads() []plan.Load {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []plan.Load
	for _, p := range r.processes {
		if p.Plan.Role == plan.Producer {
			all = append(all, p.Plan.Load)
		}
	}
	return all
}

// outcomes tells of all processes that ended as none should.
func (r *Rig) outcomes() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	for _, p := range r.processes {
		if !p.Alive() {
			err = errors.Join(err, p.outcome())
		}
	}
	return err
}

// asked tells whether all producers went on until they had their answers.
func (r *Rig) asked(records []ledger.Record) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	down := make(map[uint32]bool)
	for _, record := range records {
		if record.Kind == ledger.Down {
			down[record.Process] = true
		}
	}
	return !slices.ContainsFunc(r.processes, func(p *Process) bool {
		return p.Plan.Role == plan.Producer && !down[p.ID()]
	})
}

// End has all processes end in order, and returns the history of the run. A process that ended as none
// should is an error.
func (r *Rig) End(ctx context.Context, rules check.Rules) (check.History, error) {
	for _, role := range []string{plan.Operator, plan.Producer, plan.API, plan.Worker} {
		for _, p := range r.Processes(role) {
			if err := p.term(ctx, ledger.TheEnd); err != nil {
				return check.History{}, err
			}
		}
	}
	if err := r.outcomes(); err != nil {
		return check.History{}, err
	}
	final, err := r.System.Final(ctx, r.Redis, r.Queue)
	if err != nil {
		return check.History{}, err
	}
	if r.Carrier != nil { // all are given back that a worker had, and did not let go of
		left, err := r.Carrier.busy(ctx, r.Queue)
		if err != nil {
			return check.History{}, err
		}
		if left != "" {
			final.Keys = append(final.Keys, left)
		}
	}
	records, err := ledger.Read(r.Folder)
	if err != nil {
		return check.History{}, err
	}
	if r.asked(records) && r.Redis.Cut() == 0 { // a power cut may lose an answer and leave its request
		open, err := begun(ctx, r.Redis.Client())
		if err != nil {
			return check.History{}, err
		}
		final.Keys = append(final.Keys, open...)
	}
	return check.History{Records: records, Final: final, Rules: rules}, nil
}
