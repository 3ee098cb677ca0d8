package metrics

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/zeromicro/go-zero/core/logx"
	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) {
	logx.SetWriter(logx.NewWriter(io.Discard))
	goleak.VerifyTestMain(m, redistest.GoZero...)
}

var errAway = errors.New("away")

// source is a Source that a test fills.
type source struct {
	looks atomic.Int64
	mu    sync.Mutex
	infos []zeroq.QueueInfo
	err   error
	hook  func(context.Context) // stands before every answer
}

func (s *source) Queues(ctx context.Context) ([]zeroq.QueueInfo, error) {
	s.looks.Add(1)
	s.mu.Lock()
	hook, infos, err := s.hook, s.infos, s.err
	s.mu.Unlock()
	if hook != nil {
		hook(ctx)
	}
	return infos, err
}

func (s *source) answer(err error, infos ...zeroq.QueueInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.infos, s.err = infos, err
}

// show shows a source in a registry until the test ends.
func show(t *testing.T, registry prometheus.Registerer, s Source) {
	t.Helper()
	stop, err := Show(registry, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
}

// enter joins a worker with these pools.
func enter(t *testing.T, registry prometheus.Registerer, pools ...Pool) (w *Workers, leave func()) {
	t.Helper()
	w, leave, err := Join(registry, func() []Pool { return pools })
	if err != nil {
		t.Fatal(err)
	}
	return w, leave
}

// families are what a scrape shows, by name.
type families map[string]*dto.MetricFamily

// scrape asks over HTTP, as Prometheus does.
func scrape(t *testing.T, registry *prometheus.Registry) families {
	t.Helper()
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	all, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// gather is scrape without HTTP, for bubbles of synctest.
func gather(t *testing.T, registry *prometheus.Registry) families {
	t.Helper()
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := make(families)
	for _, family := range all {
		byName[family.GetName()] = family
	}
	return byName
}

// find returns the metric with these values of labels, in their order by name; nil if there is none.
func (f families) find(name string, values ...string) *dto.Metric {
	for _, metric := range f[name].GetMetric() {
		same := len(metric.GetLabel()) == len(values)
		for i := 0; same && i < len(values); i++ {
			same = metric.GetLabel()[i].GetValue() == values[i]
		}
		if same {
			return metric
		}
	}
	return nil
}

// want checks the value of a gauge or counter, or the number of observations.
func (f families) want(t *testing.T, want float64, name string, values ...string) {
	t.Helper()
	metric := f.find(name, values...)
	if metric == nil {
		t.Errorf("there is no %s%q", name, values)
		return
	}
	got := metric.GetGauge().GetValue() + metric.GetCounter().GetValue() + float64(metric.GetHistogram().GetSampleCount())
	if got != want {
		t.Errorf("%s%q is %v, want %v", name, values, got, want)
	}
}
