package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zeroq-dev/zeroq"
)

// What labels say in place of names.
const (
	// unknownType is the type of tasks that go to the default handler: their types come from producers,
	// who may think of any number.
	unknownType = "unknown"
	// handedBack is the state of tasks that are ready again, as they did not run to their end.
	handedBack = "handed_back"
)

// Workers collects what the workers of a process do, all together: Prometheus tells processes apart by
// itself. Its methods, and those of what it returns, may be called by many goroutines.
type Workers struct {
	users[func() []Pool]
	started, losses, refused, steals *prometheus.CounterVec
	run, wait                        *prometheus.HistogramVec
	queues                           *memo[string, *Queue]
}

// Pool is a pool at one moment.
type Pool struct {
	Name               string
	Slots, Used, Stuck int
	// Ready: it takes tasks, or has its reasons not to.
	Ready bool
	// LastFetch is when a fetch last worked; zero before the first.
	LastFetch time.Time
}

// NewWorkers returns a collector that is registered nowhere.
func NewWorkers() *Workers {
	w := &Workers{
		started: workerStarted.counters(), losses: workerLosses.counters(), refused: workerRefused.counters(),
		steals: workerSteals.counters(), run: taskRun.histograms(), wait: taskWait.histograms(),
	}
	w.queues = newMemo(w.newQueue)
	return w
}

// Join has a registry show a worker, whose pools are as pools tells, until leave is called. Workers in
// one registry share a collector; pools of the same name are added up.
func Join(registerer prometheus.Registerer, pools func() []Pool) (w *Workers, leave func(), err error) {
	return join(registerer, NewWorkers(), &pools)
}

// Describe implements prometheus.Collector.
func (w *Workers) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []Definition{workerSlots, workerUsed, workerStuck, workerReady, workerLastFetch} {
		descs <- d.desc
	}
	for _, c := range w.vectors() {
		c.Describe(descs)
	}
}

// Collect implements prometheus.Collector.
func (w *Workers) Collect(metrics chan<- prometheus.Metric) {
	for _, p := range w.pools() {
		metrics <- workerSlots.value(float64(p.Slots), p.Name)
		metrics <- workerUsed.value(float64(p.Used), p.Name)
		metrics <- workerStuck.value(float64(p.Stuck), p.Name)
		metrics <- workerReady.flag(p.Ready, p.Name)
		last := 0.0
		if !p.LastFetch.IsZero() {
			last = float64(p.LastFetch.UnixMilli()) / 1000
		}
		metrics <- workerLastFetch.value(last, p.Name)
	}
	for _, c := range w.vectors() {
		c.Collect(metrics)
	}
}

func (w *Workers) vectors() []prometheus.Collector {
	return []prometheus.Collector{w.started, w.run, w.wait, w.losses, w.refused, w.steals}
}

// pools adds up those of one name; the fetch is that of the pool that is furthest behind.
func (w *Workers) pools() map[string]Pool {
	sums := make(map[string]Pool)
	for _, pools := range w.list() {
		for _, p := range (*pools)() {
			if sum, there := sums[p.Name]; there {
				p.Slots, p.Used, p.Stuck = p.Slots+sum.Slots, p.Used+sum.Used, p.Stuck+sum.Stuck
				p.Ready = p.Ready && sum.Ready
				if sum.LastFetch.Before(p.LastFetch) {
					p.LastFetch = sum.LastFetch
				}
			}
			sums[p.Name] = p
		}
	}
	return sums
}

// Queue counts what workers do with one queue.
type Queue struct {
	name                    string
	workers                 *Workers
	losses, refused, steals prometheus.Counter
	wait                    prometheus.Observer
	types                   *memo[string, *Type]
}

// Queue returns the one of the name. Its counters are shown from then on, at zero.
func (w *Workers) Queue(name string) *Queue { return w.queues.of(name) }

func (w *Workers) newQueue(name string) *Queue {
	q := &Queue{
		name: name, workers: w,
		losses: w.losses.WithLabelValues(name), refused: w.refused.WithLabelValues(name),
		steals: w.steals.WithLabelValues(name), wait: w.wait.WithLabelValues(name),
	}
	q.types = newMemo(q.newType)
	return q
}

// LeaseLost counts a lease that was lost.
func (q *Queue) LeaseLost() { q.losses.Inc() }

// Refused counts outcomes that were refused.
func (q *Queue) Refused(n int) { q.refused.Add(float64(n)) }

// Stolen counts tasks that the reaper gave back.
func (q *Queue) Stolen(n int) { q.steals.Add(float64(n)) }

// Waited takes in how long a task had to wait until it started.
func (q *Queue) Waited(d time.Duration) { q.wait.Observe(max(d, 0).Seconds()) }

// Type counts what the handlers of one pattern do with a queue's tasks.
type Type struct {
	started prometheus.Counter
	runs    *memo[zeroq.State, prometheus.Observer]
}

// Type returns that of the handlers that are registered for the pattern; "" is the default handler.
func (q *Queue) Type(pattern string) *Type { return q.types.of(pattern) }

func (q *Queue) newType(pattern string) *Type {
	if pattern == "" {
		pattern = unknownType
	}
	return &Type{
		started: q.workers.started.WithLabelValues(q.name, pattern),
		runs: newMemo(func(state zeroq.State) prometheus.Observer {
			label := string(state)
			if state == zeroq.Ready {
				label = handedBack
			}
			return q.workers.run.WithLabelValues(q.name, pattern, label)
		}),
	}
}

// Started counts an attempt that starts.
func (t *Type) Started() { t.started.Inc() }

// Ended takes in how long an attempt ran, and what became of its task.
func (t *Type) Ended(state zeroq.State, ran time.Duration) { t.runs.of(state).Observe(ran.Seconds()) }
