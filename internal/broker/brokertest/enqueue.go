package brokertest

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

func enqueueIsFetchedInOrder(t *testing.T, r *rig) {
	tasks := []*zeroq.Task{task(), task(), task(), task()}
	r.enqueue(tasks[:3]...)
	r.enqueue(tasks[3])
	deliveries := r.fetch(r.join("w"), 4)
	for i, d := range deliveries {
		if d.Task.ID != tasks[i].ID || d.Task.ID == "" {
			t.Fatalf("fetched %v", ids(deliveries))
		}
	}
	got := deliveries[0].Task
	if got.Type != "echo" || string(got.Data) != `{"n":1}` || got.Queue != "q" || got.Attempt != 1 ||
		got.MaxAttempts != zeroq.DefaultMaxAttempts || got.Timeout != zeroq.DefaultTimeout ||
		!got.EnqueuedAt.Equal(tasks[0].EnqueuedAt) || time.Since(got.EnqueuedAt).Abs() > time.Minute {
		t.Errorf("fetched %+v", got)
	}
}

func enqueueAnyNumber(t *testing.T, r *rig) {
	const n = 1500 // more than one script takes
	tasks := make([]*zeroq.Task, n)
	for i := range tasks {
		tasks[i] = task()
	}
	r.enqueue(tasks...)
	m, seen := r.join("w"), map[string]bool{}
	for len(seen) < n {
		deliveries := r.some(m, n)
		if len(deliveries) == 0 {
			t.Fatalf("only %d of %d came", len(seen), n)
		}
		for _, d := range deliveries {
			if d.Task.ID != tasks[len(seen)].ID && !r.carried() || seen[d.Task.ID] {
				t.Fatalf("out of order at %d", len(seen))
			}
			seen[d.Task.ID] = true
		}
		if r.carried() { // a member of so many slots holds as many, and no more
			for _, d := range deliveries {
				r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
			}
		}
	}
	r.none(m)
}

func enqueueChosenIDOnce(t *testing.T, r *rig) {
	r.enqueue(task(zeroq.ID("mine")))
	errs := r.Broker.Enqueue(r.ctx, []*zeroq.Task{task(zeroq.ID("mine")), task(zeroq.ID("other")), task()})
	if !errors.Is(errs[0], zeroq.ErrDuplicateID) || errs[1] != nil || errs[2] != nil {
		t.Fatalf("errors %v", errs)
	}
	m := r.join("w")
	deliveries := r.fetch(m, 3)
	if got := ids(deliveries); !slices.Contains(got, "mine") || !slices.Contains(got, "other") {
		t.Fatalf("fetched %v", got)
	}
	for _, d := range deliveries {
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
	}
	errs = r.Broker.Enqueue(r.ctx, []*zeroq.Task{task(zeroq.ID("mine"))})
	if !errors.Is(errs[0], zeroq.ErrDuplicateID) {
		t.Errorf("a finished task's id was free: %v", errs[0])
	}
}

func enqueueDelayed(t *testing.T, r *rig) {
	soon, late := task(zeroq.Delay(300*time.Millisecond)), task(zeroq.RunAt(time.Now().Add(time.Hour)))
	now := task()
	r.enqueue(soon, late, now)
	m := r.join("w")
	if got := r.fetch(m, 1); got[0].Task.ID != now.ID {
		t.Fatalf("fetched %v", ids(got))
	}
	if info := r.info(soon.ID); info.State != zeroq.Scheduled || !info.NextRunAt.Equal(soon.RunAt) ||
		!json.Valid(info.Data) || info.Attempt != 0 {
		t.Errorf("scheduled task is %+v", info)
	}
	r.none(m)
	var early bool
	r.until("its time comes", func() bool {
		n, err := r.Broker.Promote(r.ctx, "q")
		r.must(err)
		early = n > 0 && m.Now().Before(soon.RunAt)
		return n > 0
	})
	if early {
		t.Error("promoted before its time")
	}
	if got := r.fetch(m, 1); got[0].Task.ID != soon.ID {
		t.Fatalf("fetched %v", ids(got))
	}
	if info := r.info(late.ID); info.State != zeroq.Scheduled {
		t.Errorf("the late one is %s", info.State)
	}
}
