package metrics

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/zeroq-dev/zeroq"
)

// full is a registry that shows every metric.
func full(t *testing.T) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	s := &source{}
	s.answer(nil, zeroq.QueueInfo{Queue: "mail", Limits: zeroq.Limits{Rate: 2.5, Burst: 3}})
	show(t, registry, s)
	workers, leave := enter(t, registry, Pool{Name: "main", Slots: 10})
	t.Cleanup(leave)
	queue := workers.Queue("mail")
	queue.Waited(time.Second)
	queue.Type("x").Started()
	queue.Type("x").Ended(zeroq.Succeeded, time.Second)
	return registry
}

func TestDefinitions_AreWhatAScrapeShows(t *testing.T) {
	t.Parallel()
	shown := scrape(t, full(t))
	for _, d := range Definitions() {
		family := shown[d.Name]
		if family == nil {
			t.Errorf("a scrape does not show %s", d.Name)
			continue
		}
		if kind := strings.ToLower(family.GetType().String()); kind != string(d.Kind) {
			t.Errorf("%s is a %s, not a %s", d.Name, kind, d.Kind)
		}
		if family.GetHelp() != d.Help || !strings.HasSuffix(d.Help, ".") {
			t.Errorf("%s: help %q", d.Name, family.GetHelp())
		}
		var labels []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, label.GetName())
		}
		if want := slices.Sorted(slices.Values(d.Labels)); !slices.Equal(labels, want) {
			t.Errorf("%s has the labels %q, want %q", d.Name, labels, want)
		}
		delete(shown, d.Name)
	}
	for name := range shown {
		t.Errorf("%s is not defined", name)
	}
}

func TestDefinitions_FollowTheConventions(t *testing.T) {
	t.Parallel()
	shown := scrape(t, full(t))
	problems, err := promlint.NewWithMetricFamilies(slices.Collect(maps.Values(shown))).Lint()
	if err != nil || len(shown) == 0 {
		t.Fatalf("%d families, %v", len(shown), err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	bad := "zeroq_bad_total"
	kind := dto.MetricType_GAUGE
	if problems, err := promlint.NewWithMetricFamilies([]*dto.MetricFamily{{Name: &bad, Type: &kind}}).Lint(); err != nil || len(problems) == 0 {
		t.Errorf("nothing is said of a bad name: %v", err)
	}
}
