package pool

import (
	"context"
	"sync"
	"time"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/metrics"
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
		errs := backoff{what: "joining queue " + queue.Name}
		for {
			member, err := p.broker.Join(ctx, broker.Join{
				Queue: queue.Name, Worker: p.conf.Worker, Mode: queue.Mode, Lease: p.conf.Lease,
			})
			if err == nil {
				errs.worked()
				p.lanes = append(p.lanes, p.newLane(queue, member))
				break
			}
			if !pause(ctx, errs.failed(err)) {
				p.leave(context.WithoutCancel(ctx))
				return false
			}
		}
	}
	return true
}

func (p *Pool) newLane(queue Queue, member broker.Member) *lane {
	stats := p.conf.Metrics.Queue(queue.Name)
	return &lane{
		queue: queue, member: member, watcher: newWatcher(member), stats: stats, watch: p.watchdogs[queue.Name],
		acker:   newAcker(queue.Name, member, 2*p.conf.Concurrency, stats),
		errors:  backoff{what: "fetching from queue " + queue.Name},
		commits: backoff{what: "starting tasks of queue " + queue.Name},
		waits:   backoff{what: "waiting for tasks of queue " + queue.Name},
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
		o := broker.Outcome{Delivery: one.delivery, StartedAt: one.started, FinishedAt: one.lane.member.Now()}
		o = p.handBack(one, o, zeroq.ErrShutdown)
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
