package metrics

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/zeromicro/go-zero/core/logx"
	"golang.org/x/sync/singleflight"

	"github.com/zeroq-dev/zeroq"
)

const (
	// freshFor is how long the queues are shown as they were looked at last, however many scrape.
	freshFor = time.Second
	// lookTimeout is how long a scrape waits for the source.
	lookTimeout = 2 * time.Second
	// maxQueues is the most queues that are shown, the first by name: each is some 25 series.
	maxQueues = 200
)

// errSlow is why a scrape shows no queues.
var errSlow = errors.New("no answer in time")

// Source tells how the queues are, by name. It looks at counters and lengths only.
type Source interface {
	Queues(ctx context.Context) ([]zeroq.QueueInfo, error)
}

// Show has a registry show the queues of the source until stop is called. Where several are shown in one
// registry, it is the queues of the first: the parts of a process share one Redis.
func Show(registerer prometheus.Registerer, source Source) (stop func(), err error) {
	_, stop, err = join(registerer, new(queues), &source)
	return stop, err
}

// queues collects the metrics of queues.
type queues struct {
	users[Source]
	looks singleflight.Group

	mu   sync.Mutex
	last look
}

// look is what a source told.
type look struct {
	at    time.Time
	infos []zeroq.QueueInfo
	err   error
}

// Describe implements prometheus.Collector.
func (q *queues) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []Definition{
		up, queuesOmitted, queueTasks, queueOldest, queuePaused, queueDraining, queueLimit, tasksTotal,
	} {
		descs <- d.desc
	}
}

// Collect implements prometheus.Collector. A source that is away is no error: the metrics of the
// process itself must come through.
func (q *queues) Collect(metrics chan<- prometheus.Metric) {
	sources := q.list()
	if len(sources) == 0 {
		return // the last one left just now
	}
	now := q.look(*sources[0])
	metrics <- up.flag(now.err == nil)
	if now.err != nil {
		return
	}
	shown := now.infos[:min(len(now.infos), maxQueues)]
	metrics <- queuesOmitted.value(float64(len(now.infos) - len(shown)))
	for _, info := range shown {
		collect(info, metrics)
	}
}

func collect(info zeroq.QueueInfo, metrics chan<- prometheus.Metric) {
	for _, state := range zeroq.States {
		metrics <- queueTasks.value(float64(info.Counts[state]), info.Queue, string(state))
	}
	for _, counter := range zeroq.Counters {
		metrics <- tasksTotal.value(float64(info.Totals[counter]), info.Queue, string(counter))
	}
	metrics <- queueOldest.value(info.OldestAge.Seconds(), info.Queue)
	metrics <- queuePaused.flag(info.Paused, info.Queue)
	metrics <- queueDraining.flag(info.Draining, info.Queue)
	for name, limit := range map[string]float64{
		"rate":        info.Limits.Rate,
		"burst":       float64(info.Limits.Burst),
		"concurrency": float64(info.Limits.Concurrency),
		"max_length":  float64(info.Limits.MaxLength),
	} {
		if limit > 0 {
			metrics <- queueLimit.value(limit, info.Queue, name)
		}
	}
}

// look asks the source, or returns what it told a moment ago. It returns in time though the source hangs:
// then a later look waits for the same answer.
func (q *queues) look(source Source) look {
	q.mu.Lock()
	last := q.last
	q.mu.Unlock()
	if !last.at.IsZero() && time.Since(last.at) < freshFor {
		return last
	}
	late := time.NewTimer(lookTimeout)
	defer late.Stop()
	select {
	case answer := <-q.looks.DoChan("", func() (any, error) { return q.ask(source), nil }):
		return answer.Val.(look)
	case <-late.C:
		return look{err: errSlow}
	}
}

func (q *queues) ask(source Source) look {
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	infos, err := source.Queues(ctx)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil && q.last.err == nil { // the first of a row
		logx.Errorf("metrics of the queues: %v", err)
	}
	q.last = look{at: time.Now(), infos: infos, err: err}
	return q.last
}
