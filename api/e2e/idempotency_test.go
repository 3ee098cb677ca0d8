package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// keyed is a POST under the idempotency key "k". Its answer is the body, behind "again " if it was kept.
func keyed(t *testing.T, url, contentType, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Idempotency-Key", "k")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusAccepted {
		t.Fatalf("got %d %s: %v", resp.StatusCode, answer, err)
	}
	if resp.Header.Get("Idempotent-Replayed") == "true" {
		return "again " + string(answer)
	}
	return string(answer)
}

// One process keeps the answer, another gives it again. When the first one died in between, the other
// enqueues nothing twice.
func TestIdempotency_AcrossProcesses(t *testing.T) {
	for name, send := range map[string]func(url string) string{
		"one": func(url string) string { return keyed(t, url+"/v1/tasks", "application/json", `{"type":"a"}`) },
		"lines": func(url string) string {
			return keyed(t, url+"/v1/tasks/batch", "application/x-ndjson", "{\"type\":\"a\"}\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer http.DefaultClient.CloseIdleConnections()
			conf, redis := redistest.New(t)
			c, first := start(t, conf)
			_, second := start(t, conf)
			answer := send(first)
			if again := send(second); again != "again "+answer {
				t.Errorf("got %s, at first %s", again, answer)
			}
			// The answer was never kept, and the lease is over.
			keys, err := redis.Keys(t.Context(), "zq:answer:*").Result()
			if err != nil || len(keys) != 1 {
				t.Fatalf("keys %q: %v", keys, err)
			}
			if err := redis.HDel(t.Context(), keys[0], "a").Err(); err != nil {
				t.Fatal(err)
			}
			if err := redis.HSet(t.Context(), keys[0], "u", 1).Err(); err != nil {
				t.Fatal(err)
			}
			if redo := send(second); redo != answer {
				t.Errorf("got %s, at first %s", redo, answer)
			}
			queue, err := c.Queue(t.Context(), zeroq.DefaultQueue)
			if err != nil || queue.Counts[zeroq.Ready] != 1 {
				t.Errorf("%+v, %v", queue, err)
			}
		})
	}
}
