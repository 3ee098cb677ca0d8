package pool

import (
	"context"
	"sync"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
	"go.opentelemetry.io/otel"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/metrics"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

// Pool runs handlers. See [Pool.Run].
type Pool struct {
	conf      Conf
	mux       *zeroq.Mux
	broker    broker.Broker
	order     *order
	slots     *slots
	running   *running
	gatherer  *gatherer
	lanes     []*lane
	woken     chan struct{}
	watchdogs map[string]*watchdog // by queue
	tracer    *trace.Tracer

	work context.Context // of all handlers
	stop context.CancelCauseFunc
}

// New returns a pool.
func New(conf Conf, mux *zeroq.Mux, b broker.Broker) *Pool {
	if conf.Metrics == nil {
		conf.Metrics = metrics.NewWorkers()
	}
	p := &Pool{
		conf: conf, mux: mux, broker: b,
		order: newOrder(conf.Queues, conf.Strict), slots: newSlots(conf.Concurrency),
		running: newRunning(), woken: make(chan struct{}, 1), watchdogs: newWatchdogs(conf.Queues),
		tracer: trace.New(otel.GetTracerProvider()),
	}
	p.gatherer = newGatherer(p.startBatch)
	p.work, p.stop = context.WithCancelCause(context.Background())
	return p
}

// Run takes tasks and runs them until ctx ends, then lets those at hand go on for the time to
// drain, hands back the rest, and returns when everything is settled. It goes on through errors of
// the broker. Call it once.
func (p *Pool) Run(ctx context.Context) {
	defer p.stop(context.Canceled)
	if !p.join(ctx) {
		return
	}
	background := context.WithoutCancel(ctx)
	hearts, stopHearts := context.WithCancel(background)
	acks, stopAcks := context.WithCancel(background)
	defer stopHearts()
	defer stopAcks()
	// These run from the order to stop, whatever it finds: a broker that is away may hold up fetching,
	// and who waits to have something settled.
	patience, drained := context.WithCancel(background)
	defer drained()
	context.AfterFunc(ctx, func() {
		time.AfterFunc(p.conf.Drain, drained)
		time.AfterFunc(p.conf.StopTime(), stopAcks)
	})
	var watchers, ackers, beats sync.WaitGroup
	for _, l := range p.lanes {
		watchers.Go(func() { l.watcher.run(p.woken) })
		ackers.Go(func() { l.acker.run(acks) })
		beats.Go(func() { beat(hearts, l, p.conf.Lease) })
		beats.Go(func() { l.progress.run(hearts, l.leaseName) })
	}

	p.fetch(ctx)

	p.disarm(background)
	for _, l := range p.lanes {
		close(l.watcher.arm)
	}
	p.drain(background, patience)
	flush := time.AfterFunc(flushTimeout, stopAcks)
	defer flush.Stop()
	for _, l := range p.lanes {
		l.acker.close()
	}
	ackers.Wait()
	stopHearts()
	beats.Wait()
	watchers.Wait() // has ended long since, unless the broker hangs
	p.leave(background)
}

// join becomes a member of every queue, however long the broker is away; false when ctx ends.
func (p *Pool) join(ctx context.Context) bool {
	for _, queue := range p.conf.Queues {
		errs := backoff.Backoff{What: "joining queue " + queue.Name}
		l := &lane{queue: queue}
		for {
			member, err := p.broker.Join(ctx, broker.Join{
				Queue: queue.Name, Worker: p.conf.Worker, Mode: queue.Mode,
				Slots: p.conf.Concurrency, Lease: p.conf.Lease, Retention: queue.Retention,
				Stop: func(id string) { p.callOff(l, id) },
			})
			if err == nil {
				errs.Worked()
				p.equip(l, member)
				p.lanes = append(p.lanes, l)
				break
			}
			if !backoff.Pause(ctx, errs.Failed(err)) {
				p.leave(context.WithoutCancel(ctx))
				return false
			}
		}
	}
	return true
}

// equip gives a lane its parts.
func (p *Pool) equip(l *lane, member broker.Member) {
	name := l.queue.Name
	l.member, l.watcher, l.progress = member, newWatcher(member), newProgress(member)
	l.exchanger, _ = member.(broker.Exchanger)
	l.stats, l.watch = p.conf.Metrics.Queue(name), p.watchdogs[name]
	l.acker = newAcker(name, member, max(maxAhead, 2*p.conf.Concurrency), l.stats, func() { p.reopen(l) }, p.slots.busy)
	l.errors = backoff.Backoff{What: "fetching from queue " + name}
	l.commits = backoff.Backoff{What: "starting tasks of queue " + name}
	l.waits = backoff.Backoff{What: "waiting for tasks of queue " + name}
}

// callOff tells the handler of a task to stop, or keeps a task from starting that waits for a slot or its
// batch.
func (p *Pool) callOff(l *lane, id string) {
	p.running.stop(l, id)
	if d := p.slots.remove(l, id); d != nil {
		p.settle(l, broker.Outcome{Delivery: d, State: zeroq.Cancelled, FinishedAt: l.member.Now()}, zeroq.ErrCancelled)
	}
	if d := p.gatherer.remove(l, id); d != nil {
		p.settle(l, broker.Outcome{Delivery: d, State: zeroq.Cancelled, FinishedAt: l.member.Now()}, zeroq.ErrCancelled)
		p.slots.release(1)
	}
}

// reopen has a queue looked at again that was at its limit, now that tasks were settled.
func (p *Pool) reopen(l *lane) {
	if !l.limited.Load() {
		return
	}
	l.reopened.Store(true)
	select {
	case p.woken <- struct{}{}:
	default: // the fetching goroutine is called already
	}
}

// drain waits for the handlers; those that go on when patience ends are told to stop, and what they
// have is handed back.
func (p *Pool) drain(ctx, patience context.Context) {
	p.gatherer.flushAll(true)
	if p.slots.drained(patience) {
		return
	}
	p.stop(zeroq.ErrShutdown)
	last, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if p.slots.drained(last) {
		return
	}
	left := p.running.giveUp()
	logx.Errorf("%d handlers did not return in time; their tasks are handed back while they run", len(left))
	for _, one := range left {
		o := p.handBack(one, zeroq.ErrShutdown)
		one.countEnd(o.State)
		p.settle(one.lane, o, zeroq.ErrShutdown)
	}
}

func (p *Pool) leave(ctx context.Context) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for _, l := range p.lanes {
		l.end()
		if err := l.member.Leave(call); err != nil {
			logx.Errorf("leaving queue %s: %v; its lease runs out by itself", l.queue.Name, err)
		}
	}
}

// Running describes the tasks at hand.
func (p *Pool) Running() []zeroq.RunningTask { return p.running.list() }
