package brokertest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

var keepAll = broker.Keep{Finished: 1000, Dead: 1000, DeadFor: time.Hour}

func (r *rig) gone(id string) bool {
	_, err := r.Broker.Task(r.ctx, id, "q")
	return errors.Is(err, zeroq.ErrNotFound)
}

func sweepForgets(t *testing.T, r *rig) {
	brief := []*zeroq.Task{task(zeroq.Retention(50 * time.Millisecond)), task(zeroq.ID("brief"), zeroq.Retention(50*time.Millisecond))}
	late := task(zeroq.Retention(50 * time.Millisecond))
	r.enqueue(append(brief, task(), late)...)
	m := r.join("w")
	d := r.fetch(m, 4)
	r.must(m.Settle(r.ctx, []broker.Outcome{
		r.succeed(m, d[0]), r.succeed(m, d[1]), r.succeed(m, d[2]),
		{Delivery: d[3], State: zeroq.Expired, FinishedAt: m.Now()},
	}))
	forgotten := 0
	r.until("retention is over", func() bool {
		swept, err := r.Broker.Sweep(r.ctx, "q", keepAll)
		r.must(err)
		forgotten += swept.Finished
		return forgotten >= 3
	})
	if !r.gone(brief[0].ID) || !r.gone("brief") || !r.gone(late.ID) {
		t.Error("something was kept")
	}
	if info := r.info(d[2].Task.ID); info.State != zeroq.Succeeded {
		t.Errorf("the young one is %+v", info)
	}
	errs := r.Broker.Enqueue(r.ctx, []*zeroq.Task{task(zeroq.ID("brief"))})
	r.must(errs[0])
}

func sweepCap(t *testing.T, r *rig) {
	m := r.join("w")
	var all []string
	for i := range 6 {
		r.enqueue(task())
		d := r.fetch(m, 1)[0]
		all = append(all, d.Task.ID)
		o := r.succeed(m, d)
		if i < 3 {
			o = r.failed(m, d, zeroq.Dead)
			o.FinishedAt = o.FinishedAt.Add(time.Duration(i) * time.Millisecond)
		}
		r.must(m.Settle(r.ctx, oneOutcome(o)))
	}
	swept, err := r.Broker.Sweep(r.ctx, "q", broker.Keep{Finished: 1, Dead: 2, DeadFor: time.Hour})
	r.must(err)
	if swept.Finished != 2 || swept.Dead != 1 {
		t.Errorf("swept %+v", swept)
	}
	for i, id := range all {
		if kept := i == 1 || i == 2 || i == 5; kept == r.gone(id) {
			t.Errorf("task %d: kept is %v", i, !kept)
		}
	}
}

func drainForeign(t *testing.T, r *rig) {
	const n = 200
	for i := range n {
		r.Push("foreign", fmt.Sprintf(`{"Type":1,"Data":%d}`, i))
	}
	ctx, cancel := context.WithCancel(r.ctx)
	drained := make(chan error, 1)
	go func() { drained <- r.Broker.Intake(ctx, ForeignList, "q") }()
	m := r.join("w")
	seen := map[string]bool{}
	for i, d := range r.fetch(m, n) {
		if string(d.Task.Data) != fmt.Sprint(i) && !r.carried() {
			t.Fatalf("message %d is %s", i, d.Raw)
		}
		seen[string(d.Task.Data)] = true
	}
	if len(seen) != n {
		t.Errorf("%d different messages came", len(seen))
	}
	cancel()
	if err := <-drained; err != nil {
		t.Errorf("drain: %v", err)
	}
}

// ForeignList is the list that Push puts messages of the queue "foreign" on; Drain reads it. Its hash
// tag is that of the queue q, as Redis Cluster asks.
const ForeignList = "task_queue{q}"
