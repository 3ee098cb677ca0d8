package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// call sends one request and returns its status and body.
func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// wait asks until the answer has the text.
func wait(t *testing.T, url, text string) {
	t.Helper()
	tooLate := time.After(30 * time.Second)
	for {
		_, answer := call(t, http.MethodGet, url, "")
		if strings.Contains(answer, text) {
			return
		}
		select {
		case <-tooLate:
			t.Fatalf("still waiting for %s: %s", text, answer)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Operations and schedules go on in an API that has no worker beside it.
func TestUpkeep_GoesOnWithoutWorkers(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	conf, _ := redistest.New(t)
	c, url := start(t, conf)
	if err := c.Enqueue(t.Context(), &zeroq.Task{Type: "a", Delay: time.Hour}); err != nil {
		t.Fatal(err)
	}
	status, body := call(t, http.MethodPost, url+"/v1/queues/default/purge", `{"state":"scheduled"}`)
	var op struct{ ID string }
	if err := json.Unmarshal([]byte(body), &op); err != nil || status != http.StatusAccepted {
		t.Fatalf("got %d %s: %v", status, body, err)
	}
	wait(t, url+"/v1/operations/"+op.ID, `"status":"done","matched":1,"done":1,"failed":0`)
	if status, body := call(t, http.MethodPut, url+"/v1/schedules/often", `{"spec":"@every 1s","task":{"type":"a"}}`); status != http.StatusCreated {
		t.Fatalf("got %d %s", status, body)
	}
	wait(t, url+"/v1/schedules/often", `"last_task":"default~`)
	if status, body := call(t, http.MethodDelete, url+"/v1/schedules/often", ""); status != http.StatusNoContent {
		t.Fatalf("got %d %s", status, body)
	}
}
