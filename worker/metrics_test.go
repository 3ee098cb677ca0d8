package worker_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

// scrape returns the values that a handler of Prometheus serves, by name{values of labels}; of a
// histogram it is the number of observations.
func scrape(t *testing.T, handler http.Handler) map[string]float64 {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]float64)
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			key := name
			for _, label := range metric.GetLabel() {
				key += "," + label.GetValue()
			}
			values[key] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue() +
				float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return values
}

func serve(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

func TestMetrics_StayUntilTheWorkerHasDrained(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	registry := prometheus.NewPedanticRegistry()
	running, release := make(chan struct{}), make(chan struct{})
	w := start(t, worker.Conf{Redis: redis, Drain: patience}, handle("mail:*", func(context.Context, *zeroq.Task) error {
		running <- struct{}{}
		<-release
		return nil
	}), worker.Metrics(registry))
	enqueue(t, redis, zeroq.NewTask("mail:welcome", nil), zeroq.NewTask("mail:bill", nil))
	receive(t, running)
	receive(t, running)
	values := scrape(t, serve(registry))
	for name, want := range map[string]float64{
		"zeroq_up": 1, "zeroq_worker_slots,default": 10, "zeroq_worker_slots_used,default": 2,
		"zeroq_worker_ready,default": 1, "zeroq_worker_stuck,default": 0,
		"zeroq_worker_started_total,default,mail:*": 2, "zeroq_task_wait_seconds,default": 2,
		"zeroq_queue_tasks,default,leased": 2, "zeroq_worker_steals_total,default": 0,
	} {
		if got, there := values[name]; !there || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if ago := time.Since(time.UnixMilli(int64(1000 * values["zeroq_worker_last_fetch_timestamp_seconds,default"]))); ago > patience {
		t.Errorf("the last fetch was %v ago", ago)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		w.Stop()
	}()
	release <- struct{}{}
	eventually(t, "the draining worker shows that one task has ended", func() bool {
		values := scrape(t, serve(registry))
		return values["zeroq_task_run_seconds,default,succeeded,mail:*"] == 1 && values["zeroq_worker_slots_used,default"] == 1
	})
	release <- struct{}{}
	receive(t, stopped)
	if values := scrape(t, serve(registry)); len(values) != 0 {
		t.Errorf("left behind: %v", values)
	}
}

func TestMetrics_AreInTheDefaultRegistryUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	pools := queues("only-here-by-default")
	start(t, worker.Conf{Redis: redis, Pools: pools}, handle("x", noop))
	if values := scrape(t, promhttp.Handler()); values["zeroq_worker_slots,only-here-by-default"] != 1 {
		t.Errorf("go-zero's DevServer would show %v", values)
	}
	for i, registry := range []prometheus.Registerer{nil, prometheus.NewRegistry()} {
		pools := queues(fmt.Sprintf("nowhere-%d", i))
		start(t, worker.Conf{Redis: redis, Pools: pools}, handle("x", noop), worker.Metrics(registry))
		if _, there := scrape(t, promhttp.Handler())["zeroq_worker_slots,"+pools[0].Queues[0].Name]; there {
			t.Error("a worker is shown where it should not")
		}
	}
}

func TestMetrics_AreAllGoneWithAWorkerThatNeverStarted(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	registry := prometheus.NewRegistry()
	w, err := worker.New(worker.Conf{Redis: redis}, handle("x", noop), worker.Metrics(registry))
	if err != nil {
		t.Fatal(err)
	}
	if values := scrape(t, serve(registry)); values["zeroq_worker_ready,default"] != 0 || values["zeroq_worker_slots,default"] != 10 {
		t.Errorf("it shows %v", values)
	}
	w.Stop()
	if values := scrape(t, serve(registry)); len(values) != 0 {
		t.Errorf("left behind: %v", values)
	}
}

func TestMetrics_NameThatIsTakenIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	for _, name := range []string{"zeroq_up", "zeroq_worker_slots"} {
		registry := prometheus.NewRegistry()
		registry.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: "Another one."}))
		if _, err := worker.New(worker.Conf{Redis: redis}, handle("x", noop), worker.Metrics(registry)); err == nil {
			t.Errorf("%s: a worker was made", name)
		}
		if values := scrape(t, serve(registry)); len(values) != 1 {
			t.Errorf("%s: left behind: %v", name, values)
		}
	}
}

func TestMetrics_CountTasksThatWereTakenFromTheDead(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	enqueue(t, redis, zeroq.NewTask("x", nil))
	doomed, err := look(t, redis).Join(t.Context(), broker.Join{
		Queue: "default", Worker: "doomed", Mode: broker.AtLeastOnce, Lease: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := doomed.Fetch(t.Context(), 1, 0); err != nil || len(got) != 1 {
		t.Fatalf("%d tasks, %v", len(got), err)
	}
	registry := prometheus.NewRegistry()
	start(t, worker.Conf{Redis: redis, Lease: time.Second}, handle("x", noop), worker.Metrics(registry))
	eventually(t, "a steal is counted", func() bool {
		return scrape(t, serve(registry))["zeroq_worker_steals_total,default"] == 1
	})
}

func TestMetrics_AScrapeSaysThatRedisIsAway(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	registry := prometheus.NewRegistry()
	start(t, worker.Conf{Redis: server.Conf()}, handle("x", noop), worker.Metrics(registry))
	eventually(t, "the queue is shown", func() bool {
		_, there := scrape(t, serve(registry))["zeroq_queue_tasks,default,ready"]
		return there
	})
	server.Kill()
	eventually(t, "Redis is away", func() bool {
		began := time.Now()
		up, there := scrape(t, serve(registry))["zeroq_up"]
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("a scrape took %v", took)
		}
		return there && up == 0
	})
	if _, there := scrape(t, serve(registry))["zeroq_worker_slots,default"]; !there {
		t.Error("the worker is not shown any more")
	}
}
