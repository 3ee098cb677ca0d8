package pool

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// figures are the metrics of a pool, as name{values of labels}: the value of a counter, "number of
// observations, their sum" of a histogram.
func (r *rig) figures() map[string]string {
	r.t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(r.pool.conf.Metrics); err != nil {
		r.t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	figures := make(map[string]string)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			figures[family.GetName()+labels(metric)] = figure(metric)
		}
	}
	return figures
}

func labels(metric *dto.Metric) (text string) {
	for _, label := range metric.GetLabel() {
		text += "," + label.GetValue()
	}
	return "{" + text[1:] + "}"
}

func figure(metric *dto.Metric) string {
	if h := metric.GetHistogram(); h != nil {
		return fmt.Sprintf("%d, %.1f s", h.GetSampleCount(), h.GetSampleSum())
	}
	return fmt.Sprint(metric.GetCounter().GetValue())
}

// want compares figures; those that are not named may be anything.
func (r *rig) want(want map[string]string) {
	r.t.Helper()
	got := r.figures()
	for name, value := range want {
		if got[name] != value {
			r.t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}

func TestStats_CountWhatBecomesOfTasks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		fails := true
		r.handle("mail:*", func(context.Context, *zeroq.Task) error {
			defer func() { fails = false }()
			<-time.After(300 * time.Millisecond)
			if fails {
				return zeroq.RetryAfter(time.Second, errHandler)
			}
			return nil
		})
		r.mux.HandleDefault(zeroq.HandlerFunc(func(context.Context, *zeroq.Task) error {
			return zeroq.Permanent(errHandler)
		}))
		waits := task("mail:a")
		waits.EnqueuedAt = time.Now().Add(-4 * time.Second)
		due := task("anything")
		due.EnqueuedAt, due.RunAt = time.Now().Add(-time.Hour), time.Now().Add(-6*time.Second)
		r.start()
		r.push(waits)
		pass(10 * time.Second) // it fails, and starts again when its second is over
		r.push(due, task("other"), task("unreadable"), task("mail:b", zeroq.ExpiresAt(time.Now().Add(-time.Hour))))
		pass(time.Second)
		r.want(map[string]string{
			"zeroq_worker_started_total{default,mail:*}":       "2",
			"zeroq_worker_started_total{default,unknown}":      "2",
			"zeroq_task_run_seconds{default,retry,mail:*}":     "1, 0.3 s",
			"zeroq_task_run_seconds{default,succeeded,mail:*}": "1, 0.3 s",
			"zeroq_task_run_seconds{default,dead,unknown}":     "2, 0.0 s",
			// 4 s of the first attempt, none of the second; 16 s since the other was due.
			"zeroq_task_wait_seconds{default}": "4, 20.0 s",
		})
	})
}

func TestStats_CountEveryTaskOfABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.mux.HandleBatch("row", zeroq.Batch{Size: 3}, zeroq.BatchHandlerFunc(
			func(context.Context, []*zeroq.Task) []error {
				<-time.After(time.Second)
				return []error{nil, errHandler, nil}
			}))
		r.start()
		r.push(tasks("row", 3)...)
		pass(1500 * time.Millisecond)
		r.want(map[string]string{
			"zeroq_worker_started_total{default,row}":       "3",
			"zeroq_task_run_seconds{default,succeeded,row}": "2, 2.0 s",
			"zeroq_task_run_seconds{default,retry,row}":     "1, 1.0 s",
		})
	})
}

func TestStats_CountALostLeaseOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", untilDone)
		r.start()
		r.want(map[string]string{"zeroq_worker_lease_losses_total{default}": "0"})
		r.push(tasks("x", 3)...)
		pass(time.Second)
		r.steal()
		pass(5 * time.Second) // a beat learns it, and a fetch begins a new lease
		r.push(task("x"))
		pass(5 * time.Second)
		r.want(map[string]string{
			"zeroq_worker_lease_losses_total{default}":      "1",
			"zeroq_worker_refused_total{default}":           "3",
			"zeroq_task_run_seconds{default,handed_back,x}": "3, 6.0 s",
		})
		r.before(func(context.Context, string) error { return errAway })
		pass(time.Minute) // several leases go by without a beat; only one was held
		r.before(nil)
		r.want(map[string]string{"zeroq_worker_lease_losses_total{default}": "2"})
	})
}

func TestStats_CountWhatIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", func(context.Context, *zeroq.Task) error { <-time.After(time.Hour); return nil })
		r.start()
		r.push(task("x"))
		pass(time.Second)
		r.stop()
		want := map[string]string{"zeroq_task_run_seconds{default,handed_back,x}": "1, 22.0 s"}
		r.want(want)
		pass(time.Hour)
		r.want(want) // though its handler returned in the end
	})
}

func TestStats_DescribeThePool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.handle("x", func(context.Context, *zeroq.Task) error { <-time.After(time.Minute); return nil })
		if s := r.pool.Stats(); s.Slots != 10 || s.Used != 0 || s.Ready || !s.LastFetch.IsZero() {
			t.Errorf("before its start: %+v", s)
		}
		r.start()
		r.push(tasks("x", 3, zeroq.Timeout(10*time.Second))...)
		pass(9 * time.Second)
		if s := r.pool.Stats(); s.Used != 3 || s.Stuck != 0 || !s.Ready || time.Since(s.LastFetch) > 3*time.Second {
			t.Errorf("within the timeout: %+v", s)
		}
		pass(3 * time.Second)
		if s := r.pool.Stats(); s.Used != 3 || s.Stuck != 3 {
			t.Errorf("after the timeout: %+v", s)
		}
		pass(time.Minute)
		if s := r.pool.Stats(); s.Used != 0 || s.Stuck != 0 {
			t.Errorf("after their end: %+v", s)
		}
	})
}

// A context ends for other reasons than its timeout, which is far away here.
func TestStuck_WhateverEndedTheContext(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(r *rig){
		"lease lost": func(r *rig) { r.steal() },
		"shutdown":   func(r *rig) { r.pool.stop(zeroq.ErrShutdown) },
		"called off": func(r *rig) { r.pool.callOff(r.pool.lanes[0], r.pool.Running()[0].ID) },
	} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t)
			r.handle("x", func(context.Context, *zeroq.Task) error { <-time.After(time.Minute); return nil })
			r.start()
			r.push(task("x", zeroq.Timeout(time.Hour)))
			pass(time.Second)
			end(r)
			pass(3 * time.Second) // by then a beat has told of the lease
			if r.pool.Stats().Stuck != 0 {
				t.Errorf("%s: stuck at once", name)
			}
			pass(stuckAfter / 2)
			if r.pool.Running()[0].Stuck {
				t.Errorf("%s: stuck after half a second", name)
			}
			pass(stuckAfter)
			if n := r.pool.Stats().Stuck; n != 1 || !r.pool.Running()[0].Stuck || r.pool.Free() != 9 {
				t.Errorf("%s: %d are stuck, %d slots are free", name, n, r.pool.Free())
			}
			pass(time.Minute)
			if r.pool.Stats().Stuck != 0 || r.pool.Free() != 10 {
				t.Errorf("%s: stuck after its handler returned", name)
			}
		})
	}
}

// What the metrics add to the run of one task, with finding its route.
func BenchmarkStats_OneTask(b *testing.B) {
	mux := zeroq.NewMux()
	mux.HandleFunc("email:*", func(context.Context, *zeroq.Task) error { return nil })
	p := New(Conf{Concurrency: 1, Queues: []Queue{{Name: "default"}}}, mux, newFake())
	now := time.Now()
	l := &lane{queue: p.conf.Queues[0]}
	p.equip(l, &fakeMember{})
	one := &run{
		lane: l, started: now, began: now,
		delivery: &broker.Delivery{Task: &zeroq.Task{Type: "email:welcome", EnqueuedAt: now.Add(-time.Second)}},
	}
	b.ReportAllocs()
	for b.Loop() {
		p.countStart(one)
		one.countEnd(zeroq.Succeeded)
	}
}
