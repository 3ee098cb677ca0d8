package e2e

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

// run runs a worker until the test ends.
func run(t *testing.T, conf worker.Conf, mux *zeroq.Mux) {
	t.Helper()
	w, err := worker.New(conf, mux, worker.Metrics(nil))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Start()
	}()
	t.Cleanup(func() {
		w.Stop()
		<-done
	})
}

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tooLate := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tooLate:
			t.Fatalf("waited in vain: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// What the API accepts goes on to Kafka while no worker runs, and the first one that starts finds it there, in the
// order of its group.
func TestRelays_MoveTasksWhileNoWorkerRuns(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	redis, inRedis := redistest.New(t)
	kafka := kafkatest.New(t)
	brokers := []zeroq.BrokerConf{{Name: "k", Kafka: &kafka}}
	c, url := start(t, redis, func(conf *app.Conf) {
		conf.Brokers, conf.Relays = brokers, []app.Relay{{Queue: "orders", Broker: "k"}}
	})
	// A queue is known to keep order once its relay has said so.
	wait(t, url+"/v1/queues", `"queue":"orders"`)
	const tasks = 20
	var lines strings.Builder
	for i := range tasks {
		lines.WriteString(`{"type":"a","queue":"orders","group":"g","id":"t` + strconv.Itoa(i) + `"}` + "\n")
	}
	eventually(t, "groups are taken", func() bool {
		status, _ := call(t, http.MethodPost, url+"/v1/tasks", `{"type":"a","queue":"orders","group":"g","id":"first"}`)
		return status == http.StatusAccepted
	})
	result, err := c.EnqueueLines(t.Context(), strings.NewReader(lines.String()))
	if err != nil || result.Accepted != tasks {
		t.Fatalf("%+v, %v", result, err)
	}
	eventually(t, "Redis has no more of them", func() bool {
		left, err := inRedis.LLen(t.Context(), "zq:{orders}:ready").Result()
		moving, err2 := inRedis.LLen(t.Context(), "zq:{orders}:relaying").Result()
		return err == nil && err2 == nil && left+moving == 0
	})
	wait(t, url+"/v1/queues/orders", `"ready":`+strconv.Itoa(tasks+1))

	var mu sync.Mutex
	var ran []string
	mux := zeroq.NewMux()
	mux.HandleFunc("a", func(_ context.Context, task *zeroq.Task) error {
		mu.Lock()
		defer mu.Unlock()
		ran = append(ran, task.ID)
		return nil
	})
	run(t, worker.Conf{Redis: redis, Brokers: brokers, Pools: []worker.PoolConf{{
		Queues: []worker.QueueConf{{Name: "orders", Broker: "k"}},
	}}}, mux)
	wait(t, url+"/v1/tasks/t"+strconv.Itoa(tasks-1), `"state":"succeeded"`)
	mu.Lock()
	defer mu.Unlock()
	if len(ran) != tasks+1 || ran[0] != "first" {
		t.Errorf("ran %q", ran)
	}
	for i, id := range ran[1:] {
		if id != "t"+strconv.Itoa(i) {
			t.Fatalf("ran %q", ran)
		}
	}
}

func TestGroup_IsRefusedWhereNoOrderIsKept(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	redis, _ := redistest.New(t)
	c, url := start(t, redis)
	status, body := call(t, http.MethodPost, url+"/v1/tasks", `{"type":"a","group":"g"}`)
	if status != http.StatusBadRequest || !strings.Contains(body, `"code":"invalid_field"`) || !strings.Contains(body, `"field":"group"`) {
		t.Errorf("got %d %s", status, body)
	}
	var refused *client.Error
	err := c.Enqueue(t.Context(), zeroq.NewTask("a", 1, zeroq.Group("g")))
	if !errors.As(err, &refused) || refused.Field != "group" {
		t.Errorf("got %v", err)
	}
}
