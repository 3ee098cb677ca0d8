package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

// crew is a worker, and what its handlers were given.
type crew struct {
	conf   zeroq.RedisConf
	client *redis.Client
	good   chan string // data of the tasks that come in between

	mu  sync.Mutex
	ran map[string]int // data of the others, and how often
}

// newCrew runs a worker of the default queue until the test ends.
func newCrew(t testing.TB) *crew {
	t.Helper()
	conf, client := redistest.New(t)
	c := &crew{conf: conf, client: client, good: make(chan string, 2*corpusSize), ran: make(map[string]int)}
	mux := zeroq.NewMux()
	mux.HandleFunc("good", func(_ context.Context, task *zeroq.Task) error {
		c.good <- string(task.Data)
		return nil
	})
	for _, typ := range []string{"a", "1"} {
		mux.HandleFunc(typ, func(_ context.Context, task *zeroq.Task) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.ran[string(task.Data)]++
			return nil
		})
	}
	var settings worker.Conf
	settings.Redis, settings.Drain = conf, time.Second
	w, err := worker.New(settings, mux)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Start()
	}()
	t.Cleanup(func() {
		w.Stop()
		<-ended
	})
	return c
}

const (
	ready = "zq:{default}:ready"
	// goodEvery is how many of the corpus are between two good tasks.
	goodEvery = 25
)

// wantGood waits for the good tasks, which are numbered.
func (c *crew) wantGood(t *testing.T, n int) {
	t.Helper()
	tooLate := time.After(30 * time.Second)
	seen := make(map[string]bool)
	for len(seen) < n {
		select {
		case data := <-c.good:
			seen[data] = true
		case <-tooLate:
			t.Fatalf("%d of %d good tasks have run", len(seen), n)
		}
	}
}

// rest waits until nothing waits and nothing runs.
func (c *crew) rest(t *testing.T) {
	t.Helper()
	tooLate := time.After(30 * time.Second)
	for {
		waiting := c.client.LLen(t.Context(), ready).Val() + c.client.LLen(t.Context(), ready+":high").Val() + c.client.LLen(t.Context(), ready+":low").Val()
		running := c.client.HGet(t.Context(), "zq:{default}:gate", "inflight").Val()
		if waiting == 0 && (running == "" || running == "0") {
			return
		}
		select {
		case <-tooLate:
			t.Fatalf("%d wait and %s run", waiting, running)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// unread are the dead letters that were never admitted, byte for byte, with how often each is there.
func (c *crew) unread(t *testing.T) map[string]int {
	t.Helper()
	all := make(map[string]int)
	ids := c.client.ZRange(t.Context(), "zq:{default}:dead", 0, -1).Val()
	if len(ids) == 0 {
		return all
	}
	for _, message := range c.client.HMGet(t.Context(), "zq:{default}:parked", ids...).Val() {
		if text, _ := message.(string); !admitted(text) {
			all[text]++
		}
	}
	return all
}

// admitted reports whether a message looks like one that the engine wrote. Nobody else may push such ones.
func admitted(message string) bool { return strings.HasPrefix(message, `{"id":"`) }

// A thousand messages that no program should write are each a task or a dead letter with their bytes, as the
// documents say; those between them run.
func TestBadInput_OnTheList(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	now := time.Now()
	ref := reference{now: now}
	dead, run, ids := map[string]int{}, map[string]int{}, map[string]bool{}
	good := 0
	for i, raw := range corpus(now) {
		s := ref.judge(raw)
		if len(raw) == 0 || admitted(string(raw)) || s.id != "" && ids[s.id] {
			continue // the second of an id depends on when the first one ended
		}
		ids[s.id] = true
		switch {
		case !s.ok:
			dead[string(raw)]++
		case s.plain && (s.typ == "a" || s.typ == "1"):
			run[s.data]++
		}
		if err := c.client.LPush(t.Context(), ready, raw).Err(); err != nil {
			t.Fatal(err)
		}
		if i%goodEvery == 0 {
			if err := c.client.LPush(t.Context(), ready, fmt.Sprintf(`{"type":"good","data":%d}`, i)).Err(); err != nil {
				t.Fatal(err)
			}
			good++
		}
	}
	c.wantGood(t, good)
	c.rest(t)
	wantCounts(t, "dead letter", c.unread(t), dead)
	c.mu.Lock()
	defer c.mu.Unlock()
	for data, n := range run {
		if data == "" {
			data = "null"
		}
		if c.ran[data] < n {
			t.Errorf("of %d tasks of data %.100q %d have run", n, data, c.ran[data])
		}
	}
}

func wantCounts(t *testing.T, what string, got, want map[string]int) {
	t.Helper()
	for message, n := range got {
		if n != want[message] {
			t.Errorf("%.300q is a %s %d times, should be %d times", message, what, n, want[message])
		}
	}
	for message, n := range want {
		if got[message] == 0 {
			t.Errorf("%.300q is no %s, should be one %d times", message, what, n)
		}
	}
}

// refusal is the answer to a body that is refused.
type refusal struct {
	Error struct{ Code, Message, Field string }
}

// The same over HTTP, where more is refused: the answer is a 202 or says what is wrong, and is never the
// server's fault.
func TestBadInput_OverHTTP(t *testing.T) {
	t.Parallel()
	c := newCrew(t)
	_, url := start(t, c.conf)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	post := func(body []byte) (int, []byte) {
		resp, err := client.Post(url+"/v1/tasks", "application/json", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, answer
	}
	ref, good := reference{http: true, now: time.Now()}, 0
	for i, raw := range corpus(ref.now) {
		status, answer := post(raw)
		wantStatus(t, raw, ref.judge(raw), status, answer)
		if i%goodEvery == 0 {
			if status, answer := post(fmt.Appendf(nil, `{"type":"good","data":%d}`, i)); status != http.StatusAccepted {
				t.Fatalf("a good task is answered %d %s", status, answer)
			}
			good++
		}
	}
	c.wantGood(t, good)
	c.rest(t)
	wantCounts(t, "dead letter", c.unread(t), nil)
}

// wantStatus: what is right is taken, or its id or its key is; what is wrong is refused by the name of the
// field, unless it is the text that is wrong.
func wantStatus(t *testing.T, body []byte, s sentence, status int, answer []byte) {
	t.Helper()
	if s.ok {
		if status != http.StatusAccepted && status != http.StatusConflict {
			t.Errorf("%.300q is right, and answered %d %s", body, status, answer)
		}
		return
	}
	var refused refusal
	if err := json.Unmarshal(answer, &refused); err != nil || status != http.StatusBadRequest || refused.Error.Message == "" {
		t.Errorf("%.300q is answered %d %s", body, status, answer)
	}
	switch refused.Error.Code {
	case "invalid_json":
		if s.json {
			t.Errorf("%.300q is JSON, and answered %s", body, answer)
		}
	case "invalid_field":
		if refused.Error.Field == "" {
			t.Errorf("%.300q: %s names no field", body, answer)
		}
	case "unknown_field":
	default:
		t.Errorf("%.300q is answered %s", body, answer)
	}
}
