package brokertest

import (
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// unused is a queue that was never used; one with a carrier was, as its relay is at work.
func (r *rig) unused() string {
	if r.carried() {
		return "unused"
	}
	return "q"
}

func queuePaused(t *testing.T, r *rig) {
	unused := r.unused()
	for what, err := range map[string]error{
		"pause": r.Broker.Pause(r.ctx, unused), "resume": r.Broker.Resume(r.ctx, unused), "drain": r.Broker.Drain(r.ctx, unused),
		"limit": r.Broker.Limit(r.ctx, unused, zeroq.LimitsChange{}),
	} {
		if !errors.Is(err, zeroq.ErrNotFound) {
			t.Errorf("%s of a queue that was never used: %v", what, err)
		}
	}
	r.enqueue(task(), task(zeroq.Queue("other")))
	m := r.join("w")
	for range 2 {
		r.must(r.Broker.Pause(r.ctx, "q"))
	}
	if info := r.counts(map[zeroq.State]int64{zeroq.Ready: 1}); !info.Paused || info.Draining {
		t.Errorf("the queue is %+v", info)
	}
	var closed *broker.ClosedError
	r.until("it says that it is paused", func() bool {
		d, err := m.Fetch(r.ctx, 1, 0)
		if r.carried() && err == nil && len(d) == 0 {
			return false // a worker is told when it has something to start
		}
		if !errors.As(err, &closed) || !errors.Is(err, broker.ErrPaused) || closed.Wait <= 0 || len(d) > 0 {
			t.Errorf("a paused queue gave %v, %v", d, err)
		}
		return true
	})
	if info, err := r.Broker.Queue(r.ctx, "other"); err != nil || info.Paused {
		t.Errorf("the other queue is %+v, %v", info, err)
	}
	for range 2 {
		r.must(r.Broker.Resume(r.ctx, "q"))
	}
	if info := r.counts(nil); info.Paused {
		t.Error("it is still paused")
	}
	r.fetch(m, 1)
}

func (r *rig) draining() bool {
	r.t.Helper()
	info, err := r.Broker.Queue(r.ctx, "q")
	r.must(err)
	return info.Draining
}

func queueDrained(t *testing.T, r *rig) {
	m := r.join("w")
	r.enqueue(task())
	r.must(r.Broker.Drain(r.ctx, "q"))
	if !r.draining() {
		t.Error("it is not drained")
	}
	r.must(r.Broker.Resume(r.ctx, "q"))
	if r.draining() {
		t.Error("it is still drained")
	}
	r.must(r.Broker.Drain(r.ctx, "q"))
	d := r.fetch(m, 1)[0]
	if !r.draining() {
		t.Error("it is not drained while a task runs")
	}
	o := r.failed(m, d, zeroq.Retry)
	o.NextAttempt, o.RunAt = 2, m.Now().Add(time.Hour)
	r.must(m.Settle(r.ctx, oneOutcome(o)))
	if !r.draining() {
		t.Error("it is not drained while a task waits for its retry")
	}
	r.cancel(d.Task.ID, zeroq.Cancelled)
	if r.draining() {
		t.Error("it is drained although it is empty")
	}
	r.enqueue(task())
}

func ptr[T any](value T) *T { return &value }

func (r *rig) limits(want zeroq.Limits) {
	r.t.Helper()
	if info, err := r.Broker.Queue(r.ctx, "q"); err != nil || info.Limits != want {
		r.t.Errorf("the limits are %+v, %v; want %+v", info.Limits, err, want)
	}
}

func queueLimits(t *testing.T, r *rig) {
	r.enqueue(task())
	for _, step := range []struct {
		change zeroq.LimitsChange
		want   zeroq.Limits
	}{
		{zeroq.LimitsChange{Rate: ptr(0.25), Burst: ptr(7)}, zeroq.Limits{Rate: 0.25, Burst: 7}},
		{zeroq.LimitsChange{Concurrency: ptr(3)}, zeroq.Limits{Rate: 0.25, Burst: 7, Concurrency: 3}},
		{zeroq.LimitsChange{MaxLength: ptr(1_000_000_000)}, zeroq.Limits{Rate: 0.25, Burst: 7, Concurrency: 3, MaxLength: 1_000_000_000}},
		{zeroq.LimitsChange{}, zeroq.Limits{Rate: 0.25, Burst: 7, Concurrency: 3, MaxLength: 1_000_000_000}},
		{zeroq.LimitsChange{Rate: ptr(1e6), Concurrency: ptr(0)}, zeroq.Limits{Rate: 1e6, Burst: 7, MaxLength: 1_000_000_000}},
		{zeroq.LimitsChange{Rate: ptr(0.0)}, zeroq.Limits{MaxLength: 1_000_000_000}},
		{zeroq.LimitsChange{MaxLength: ptr(0)}, zeroq.Limits{}},
	} {
		r.must(r.Broker.Limit(r.ctx, "q", step.change))
		r.limits(step.want)
	}
	var wrong *zeroq.FieldError
	for field, change := range map[string]zeroq.LimitsChange{
		"rate": {Rate: ptr(-1.0)}, "burst": {Burst: ptr(1)}, "concurrency": {Concurrency: ptr(-1)}, "max_length": {MaxLength: ptr(-1)},
	} {
		if err := r.Broker.Limit(r.ctx, "q", change); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	r.limits(zeroq.Limits{})
	r.fetch(r.join("w"), 1)
}

func queueConfigured(t *testing.T, r *rig) {
	configured := zeroq.Limits{Rate: 5, Concurrency: 2}
	r.must(r.Broker.Configure(r.ctx, "q", zeroq.Limits{}))
	r.limits(zeroq.Limits{})
	r.must(r.Broker.Limit(r.ctx, "q", zeroq.LimitsChange{MaxLength: ptr(9)}))
	r.must(r.Broker.Configure(r.ctx, "q", zeroq.Limits{}))
	r.limits(zeroq.Limits{MaxLength: 9}) // nothing was ever configured
	r.must(r.Broker.Configure(r.ctx, "q", configured))
	r.limits(configured)
	r.must(r.Broker.Limit(r.ctx, "q", zeroq.LimitsChange{Rate: ptr(0.0), Concurrency: ptr(8)}))
	r.must(r.Broker.Configure(r.ctx, "q", configured))
	r.limits(zeroq.Limits{Concurrency: 8}) // what was set at runtime holds
	r.must(r.Broker.Configure(r.ctx, "q", zeroq.Limits{Rate: 6, Concurrency: 2}))
	r.limits(zeroq.Limits{Rate: 6, Concurrency: 2})
	r.must(r.Broker.Configure(r.ctx, "q", zeroq.Limits{}))
	r.limits(zeroq.Limits{})
	var wrong *zeroq.FieldError
	if err := r.Broker.Configure(r.ctx, "q", zeroq.Limits{Burst: 1}); !errors.As(err, &wrong) {
		t.Errorf("a burst without a rate: %v", err)
	}
}

func queueRates(t *testing.T, r *rig) {
	if _, err := r.Broker.Queue(r.ctx, r.unused()); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("a queue that was never used: %v", err)
	}
	r.enqueue(task())
	r.must(r.Broker.Sample(r.ctx, "q"))
	r.must(r.Broker.Recount(r.ctx, "q"))
	began := time.Now()
	for range 4 {
		r.enqueue(task())
	}
	m := r.join("w")
	d := r.fetch(m, 5)
	r.must(m.Settle(r.ctx, []broker.Outcome{r.succeed(m, d[0]), r.succeed(m, d[1]), r.failed(m, d[2], zeroq.Dead)}))
	want := map[zeroq.Counter]int64{zeroq.CountEnqueued: 5, zeroq.CountSucceeded: 2, zeroq.CountFailed: 1, zeroq.CountDead: 1}
	var info zeroq.QueueInfo
	r.until("there is a rate", func() bool {
		r.must(r.Broker.Sample(r.ctx, "q")) // one was taken a moment ago
		info = r.counts(map[zeroq.State]int64{zeroq.Leased: 2})
		return info.Rates[zeroq.CountEnqueued] > 0
	})
	passed := time.Since(began).Seconds()
	for _, counter := range zeroq.Counters {
		total, known := info.Totals[counter]
		if rate, told := info.Rates[counter]; !known || !told || total != want[counter] || rate < 0 {
			t.Errorf("%s: %d in all, %v a second", counter, total, rate)
		}
	}
	// Four were put in since the sample was taken, in a second and a bit.
	if rate := info.Rates[zeroq.CountEnqueued]; rate > 4 || rate < 4/(passed+1) {
		t.Errorf("%v were enqueued a second, in %v s", rate, passed)
	}
	if rate := info.Rates[zeroq.CountSucceeded]; rate > 2 || rate < 2/(passed+1) {
		t.Errorf("%v succeeded a second, in %v s", rate, passed)
	}
}
