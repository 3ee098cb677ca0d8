package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v2"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/metrics"
)

const (
	metricsPage = "docs/metrics.md"
	alertsFile  = "deploy/alerts.yaml"
)

// row is a row of the tables of metrics, by what the code says.
func row(d metrics.Definition) string {
	labels := ""
	for i, label := range d.Labels {
		if i > 0 {
			labels += ", "
		}
		labels += "`" + label + "`"
	}
	return strings.Join([]string{"`" + d.Name + "`", string(d.Kind), labels, d.Help}, "|")
}

// rows are the cells of a page's tables whose first one begins so, joined by "|".
func (p *page) rows(begin string) (all []string) {
	for _, l := range p.lines {
		cells := strings.Split(strings.Trim(l.text, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if strings.HasPrefix(l.text, "| ") && strings.HasPrefix(cells[0], begin) {
			all = append(all, strings.Join(cells, "|"))
		}
	}
	return all
}

func TestMetrics_EveryOneIsInTheTable(t *testing.T) {
	t.Parallel()
	var want []string
	for _, d := range metrics.Definitions() {
		want = append(want, row(d))
	}
	got := pageOf(t, metricsPage).rows("`zeroq_")
	for _, r := range want {
		if !slices.Contains(got, r) {
			t.Errorf("%s lacks the row %s", metricsPage, r)
		}
	}
	for _, r := range got {
		if !slices.Contains(want, r) {
			t.Errorf("%s has a row that the code does not: %s", metricsPage, r)
		}
	}
	if len(want) < 15 {
		t.Errorf("%d metrics", len(want))
	}
}

func TestMetrics_EveryValueOfALabelIsExplained(t *testing.T) {
	t.Parallel()
	p := pageOf(t, metricsPage)
	states, events := p.rows("`state` of a queue's tasks"), p.rows("`event`")
	if len(states) != 1 || len(events) != 1 {
		t.Fatalf("rows %q, %q", states, events)
	}
	for _, state := range zeroq.States {
		if !strings.Contains(states[0], "`"+string(state)+"`") {
			t.Errorf("%s does not name the state %s", metricsPage, state)
		}
	}
	for _, counter := range zeroq.Counters {
		if !strings.Contains(events[0], "`"+string(counter)+"`") {
			t.Errorf("%s does not name the event %s", metricsPage, counter)
		}
	}
}

var (
	metricName  = regexp.MustCompile(`\bzeroq_\w+`)
	metricEvent = regexp.MustCompile(`event="(\w*)"`)
	metricState = regexp.MustCompile(`state="(\w*)"`)
)

// unknown are the names in an expression that no scrape shows.
func unknown(expr string) (names []string) {
	known := make(map[string]bool)
	for _, d := range metrics.Definitions() {
		known[d.Name] = d.Kind != metrics.Histogram
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			known[d.Name+part] = d.Kind == metrics.Histogram
		}
	}
	for _, name := range metricName.FindAllString(expr, -1) {
		if !known[name] {
			names = append(names, name)
		}
	}
	for _, m := range metricEvent.FindAllStringSubmatch(expr, -1) {
		if !slices.Contains(zeroq.Counters, zeroq.Counter(m[1])) {
			names = append(names, m[0])
		}
	}
	for _, m := range metricState.FindAllStringSubmatch(expr, -1) {
		if !slices.Contains(zeroq.States, zeroq.State(m[1])) && m[1] != "handed_back" {
			names = append(names, m[0])
		}
	}
	return names
}

func TestMetrics_ExamplesUseWhatThereIs(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, b := range pageOf(t, metricsPage).blocks {
		if b.lang != "promql" {
			continue
		}
		seen++
		if names := unknown(b.text); len(names) > 0 || !metricName.MatchString(b.text) {
			t.Errorf("%s:%d: there is no %q", metricsPage, b.line, names)
		}
	}
	if seen < 5 {
		t.Errorf("%d examples", seen)
	}
	wrong := `zeroq_gone + zeroq_task_run_seconds + zeroq_up_sum + zeroq_tasks_total{event="won"} + x{state="lost"}`
	if names := unknown(wrong); len(names) != 5 {
		t.Errorf("found only %q", names)
	}
}

// alert is a rule of deploy/alerts.yaml, as Prometheus reads it.
type alert struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

func TestAlerts_UseWhatThereIsAndSayWhatToDo(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(alertsFile)))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []alert
		}
	}
	if err := yaml.UnmarshalStrict(content, &file); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if names := unknown(rule.Expr); len(names) > 0 || !metricName.MatchString(rule.Expr) {
				t.Errorf("%s: there is no %q", rule.Alert, names)
			}
			if rule.Annotations["summary"] == "" || !strings.HasSuffix(rule.Annotations["description"], ".") {
				t.Errorf("%s: %+v", rule.Alert, rule.Annotations)
			}
			want = append(want, "`"+rule.Alert+"`|"+rule.Labels["severity"])
		}
	}
	var got []string
	for _, r := range pageOf(t, metricsPage).rows("`Zeroq") {
		got = append(got, r[:strings.LastIndex(r, "|")])
	}
	if !slices.Equal(got, want) || len(want) < 8 {
		t.Errorf("%s has the alerts %q, %s %q", metricsPage, got, alertsFile, want)
	}
}
