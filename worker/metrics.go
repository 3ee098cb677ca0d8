package worker

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/zeroq-dev/zeroq/internal/metrics"
)

// Metrics has the worker and the queues of its Redis shown in a registry, from New until the worker has
// drained; nil shows them nowhere. Default: [prometheus.DefaultRegisterer], which the DevServer of
// go-zero serves. Workers in one registry are added up, and show the queues of the one that was there
// first.
func Metrics(registerer prometheus.Registerer) Option {
	return func(w *Worker) { w.registerer = registerer }
}

// show puts the worker into its registry.
func (w *Worker) show() error {
	if w.registerer == nil {
		w.stats = metrics.NewWorkers()
		return nil
	}
	stats, leave, err := metrics.Join(w.registerer, w.poolStats)
	if err != nil {
		return err
	}
	stop, err := metrics.Show(w.registerer, w.broker)
	if err != nil {
		leave()
		return err
	}
	w.stats = stats
	w.hide = func() {
		stop()
		leave()
	}
	return nil
}

// poolStats describes the pools, once there are any.
func (w *Worker) poolStats() []metrics.Pool {
	if !w.built.Load() {
		return nil
	}
	stats := make([]metrics.Pool, len(w.pools))
	for i, p := range w.pools {
		stats[i] = p.Stats()
		stats[i].Name = w.conf.Pools[i].Name
	}
	return stats
}
