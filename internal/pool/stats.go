package pool

import (
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/metrics"
)

// countStart takes in that a handler is about to start.
func (p *Pool) countStart(one *run) {
	t := one.delivery.Task
	could := t.EnqueuedAt
	if t.RunAt.After(could) {
		could = t.RunAt
	}
	one.lane.stats.Waited(one.started.Sub(could))
	one.stats = one.lane.stats.Type(one.route.Pattern)
	one.stats.Started()
}

// countEnd takes in what became of a task whose handler has returned, or was given up.
func (r *run) countEnd(state zeroq.State) { r.stats.Ended(state, time.Since(r.began)) }

// countLoss counts the lease at hand, unless its end was noticed before. It needs l.mu.
func (l *lane) countLoss() {
	if l.ctx != nil && l.ctx.Err() == nil {
		l.stats.LeaseLost()
	}
}

// stuck reports that the handler runs on though its context ended a while ago, for whatever reason. When
// that was is known of a timeout; of any other end it is when somebody first looked. It needs
// running.mu.
func (r *run) stuck() bool {
	if r.term.cause() == nil {
		return false
	}
	if r.ended.IsZero() {
		r.ended = time.Now()
	}
	ended := r.ended
	if deadline, _ := r.term.Deadline(); deadline.Before(ended) {
		ended = deadline
	}
	return time.Since(ended) > stuckAfter
}

// stuck is how many handlers are.
func (r *running) stuck() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.runs {
		if one.stuck() {
			n++
		}
	}
	return n
}

// Stats describes the pool for Prometheus.
func (p *Pool) Stats() metrics.Pool {
	return metrics.Pool{
		Slots: p.conf.Concurrency, Used: p.conf.Concurrency - p.Free(), Stuck: p.running.stuck(),
		Ready: p.Ready() == nil, LastFetch: p.LastFetch(),
	}
}

// Free is how many slots are free.
func (p *Pool) Free() int {
	free, _ := p.slots.look()
	return free
}
