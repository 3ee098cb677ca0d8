package brokertest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func inspectCounts(t *testing.T, r *rig) {
	r.enqueue(task(zeroq.Delay(time.Hour)))
	for range 6 {
		r.enqueue(task())
	}
	m := r.join("w")
	d := r.fetch(m, 5)
	retry := r.failed(m, d[1], zeroq.Retry)
	retry.NextAttempt, retry.RunAt = 2, m.Now().Add(time.Hour)
	r.must(m.Settle(r.ctx, []broker.Outcome{
		r.succeed(m, d[0]), retry, r.failed(m, d[2], zeroq.Dead),
		{Delivery: d[3], State: zeroq.Expired, FinishedAt: m.Now()},
	}))
	queues, err := r.Broker.Queues(r.ctx)
	r.must(err)
	if len(queues) != 1 || queues[0].Queue != "q" {
		t.Fatalf("queues %+v", queues)
	}
	want := map[zeroq.State]int64{
		zeroq.Scheduled: 1, zeroq.Ready: 1, zeroq.Leased: 1, zeroq.Retry: 1,
		zeroq.Succeeded: 1, zeroq.Dead: 1, zeroq.Cancelled: 0, zeroq.Expired: 1,
	}
	for _, state := range zeroq.States {
		if n, known := queues[0].Counts[state]; !known || n != want[state] {
			t.Errorf("%d %s, want %d", n, state, want[state])
		}
	}
	r.until("the oldest gets older", func() bool {
		if r.carried() {
			return true // it is away: nobody knows when it was enqueued
		}
		info, err := r.Broker.Queue(r.ctx, "q")
		r.must(err)
		return info.OldestAge > 0 && info.OldestAge < time.Minute
	})
	if _, err := r.Broker.Queue(r.ctx, "never"); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("a queue that never was: %v", err)
	}
}

func inspectByID(t *testing.T, r *rig) {
	other := task(zeroq.ID("twin"), zeroq.Queue("other"))
	r.enqueue(task(zeroq.ID("twin")), other, task(zeroq.ID("only"), zeroq.Queue("other")))
	if info := r.info("only"); info.Queue != "other" {
		t.Errorf("found in %s", info.Queue)
	}
	if _, err := r.Broker.Task(r.ctx, "twin", ""); !errors.Is(err, zeroq.ErrAmbiguousID) {
		t.Errorf("twins: %v", err)
	}
	info, err := r.Broker.Task(r.ctx, "twin", "other")
	r.must(err)
	if info.Queue != "other" || info.State != zeroq.Ready {
		t.Errorf("found %+v", info)
	}
	ours := task()
	r.enqueue(ours)
	for id, queue := range map[string]string{"nobody": "", "q~0~0000009999": "", "bad id": "", "": "", ours.ID: "other", "Q~0~0000000001": ""} {
		if _, err := r.Broker.Task(r.ctx, id, queue); !errors.Is(err, zeroq.ErrNotFound) {
			t.Errorf("%q in %q: %v", id, queue, err)
		}
	}
}

func inspectWait(t *testing.T, r *rig) {
	one := task()
	r.enqueue(one)
	impatient, cancel := context.WithTimeout(r.ctx, 300*time.Millisecond)
	defer cancel()
	info, err := r.Broker.WaitTask(impatient, one.ID, "")
	r.must(err)
	if info.State != zeroq.Ready {
		t.Errorf("the task is %s", info.State)
	}
	done := make(chan *zeroq.TaskInfo, 1)
	go func() {
		info, err := r.Broker.WaitTask(r.ctx, one.ID, "")
		if err != nil {
			t.Errorf("wait: %v", err)
		}
		done <- info
	}()
	m := r.join("w")
	o := r.succeed(m, r.fetch(m, 1)[0])
	o.Result = json.RawMessage(`1`)
	r.must(m.Settle(r.ctx, oneOutcome(o)))
	if info := <-done; info == nil || info.State != zeroq.Succeeded || string(info.Result) != "1" {
		t.Errorf("waited for %+v", info)
	}
}

func registryLists(t *testing.T, r *rig) {
	started := time.Now().UTC().Truncate(time.Millisecond)
	for _, id := range []string{"b", "a"} {
		r.must(r.Broker.Announce(r.ctx, zeroq.WorkerInfo{
			ID: id, Host: "h", PID: 7, Queues: []string{"q"}, Slots: 3, StartedAt: started,
			Running: []zeroq.RunningTask{{ID: "x", Type: "echo", Queue: "q", Attempt: 2, StartedAt: started}},
		}, time.Minute))
	}
	workers, err := r.Broker.Workers(r.ctx)
	r.must(err)
	if len(workers) != 2 || workers[0].ID != "a" || workers[0].Running[0].Attempt != 2 || workers[0].LastHeartbeat.IsZero() ||
		!workers[0].StartedAt.Equal(started) {
		t.Fatalf("workers %+v", workers)
	}
	r.must(r.Broker.Retire(r.ctx, "a"))
	workers, err = r.Broker.Workers(r.ctx)
	r.must(err)
	if len(workers) != 1 || workers[0].ID != "b" {
		t.Errorf("workers %+v", workers)
	}
}
