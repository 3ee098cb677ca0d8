// Package metrics is what zeroq tells Prometheus: how the queues are, and what the workers of this
// process do.
//
// The queues' metrics come from the counters and lengths that the broker keeps, never from looking at
// tasks, so a scrape costs the same however many there are. Those of workers are counted where things
// happen.
//
// It uses client_golang directly: go-zero takes its own vectors away when the process is told to stop,
// while a worker that drains is worth watching.
package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Kind is the type of a metric, in the words of Prometheus.
type Kind string

// The kinds.
const (
	Gauge     Kind = "gauge"
	Counter   Kind = "counter"
	Histogram Kind = "histogram"
)

// Definition says what a metric is.
type Definition struct {
	Name   string
	Kind   Kind
	Help   string
	Labels []string

	desc *prometheus.Desc
}

// What a scrape shows of the queues.
var (
	up            = define("zeroq_up", Gauge, "Whether the queues could be looked at: 1, or 0 when Redis is away or too slow.")
	queuesOmitted = define("zeroq_queues_omitted", Gauge,
		"Queues that are left out, as there are more than a scrape shows.")
	queueTasks = define("zeroq_queue_tasks", Gauge,
		"Tasks of the queue that are in the state now.", "queue", "state")
	queueOldest = define("zeroq_queue_oldest_seconds", Gauge,
		"How long the first ready task could have started by now; 0 when none is ready. Of a queue on Kafka or RabbitMQ: of those still in Redis.", "queue")
	queuePaused = define("zeroq_queue_paused", Gauge,
		"1 while workers take nothing from the queue, as it was paused.", "queue")
	queueDraining = define("zeroq_queue_draining", Gauge,
		"1 while nothing may be put on the queue until it is empty.", "queue")
	queueLimit = define("zeroq_queue_limit", Gauge,
		"What the queue may do at most, all its workers together; only the limits that are set.", "queue", "limit")
	tasksTotal = define("zeroq_tasks_total", Counter,
		"Tasks that did something since the queue began, whichever process saw to it.", "queue", "event")
)

// What a scrape shows of the workers of the process.
var (
	workerSlots = define("zeroq_worker_slots", Gauge,
		"Tasks that the pool can have at hand at once.", "pool")
	workerUsed = define("zeroq_worker_slots_used", Gauge,
		"Slots that are taken, also by tasks that are gathered for a batch and by stuck handlers.", "pool")
	workerStuck = define("zeroq_worker_stuck", Gauge,
		"Tasks whose context ended a while ago and whose handler has not returned.", "pool")
	workerReady = define("zeroq_worker_ready", Gauge,
		"1 while the pool takes tasks, or would if it had a free slot; 0 while fetching from one of its queues does not work.", "pool")
	workerLastFetch = define("zeroq_worker_last_fetch_timestamp_seconds", Gauge,
		"When the pool last asked for tasks and was answered, in Unix time; 0 before the first time. A full pool asks for none.", "pool")
	workerStarted = define("zeroq_worker_started_total", Counter,
		"Attempts that started. The type is the pattern that the handler is registered for.", "queue", "type")
	taskRun = define("zeroq_task_run_seconds", Histogram,
		"How long handlers ran, by what became of the task.", "queue", "type", "state")
	taskWait = define("zeroq_task_wait_seconds", Histogram,
		"How long tasks that started had waited since they could: since they were enqueued, or since the time that they were to run at.", "queue")
	workerLosses = define("zeroq_worker_lease_losses_total", Counter,
		"Leases that the worker lost; its tasks went to other workers.", "queue")
	workerRefused = define("zeroq_worker_refused_total", Counter,
		"Outcomes that were not recorded, as the tasks belonged to other workers by then.", "queue")
	workerSteals = define("zeroq_worker_steals_total", Counter,
		"Tasks of dead workers that this one gave back to their queue.", "queue")
)

var defined []Definition

// define makes a definition known. It is for variables of the package.
func define(name string, kind Kind, help string, labels ...string) Definition {
	d := Definition{Name: name, Kind: kind, Help: help, Labels: labels}
	d.desc = prometheus.NewDesc(name, help, labels, nil)
	defined = append(defined, d)
	return d
}

// Definitions returns all metrics: first those of queues, then those of workers.
func Definitions() []Definition { return slices.Clone(defined) }

// value is a metric of one moment.
func (d Definition) value(value float64, labels ...string) prometheus.Metric {
	kind := prometheus.GaugeValue
	if d.Kind == Counter {
		kind = prometheus.CounterValue
	}
	return prometheus.MustNewConstMetric(d.desc, kind, value, labels...)
}

func (d Definition) flag(is bool, labels ...string) prometheus.Metric {
	if is {
		return d.value(1, labels...)
	}
	return d.value(0, labels...)
}

func (d Definition) counters() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: d.Name, Help: d.Help}, d.Labels)
}

// buckets reach from a task that does next to nothing to the default timeout, in seconds.
var buckets = []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 1800}

func (d Definition) histograms() *prometheus.HistogramVec {
	opts := prometheus.HistogramOpts{Name: d.Name, Help: d.Help, Buckets: buckets}
	return prometheus.NewHistogramVec(opts, d.Labels)
}
