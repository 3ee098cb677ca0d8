package e2e

import (
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// metrics is what go-zero's DevServer answers at /metrics.
func metrics(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(promhttp.Handler())
	defer server.Close()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// hold pauses and limits a queue.
func hold(t *testing.T, conf zeroq.RedisConf, queue string, limits zeroq.LimitsChange) {
	t.Helper()
	b, err := redisq.Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.Pause(t.Context(), queue), b.Limit(t.Context(), queue, limits), b.Close()); err != nil {
		t.Fatal(err)
	}
}

// It is not parallel, as the process has one registry for all APIs.
func TestMetrics_ShowTheQueuesAsLongAsTheAPIRuns(t *testing.T) {
	conf, _ := redistest.New(t)
	t.Run("while it runs", func(t *testing.T) {
		c, _ := start(t, conf)
		if err := c.Enqueue(t.Context(), zeroq.NewTask("x", nil, zeroq.Queue("mail")), zeroq.NewTask("x", nil, zeroq.Queue("mail"))); err != nil {
			t.Fatal(err)
		}
		hold(t, conf, "mail", zeroq.LimitsChange{Concurrency: new(5)})
		text := metrics(t)
		for _, line := range []string{
			"zeroq_up 1\n", `zeroq_queue_tasks{queue="mail",state="ready"} 2` + "\n", `zeroq_queue_paused{queue="mail"} 1` + "\n",
			`zeroq_tasks_total{event="enqueued",queue="mail"} 2` + "\n", `zeroq_queue_limit{limit="concurrency",queue="mail"} 5` + "\n",
		} {
			if !strings.Contains(text, line) {
				t.Errorf("%q is not in %s", line, text)
			}
		}
	})
	if text := metrics(t); strings.Contains(text, "zeroq_") {
		t.Errorf("after its end there is %s", text)
	}
}
