// Package e2e tests the API on a real Redis.
package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) {
	if job := os.Getenv(loadEnv); job != "" {
		os.Exit(loadMain(job))
	}
	os.Exit(redistest.Main(m,
		// These of go-zero run as long as the process does.
		goleak.IgnoreAnyFunction("github.com/zeromicro/go-zero/core/proc.init.1.func1"),
		goleak.IgnoreAnyFunction("github.com/zeromicro/go-zero/core/stat.init.1.func1"),
	))
}

// start runs an API on the Redis until the test ends.
func start(t *testing.T, redis zeroq.RedisConf, change ...func(*app.Conf)) (c *client.Client, url string) {
	t.Helper()
	var conf app.Conf
	conf.Log = logx.LogConf{Mode: "console", Level: "severe"}
	conf.Host, conf.Timeout, conf.DrainTimeout, conf.Redis = "127.0.0.1", time.Second, 4*time.Second, redis
	for _, f := range change {
		f(&conf)
	}
	api, err := app.Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		api.Start()
	}()
	transport := &http.Transport{}
	t.Cleanup(func() {
		api.Stop()
		<-done
		transport.CloseIdleConnections()
	})
	url = "http://" + api.Addr().String()
	if c, err = client.New(url, client.WithHTTPClient(&http.Client{Transport: transport})); err != nil {
		t.Fatal(err)
	}
	return c, url
}

// work takes one task off the queue and settles it.
func work(t *testing.T, conf zeroq.RedisConf, outcome broker.Outcome) {
	t.Helper()
	ctx := t.Context()
	b, err := redisq.Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	member, err := b.Join(ctx, broker.Join{Queue: zeroq.DefaultQueue, Worker: "w", Mode: broker.AtLeastOnce, Lease: 12 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	deliveries, err := member.Fetch(ctx, 1, 0)
	if err != nil || len(deliveries) != 1 {
		t.Fatalf("fetched %d: %v", len(deliveries), err)
	}
	outcome.Delivery = deliveries[0]
	outcome.StartedAt, outcome.FinishedAt = member.Now(), member.Now()
	if err := member.Settle(ctx, []broker.Outcome{outcome}); err != nil {
		t.Fatal(err)
	}
	if err := member.Leave(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestLife(t *testing.T) {
	conf, _ := redistest.New(t)
	c, _ := start(t, conf)
	task := &zeroq.Task{Type: "a", Data: json.RawMessage(`{ "n": 9007199254740993 }`)}
	if err := c.Enqueue(t.Context(), task); err != nil || task.ID == "" {
		t.Fatalf("%q, %v", task.ID, err)
	}
	info, err := c.Task(t.Context(), task.ID, "")
	if err != nil || info.State != zeroq.Ready || info.Type != "a" || info.EnqueuedAt.IsZero() || info.MaxAttempts != 10 {
		t.Fatalf("%+v, %v", info, err)
	}
	waited := make(chan error)
	go func() {
		info, err := c.Wait(t.Context(), task.ID, "")
		if err == nil && (info.State != zeroq.Succeeded || string(info.Result) != `[1]`) {
			err = fmt.Errorf("got %+v", info)
		}
		waited <- err
	}()
	work(t, conf, broker.Outcome{State: zeroq.Succeeded, Result: json.RawMessage(`[1]`)})
	if err := <-waited; err != nil {
		t.Error(err)
	}
	queue, err := c.Queue(t.Context(), zeroq.DefaultQueue)
	if err != nil || queue.Counts[zeroq.Succeeded] != 1 || queue.Counts[zeroq.Ready] != 0 {
		t.Errorf("%+v, %v", queue, err)
	}
}

func TestDead(t *testing.T) {
	conf, _ := redistest.New(t)
	c, url := start(t, conf)
	const data = `{ "n": 9007199254740993, "l":[ ] }`
	reply, err := http.Post(url+"/v1/tasks", "application/json", strings.NewReader(`{"type":"a","id":"x","data":`+data+`}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = reply.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	work(t, conf, broker.Outcome{State: zeroq.Dead, Failure: &zeroq.AttemptError{Attempt: 1, At: time.Now(), Worker: "w", Message: "boom"}})
	info, err := c.Task(t.Context(), "x", "")
	if err != nil || info.State != zeroq.Dead || info.Error != "boom" || len(info.Errors) != 1 {
		t.Fatalf("%+v, %v", info, err)
	}
	if string(info.Data) != data {
		t.Errorf("data is %s", info.Data)
	}
}

func TestDuplicateScheduledAndAmbiguous(t *testing.T) {
	conf, _ := redistest.New(t)
	c, _ := start(t, conf)
	first := zeroq.NewTask("a", 1, zeroq.ID("x"), zeroq.Delay(time.Hour))
	if err := c.Enqueue(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	var refused *client.Error
	if err := c.Enqueue(t.Context(), zeroq.NewTask("a", 1, zeroq.ID("x"))); !errors.As(err, &refused) || refused.Status != 409 || refused.TaskID != "x" {
		t.Error(err)
	}
	if info, err := c.Task(t.Context(), "x", ""); err != nil || info.State != zeroq.Scheduled || info.NextRunAt.IsZero() {
		t.Errorf("%+v, %v", info, err)
	}
	if err := c.Enqueue(t.Context(), zeroq.NewTask("b", 1, zeroq.ID("x"), zeroq.Queue("mail"))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Task(t.Context(), "x", ""); !errors.Is(err, zeroq.ErrAmbiguousID) {
		t.Error(err)
	}
	if info, err := c.Task(t.Context(), "x", "mail"); err != nil || info.Type != "b" {
		t.Errorf("%+v, %v", info, err)
	}
	if queues, err := c.Queues(t.Context()); err != nil || len(queues) != 2 {
		t.Errorf("%+v, %v", queues, err)
	}
	if _, err := c.Task(t.Context(), "none", ""); !errors.Is(err, zeroq.ErrNotFound) {
		t.Error(err)
	}
}

// What the answer says of a task is what the broker has done with it.
func TestState(t *testing.T) {
	conf, _ := redistest.New(t)
	c, url := start(t, conf)
	defer http.DefaultClient.CloseIdleConnections()
	at := func(d time.Duration) string {
		return `,"run_at":"` + time.Now().Add(d).UTC().Format(time.RFC3339Nano) + `"`
	}
	for id, more := range map[string]string{"now": "", "past": at(-30 * time.Second), "later": at(time.Hour), "delay": `,"delay":"1h"`} {
		reply, err := http.Post(url+"/v1/tasks", "application/json", strings.NewReader(`{"type":"a","id":"`+id+`"`+more+`}`))
		if err != nil {
			t.Fatal(err)
		}
		var accepted struct{ State zeroq.State }
		err = json.NewDecoder(reply.Body).Decode(&accepted)
		_ = reply.Body.Close()
		info, infoErr := c.Task(t.Context(), id, zeroq.DefaultQueue)
		if err != nil || infoErr != nil || accepted.State != info.State || (info.State == zeroq.Ready) != (id == "now" || id == "past") {
			t.Errorf("%s: answered %+v, is %+v; %v, %v", id, accepted, info, err, infoErr)
		}
	}
}

func TestBatch(t *testing.T) {
	conf, _ := redistest.New(t)
	c, _ := start(t, conf)
	result, err := c.EnqueueBatch(t.Context(), func(yield func(*zeroq.Task) bool) {
		for i := range 5000 {
			if !yield(zeroq.NewTask("a", i, zeroq.ID(fmt.Sprint("t", i%4999)))) {
				return
			}
		}
	})
	if err != nil || result.Accepted != 4999 || result.Rejected != 1 || !errors.Is(result.Items[4999].Err, zeroq.ErrDuplicateID) {
		t.Fatalf("%+v, %v", result, err)
	}
	if queue, err := c.Queue(t.Context(), zeroq.DefaultQueue); err != nil || queue.Counts[zeroq.Ready] != 4999 {
		t.Errorf("%+v, %v", queue, err)
	}
}

// Without Redis everything but /healthz answers 503, and all is well as soon as it is back.
func TestRedisAway(t *testing.T) {
	server := redistest.StartServer(t)
	c, url := start(t, server.Conf())
	server.Stop()
	defer http.DefaultClient.CloseIdleConnections()
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/v1/queues": 503, "/v1/workers": 503, "/v1/tasks/x": 503} {
		reply, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(reply.Body)
		_ = reply.Body.Close()
		if reply.StatusCode != want || len(body) == 0 || (want == 503) != (reply.Header.Get("Retry-After") != "") {
			t.Errorf("%s: %d %s", path, reply.StatusCode, body)
		}
	}
	if err := c.Enqueue(t.Context(), zeroq.NewTask("a", 1)); !errors.Is(err, zeroq.ErrUnavailable) {
		t.Error(err)
	}
	server.Restart()
	if err := c.Enqueue(t.Context(), zeroq.NewTask("a", 1)); err != nil {
		t.Error(err)
	}
}
