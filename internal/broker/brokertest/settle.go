package brokertest

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func oneOutcome(o broker.Outcome) []broker.Outcome { return []broker.Outcome{o} }

func settleSucceeded(t *testing.T, r *rig) {
	ours, chosen := task(), task(zeroq.ID("mine"))
	r.enqueue(ours, chosen)
	m := r.join("w")
	for _, d := range r.fetch(m, 2) {
		if info := r.info(d.Task.ID); info.State != zeroq.Leased || info.Worker != "w" || string(info.Data) != `{"n":1}` {
			t.Errorf("running task is %+v", info)
		}
		o := r.succeed(m, d)
		o.Result = json.RawMessage(`{"big":9007199254740993,"html":"<&>"}`)
		r.must(m.Settle(r.ctx, oneOutcome(o)))
		info := r.info(d.Task.ID)
		if info.State != zeroq.Succeeded || string(info.Result) != string(o.Result) || info.Attempt != 1 ||
			info.Worker != "w" || !info.StartedAt.Equal(o.StartedAt) || !info.FinishedAt.Equal(o.FinishedAt) ||
			info.Type != "echo" || !info.EnqueuedAt.Equal(d.Task.EnqueuedAt) {
			t.Errorf("finished task is %+v", info)
		}
	}
	r.none(m)
}

func settleRetry(t *testing.T, r *rig) {
	r.Push("q", ` {"x":{"b":1, "a":[]}, "type":"echo","data": {"n" : 12345678901234567890, "s":"<&>"} }`)
	m := r.join("w")
	for attempt := 1; attempt <= 7; attempt++ {
		d := r.fetch(m, 1)[0]
		if d.Task.Attempt != attempt || string(d.Task.Data) != `{"n" : 12345678901234567890, "s":"<&>"}` {
			t.Fatalf("attempt %d is %+v", attempt, d.Task)
		}
		o := r.failed(m, d, zeroq.Retry)
		o.NextAttempt, o.RunAt = attempt+1, m.Now().Add(20*time.Millisecond)
		r.must(m.Settle(r.ctx, oneOutcome(o)))
		info := r.info(d.Task.ID)
		if attempt == 1 && (info.State != zeroq.Retry || info.Attempt != 1 || info.Error != "boom" ||
			!info.NextRunAt.Equal(o.RunAt) || info.Errors[0].Duration != time.Second) {
			t.Errorf("waiting task is %+v", info)
		}
		if want := min(attempt, zeroq.MaxErrors); len(info.Errors) != want || info.Errors[want-1].Attempt != attempt {
			t.Errorf("after attempt %d it has %+v", attempt, info.Errors)
		}
		r.none(m)
		r.until("its time comes", func() bool {
			n, err := r.Broker.Promote(r.ctx, "q")
			r.must(err)
			return n == 1
		})
		if info := r.info(d.Task.ID); info.State != zeroq.Ready {
			t.Errorf("promoted task is %s", info.State)
		}
	}
}

func settleDead(t *testing.T, r *rig) {
	r.enqueue(task())
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	r.must(m.Settle(r.ctx, oneOutcome(r.failed(m, d, zeroq.Dead))))
	info := r.info(d.Task.ID)
	if info.State != zeroq.Dead || info.Error != "boom" || string(info.Data) != `{"n":1}` || info.FinishedAt.IsZero() {
		t.Errorf("dead letter is %+v", info)
	}
	r.none(m)
}

func settleExpired(t *testing.T, r *rig) {
	r.enqueue(task(zeroq.Retention(time.Minute)))
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	r.must(m.Settle(r.ctx, oneOutcome(broker.Outcome{Delivery: d, State: zeroq.Expired, FinishedAt: m.Now()})))
	if info := r.info(d.Task.ID); info.State != zeroq.Expired || info.Attempt != 0 || !info.StartedAt.IsZero() {
		t.Errorf("expired task is %+v", info)
	}
	r.none(m)
}

func settleHandBack(t *testing.T, r *rig) {
	r.enqueue(task(), task(), task(), task())
	m := r.join("w")
	first := r.fetch(m, 3)
	var back []broker.Outcome
	for _, d := range first {
		back = append(back, broker.Outcome{Delivery: d, State: zeroq.Ready})
	}
	r.must(m.Settle(r.ctx, back))
	again := r.fetch(m, 4)
	if !slices.Equal(ids(again)[:3], ids(first)) && !r.carried() { // who travels comes behind the others
		t.Errorf("handed back %v, fetched %v", ids(first), ids(again))
	}
	if again[0].Task.Attempt != 1 {
		t.Errorf("a hand-back used an attempt: %d", again[0].Task.Attempt)
	}
}

func settleTwice(t *testing.T, r *rig) {
	r.enqueue(task())
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
	err := m.Settle(r.ctx, oneOutcome(r.failed(m, d, zeroq.Dead)))
	if !errors.Is(err, zeroq.ErrLeaseLost) {
		t.Errorf("settled again: %v", err)
	}
	if info := r.info(d.Task.ID); info.State != zeroq.Succeeded {
		t.Errorf("the task is %s", info.State)
	}
}
