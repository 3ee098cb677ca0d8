package metrics

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zeroq-dev/zeroq"
)

func TestWorkers_TwoOfAProcessAreAddedUp(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	early, late := time.UnixMilli(1_000_500), time.UnixMilli(2_000_000)
	one, leaveOne := enter(t, registry,
		Pool{Name: "main", Slots: 10, Used: 3, Stuck: 1, Ready: true, LastFetch: late}, Pool{Name: "slow", Slots: 2, Ready: true})
	two, leaveTwo := enter(t, registry, Pool{Name: "main", Slots: 5, Used: 5, LastFetch: early})
	one.Queue("q").Type("x").Started()
	two.Queue("q").Type("x").Started()
	two.Queue("q").LeaseLost()
	two.Queue("q").Refused(3)
	one.Queue("q").Stolen(2)
	shown := scrape(t, registry)
	shown.want(t, 15, "zeroq_worker_slots", "main")
	shown.want(t, 8, "zeroq_worker_slots_used", "main")
	shown.want(t, 1, "zeroq_worker_stuck", "main")
	shown.want(t, 0, "zeroq_worker_ready", "main") // one of them is not
	shown.want(t, 1, "zeroq_worker_ready", "slow")
	shown.want(t, 1000.5, "zeroq_worker_last_fetch_timestamp_seconds", "main")
	shown.want(t, 0, "zeroq_worker_last_fetch_timestamp_seconds", "slow")
	shown.want(t, 2, "zeroq_worker_started_total", "q", "x")
	shown.want(t, 1, "zeroq_worker_lease_losses_total", "q")
	shown.want(t, 3, "zeroq_worker_refused_total", "q")
	shown.want(t, 2, "zeroq_worker_steals_total", "q")

	leaveOne()
	shown = scrape(t, registry)
	shown.want(t, 5, "zeroq_worker_slots", "main")
	shown.want(t, 2, "zeroq_worker_started_total", "q", "x") // no counter goes down
	leaveTwo()
	if shown := scrape(t, registry); len(shown) != 0 {
		t.Errorf("%d families are left behind", len(shown))
	}
	_, leave := enter(t, registry, Pool{Name: "again", Slots: 1})
	defer leave()
	scrape(t, registry).want(t, 1, "zeroq_worker_slots", "again")
}

func TestWorkers_CountersOfAQueueBeginAtZero(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	w, leave := enter(t, registry)
	defer leave()
	w.Queue("q")
	shown := scrape(t, registry)
	for _, name := range []string{"zeroq_worker_lease_losses_total", "zeroq_worker_refused_total", "zeroq_worker_steals_total"} {
		shown.want(t, 0, name, "q")
	}
}

func TestWorkers_LabelsSayWhatNamesCannot(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	w, leave := enter(t, registry)
	defer leave()
	q := w.Queue("q")
	q.Type("").Started()
	q.Type("").Ended(zeroq.Ready, 200*time.Millisecond)
	q.Type("email:*").Ended(zeroq.Dead, time.Second)
	q.Waited(-time.Second) // clocks differ
	shown := scrape(t, registry)
	shown.want(t, 1, "zeroq_worker_started_total", "q", "unknown")
	shown.want(t, 1, "zeroq_task_run_seconds", "q", "handed_back", "unknown")
	shown.want(t, 1, "zeroq_task_run_seconds", "q", "dead", "email:*")
	shown.want(t, 1, "zeroq_task_wait_seconds", "q")
	if sum := shown.find("zeroq_task_wait_seconds", "q").GetHistogram().GetSampleSum(); sum != 0 {
		t.Errorf("a wait of %v seconds", sum)
	}
	if sum := shown.find("zeroq_task_run_seconds", "q", "handed_back", "unknown").GetHistogram().GetSampleSum(); sum != 0.2 {
		t.Errorf("a run of %v seconds", sum)
	}
}

func TestJoin_RegisterersThatAddLabelsAreSharedToo(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	wrapped := prometheus.WrapRegistererWith(prometheus.Labels{"app": "shop"}, registry)
	_, leaveOne := enter(t, wrapped, Pool{Name: "main", Slots: 1})
	_, leaveTwo := enter(t, wrapped, Pool{Name: "main", Slots: 2})
	scrape(t, registry).want(t, 3, "zeroq_worker_slots", "shop", "main")
	leaveOne()
	scrape(t, registry).want(t, 2, "zeroq_worker_slots", "shop", "main")
	leaveTwo()
	if shown := scrape(t, registry); len(shown) != 0 {
		t.Errorf("%d families are left behind", len(shown))
	}
}

func TestJoin_ComingAndGoingAtOnceLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				w, leave, err := Join(registry, func() []Pool { return nil })
				if err != nil {
					t.Error(err)
					return
				}
				w.Queue("q").Type("x").Started()
				leave()
			}
		})
	}
	all.Wait()
	if shown := scrape(t, registry); len(shown) != 0 {
		t.Errorf("%d families are left behind", len(shown))
	}
}

func TestShow_RefusesNamesThatAreTaken(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "zeroq_up", Help: "Another one."}))
	if _, err := Show(registry, &source{}); err == nil || !strings.Contains(err.Error(), "zeroq_up") {
		t.Errorf("err = %v", err)
	}
}

// What the metrics of one task cost, from its start to its end.
func BenchmarkWorkers_OneTask(b *testing.B) {
	q := NewWorkers().Queue("default")
	one := func() {
		q.Waited(3 * time.Millisecond)
		series := q.Type("email:*")
		series.Started()
		series.Ended(zeroq.Succeeded, 20*time.Millisecond)
	}
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			one()
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				one()
			}
		})
	})
}
