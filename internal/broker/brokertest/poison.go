package brokertest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// poisonIsQuarantined: a task that kills every worker takes nobody along for long.
func poisonIsQuarantined(t *testing.T, r *rig) {
	guilty := task(zeroq.ID("guilty"))
	r.enqueue(guilty)
	for range 5 {
		r.enqueue(task())
	}
	r.dies("first", 6)
	if n := r.present()[zeroq.Ready]; n != 6 {
		t.Fatalf("%d are ready after the first death", n)
	}
	r.dies("second", 6) // a power cut is nobody's fault: they came back as they were
	if n := r.present()[zeroq.Ready]; n != 6 {
		t.Fatalf("%d are ready after the second death", n)
	}
	finished := 0
	for deaths := 0; r.present()[zeroq.Dead] == 0; {
		m := r.join("next")
		got := r.some(m, 10)
		if len(got) != 1 {
			t.Fatalf("a worker was given %d suspects", len(got))
		}
		if more, err := m.Fetch(r.ctx, 10, 0); err != nil || len(more) > 0 {
			t.Fatalf("and %d more, %v", len(more), err)
		}
		if got[0].Task.ID == "guilty" {
			if deaths++; deaths > 1 {
				t.Fatal("it killed four workers")
			}
			r.kill(m)
			r.reap(1)
			continue
		}
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, got[0]))))
		r.kill(m)
		finished++
	}
	if info := r.info("guilty"); info.State != zeroq.Dead || !strings.Contains(info.Error, "poison") || len(info.Data) == 0 {
		t.Errorf("it is %+v", info)
	}
	for m := r.join("last"); finished < 5; finished++ {
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, r.fetchUpTo(m, 10, 1)[0]))))
	}
	if got := r.present(); got[zeroq.Succeeded] != 5 || got[zeroq.Ready] != 0 || got[zeroq.Leased] != 0 {
		t.Errorf("counts %v", got)
	}
}

// dies has a worker take n tasks and die.
func (r *rig) dies(worker string, n int) {
	r.t.Helper()
	m := r.join(worker)
	r.fetch(m, n)
	r.kill(m)
	r.reap(n)
}

// poisonOrderlyIsNoCrash: what a live worker hands back has crashed nothing.
func poisonOrderlyIsNoCrash(t *testing.T, r *rig) {
	r.enqueue(task(), task())
	m := r.join("w")
	for range 6 {
		var back []broker.Outcome
		for _, d := range r.fetch(m, 2) {
			o := r.succeed(m, d)
			o.State = zeroq.Ready
			back = append(back, o)
		}
		r.must(m.Settle(r.ctx, back))
	}
	if got := r.fetchUpTo(m, 10, 2); got[0].Task.Attempt != 1 {
		t.Errorf("attempt %d", got[0].Task.Attempt)
	}
}

// callOffTellsTheWorker: whoever has a task learns that it is called off, and nothing lets it run again.
func callOffTellsTheWorker(t *testing.T, r *rig) {
	told := make(chan string, 100)
	m, err := r.Broker.Join(r.ctx, broker.Join{
		Queue: "q", Worker: "w", Mode: broker.AtLeastOnce, Lease: testLease, Stop: func(id string) { told <- id },
	})
	r.must(err)
	r.enqueue(task(), task(), task(), task())
	held := r.fetch(m, 4)
	for _, d := range held[:3] {
		if state, err := r.Broker.Cancel(r.ctx, d.Task.ID, ""); state != zeroq.Leased || err != nil {
			t.Fatalf("cancel: %s, %v", state, err)
		}
		if info := r.info(d.Task.ID); info.State != zeroq.Leased || !info.CancelRequested {
			t.Errorf("it is %+v", info)
		}
	}
	var heard []string
	r.until("the worker is told", func() bool {
		r.must(m.Beat(r.ctx)) // a heartbeat tells of all of them, if nothing was faster
		for len(told) > 0 {
			// Other tests call off tasks of theirs, and channels are the server's.
			if id := <-told; slices.ContainsFunc(held[:3], has(id)) && !slices.Contains(heard, id) {
				heard = append(heard, id)
			}
		}
		return len(heard) == 3
	})
	retry := r.failed(m, held[0], zeroq.Retry)
	retry.NextAttempt, retry.RunAt = 2, m.Now()
	back := r.succeed(m, held[1])
	back.State = zeroq.Ready
	r.must(m.Settle(r.ctx, []broker.Outcome{retry, back, r.succeed(m, held[2]), r.succeed(m, held[3])}))
	for i, want := range []zeroq.State{zeroq.Cancelled, zeroq.Cancelled, zeroq.Succeeded, zeroq.Succeeded} {
		if info := r.info(held[i].Task.ID); info.State != want || info.CancelRequested {
			t.Errorf("task %d is %+v, want %s", i, info, want)
		}
	}
	r.must(m.Leave(r.ctx))
}

// has tells whether a delivery is that of a task.
func has(id string) func(*broker.Delivery) bool {
	return func(d *broker.Delivery) bool { return d.Task.ID == id }
}

// callOffOutlivesTheWorker: a task that was called off does not come back with the death of its worker.
func callOffOutlivesTheWorker(t *testing.T, r *rig) {
	r.enqueue(task(zeroq.ID("off")), task(zeroq.ID("on")))
	dead := r.join("dead")
	r.fetch(dead, 2)
	_, err := r.Broker.Cancel(r.ctx, "off", "")
	r.must(err)
	r.kill(dead)
	r.reap(2)
	if info := r.info("off"); info.State != zeroq.Cancelled {
		t.Errorf("it is %+v", info)
	}
	if got := ids(r.fetchUpTo(r.join("w"), 10, 1)); got[0] != "on" {
		t.Errorf("fetched %v", got)
	}
}

func progressIsShown(t *testing.T, r *rig) {
	r.enqueue(task(), task())
	m := r.join("w")
	held := r.fetch(m, 2)
	id := held[0].Task.ID
	r.must(m.Report(r.ctx, held[0].Lease, map[string]json.RawMessage{held[0].Receipt: json.RawMessage(`{"page":3}`), "stranger": json.RawMessage(`1`)}))
	if info := r.info(id); string(info.Progress) != `{"page":3}` {
		t.Errorf("while it runs: %+v", info)
	}
	retry := r.failed(m, held[0], zeroq.Retry)
	retry.NextAttempt, retry.RunAt, retry.Progress = 2, m.Now(), json.RawMessage(`{"page":4}`)
	r.must(m.Settle(r.ctx, oneOutcome(retry)))
	if info := r.info(id); string(info.Progress) != `{"page":4}` {
		t.Errorf("afterwards: %+v", info)
	}
	done := r.succeed(m, held[1])
	done.Progress = json.RawMessage(`1`)
	r.must(m.Settle(r.ctx, oneOutcome(done)))
	if info := r.info(held[1].Task.ID); string(info.Progress) != `1` {
		t.Errorf("in the end: %+v", info)
	}
	r.must(m.Report(r.ctx, held[1].Lease, map[string]json.RawMessage{held[1].Receipt: json.RawMessage(`"late"`)}))
	if info := r.info(held[1].Task.ID); string(info.Progress) != `1` {
		t.Errorf("a report that came late was kept: %+v", info)
	}
}
