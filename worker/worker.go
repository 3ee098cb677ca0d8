package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/core/proc"
	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carried"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
	"github.com/zeroq-dev/zeroq/internal/metrics"
	"github.com/zeroq-dev/zeroq/internal/pool"
	"github.com/zeroq-dev/zeroq/internal/upkeep"
)

// checkTimeout bounds the look at Redis when a worker is made.
const checkTimeout = 3 * time.Second

// Event tells an observer of an outcome.
type Event = pool.Event

// Option sets one thing of a worker that no configuration file can.
type Option func(*Worker)

// Observe has f told of every outcome, from many goroutines. It must not block.
func Observe(f func(Event)) Option { return func(w *Worker) { w.observe = f } }

// Worker runs handlers. It is one go-zero service by itself, see [Worker.Start], or several, see
// [Worker.Services].
type Worker struct {
	conf    Conf
	dial    carriers.Opener
	broker  *carried.Broker
	powers  map[string]broker.Powers // of the queues that carriers have
	observe func(Event)
	info    zeroq.WorkerInfo
	pools   []*pool.Pool
	parts   []*part
	drained sync.WaitGroup // of the pools
	left    atomic.Int32   // parts that have not ended
	safe    *gate          // open once Redis was found to be safe

	registerer prometheus.Registerer
	stats      *metrics.Workers
	hide       func()      // takes the metrics away
	built      atomic.Bool // the pools are there
}

var _ service.Service = (*Worker)(nil)

// New returns a worker. It answers with [zeroq.ErrUnsafeStore] or [zeroq.ErrFormat] when Redis is
// there and unfit; when Redis is away the worker waits for it, and checks it then.
func New(conf Conf, mux *zeroq.Mux, options ...Option) (*Worker, error) {
	conf.Pools = clonePools(conf.Pools)
	conf.setDefaults()
	if err := conf.Validate(); err != nil {
		return nil, err
	}
	if err := checkBatches(conf, mux); err != nil {
		return nil, err
	}
	warnOfShutdown(conf)
	w := &Worker{conf: conf, dial: carriers.Dial, registerer: prometheus.DefaultRegisterer, hide: func() {}}
	w.safe = newGate(w.check)
	for _, option := range options {
		option(w)
	}
	if err := w.open(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	w.describe()
	if err := w.safe.try(ctx); err != nil && !errors.Is(err, zeroq.ErrUnavailable) {
		return nil, errors.Join(err, w.broker.Close())
	}
	if err := w.show(); err != nil {
		return nil, errors.Join(err, w.broker.Close())
	}
	w.build(mux)
	w.built.Store(true)
	return w, nil
}

// checkBatches reports a batch that no pool could ever gather.
func checkBatches(conf Conf, mux *zeroq.Mux) error {
	largest, ok := mux.LargestBatch()
	if !ok {
		return nil
	}
	for i, p := range conf.Pools {
		if p.Concurrency < largest.Batch.Size {
			return fmt.Errorf("Pools[%d].Concurrency: %d slots cannot hold a batch of %d tasks (%s)",
				i, p.Concurrency, largest.Batch.Size, largest.Pattern)
		}
	}
	return nil
}

// warnOfShutdown says that a drain would be cut off. A program that says nothing of its Shutdown may
// have its own way to stop.
func warnOfShutdown(conf Conf) {
	switch err := conf.CheckShutdown(); {
	case err == nil:
	case conf.Shutdown == proc.ShutdownConf{}:
		logx.Infof("%v (if SIGTERM is left to go-zero)", err)
	default:
		logx.Errorf("%v", err)
	}
}

// check asks whether Redis can be trusted with tasks, and holds none that this program cannot read.
func (w *Worker) check(ctx context.Context) error {
	sure, err := w.broker.CheckStore(ctx)
	if err != nil {
		return err
	}
	if !sure {
		logx.Infof("Redis does not tell its maxmemory-policy; make sure that it is noeviction")
	}
	for i, p := range w.conf.Pools {
		for j, q := range p.Queues {
			if err := w.checkQueue(ctx, fmt.Sprintf("Pools[%d].Queues[%d]", i, j), q.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkQueue checks one queue and says what carries its tasks. A Redis that is full cannot note it; its tasks
// can be drained all the same.
func (w *Worker) checkQueue(ctx context.Context, key, queue string) error {
	if err := w.broker.CheckQueue(ctx, queue); err != nil && !errors.Is(err, zeroq.ErrStoreFull) {
		return err
	}
	if err := w.broker.Carry(ctx, queue, w.powers[queue]); err != nil && !errors.Is(err, zeroq.ErrStoreFull) {
		return fmt.Errorf("%s.Broker: %w", key, err)
	}
	return nil
}

func (w *Worker) describe() {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	w.info = zeroq.WorkerInfo{
		ID: fmt.Sprintf("%s-%d-%s", host, os.Getpid(), uuid.NewString()[:8]), Host: host, PID: os.Getpid(),
	}
	for _, p := range w.conf.Pools {
		w.info.Slots += p.Concurrency
		for _, q := range p.Queues {
			w.info.Queues = append(w.info.Queues, q.Name)
		}
	}
}

// build makes the parts: the pools, the upkeep of each queue, that of operations, and the announcer.
func (w *Worker) build(mux *zeroq.Mux) {
	keep := broker.Keep{Finished: w.conf.MaxFinished, Dead: w.conf.MaxDead, DeadFor: w.conf.DeadFor}
	for _, pc := range w.conf.Pools {
		p := pool.New(w.poolConf(pc), mux, w.broker)
		w.pools = append(w.pools, p)
		w.drained.Add(1)
		w.addPart(p.Run, w.drained.Done)
		for _, q := range pc.Queues {
			stats := w.stats.Queue(q.Name)
			w.addPart(func(ctx context.Context) { upkeep.Scheduler(ctx, w.broker, q.Name) }, nil)
			w.addPart(func(ctx context.Context) { upkeep.Reaper(ctx, w.broker, q.Name, w.info.ID, w.conf.Lease, stats.Stolen) }, nil)
			w.addPart(func(ctx context.Context) { upkeep.Janitor(ctx, w.broker, q.Name, keep) }, nil)
			w.addPart(func(ctx context.Context) { upkeep.Bookkeeper(ctx, w.broker, q.Name) }, nil)
			if q.Broker != "" {
				w.addPart(func(ctx context.Context) { w.broker.Relay(ctx, q.Name, w.info.ID) }, nil)
			}
			if q.Limits != (zeroq.Limits{}) {
				w.addPart(func(ctx context.Context) { upkeep.Configure(ctx, w.broker, q.Name, q.Limits) }, nil)
			}
			for _, list := range q.Intake {
				w.addPart(func(ctx context.Context) { upkeep.Intake(ctx, w.broker, list, q.Name) }, nil)
			}
		}
	}
	w.addPart(w.keepTimetable, nil)
	w.addPart(func(ctx context.Context) { upkeep.Operator(ctx, w.broker) }, nil)
	w.addPart(w.announce, nil)
}

func (w *Worker) poolConf(pc PoolConf) pool.Conf {
	conf := pool.Conf{
		Worker: w.info.ID, Concurrency: pc.Concurrency, Strict: pc.Strict,
		Lease: w.conf.Lease, Drain: w.conf.Drain, Retry: w.conf.Retry, Observe: w.observe,
		Metrics: w.stats,
	}
	for _, q := range pc.Queues {
		conf.Queues = append(conf.Queues, pool.Queue{
			Name: q.Name, Weight: q.Weight, Mode: broker.Mode(q.Mode), Retry: q.Retry, Retention: q.Retention,
		})
	}
	return conf
}

// addPart adds a part that begins once Redis was found to be safe. ended may be nil. The last part
// to end takes the metrics away and closes the connections.
func (w *Worker) addPart(run func(context.Context), ended func()) {
	w.left.Add(1)
	w.parts = append(w.parts, newPart(
		func(ctx context.Context) {
			if w.safe.wait(ctx) {
				run(ctx)
			}
		},
		func() {
			if ended != nil {
				ended()
			}
			if w.left.Add(-1) == 0 {
				w.hide()
				w.safe.close()
				_ = w.broker.Close()
			}
		},
	))
}

// Services returns the worker's parts for a ServiceGroup of go-zero. All of them must be added, to
// the same group.
func (w *Worker) Services() []service.Service {
	services := make([]service.Service, len(w.parts))
	for i, p := range w.parts {
		services[i] = p
	}
	return services
}

// AddTo adds the worker's parts to a ServiceGroup.
func (w *Worker) AddTo(group *service.ServiceGroup) {
	for _, s := range w.Services() {
		group.Add(s)
	}
}

// Start runs the whole worker as one service until Stop is called, and returns when it has drained.
func (w *Worker) Start() {
	var parts sync.WaitGroup
	for _, p := range w.parts {
		parts.Go(p.Start)
	}
	parts.Wait()
}

// Stop ends all parts and returns when the worker has drained. It may be called more than once, and
// instead of Start to let go of a worker that is not needed.
func (w *Worker) Stop() {
	var parts sync.WaitGroup
	for _, p := range w.parts {
		parts.Go(p.Stop)
	}
	parts.Wait()
}

// ID is the worker's name in lists of workers and in the attempts of tasks: host, process id and a
// random part.
func (w *Worker) ID() string { return w.info.ID }

// Running is how many tasks hold a slot now.
func (w *Worker) Running() int {
	n := 0
	for _, p := range w.poolStats() {
		n += p.Used
	}
	return n
}

// announce tells of the worker four times in a lease, until its pools have drained.
func (w *Worker) announce(ctx context.Context) {
	drained := make(chan struct{})
	go func() {
		w.drained.Wait()
		close(drained)
	}()
	background := context.WithoutCancel(ctx)
	w.info.StartedAt = w.broker.Now()
	ticker := time.NewTicker(w.conf.Lease / 4)
	defer ticker.Stop()
	for {
		w.tell(background)
		select {
		case <-ticker.C:
		case <-drained:
			call, cancel := context.WithTimeout(background, checkTimeout)
			defer cancel()
			_ = w.broker.Retire(call, w.info.ID) // it is forgotten by itself after a lease
			return
		}
	}
}

func (w *Worker) tell(ctx context.Context) {
	info := w.info
	info.Running = []zeroq.RunningTask{}
	for _, p := range w.pools {
		info.Running = append(info.Running, p.Running()...)
	}
	call, cancel := context.WithTimeout(ctx, w.conf.Lease/4)
	defer cancel()
	_ = w.broker.Announce(call, info, w.conf.Lease) // the heartbeats of its queues complain when Redis is away
}

// Ready reports why the worker cannot take tasks: a pool with free slots has not fetched for ten
// seconds, or fetching from one of its queues has failed for as long. A queue that is paused or at its
// limit is fine.
func (w *Worker) Ready() error {
	for i, p := range w.pools {
		if err := p.Ready(); err != nil {
			return fmt.Errorf("pool %s: %w", w.conf.Pools[i].Name, err)
		}
	}
	return nil
}
