package brokertest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// try enqueues one task and returns why it is not in.
func (r *rig) try(t *zeroq.Task) error { return r.Broker.Enqueue(r.ctx, []*zeroq.Task{t})[0] }

// heldBy checks that a task of the key is refused, as the one of the id has it.
func (r *rig) heldBy(id, when string, unique ...zeroq.Option) {
	r.t.Helper()
	err := r.try(task(unique...))
	duplicate, ok := errors.AsType[*zeroq.DuplicateError](err)
	if !ok || duplicate.TaskID != id || !errors.Is(err, zeroq.ErrDuplicate) {
		r.t.Errorf("%s: a second task is answered %v, want that %s has the key", when, err, id)
	}
}

func uniqueUntilFinished(t *testing.T, r *rig) {
	for _, end := range []zeroq.State{zeroq.Succeeded, zeroq.Dead, zeroq.Expired, zeroq.Cancelled} {
		key := zeroq.UniqueKey("report "+string(end), zeroq.UntilFinished)
		first := task(key)
		r.enqueue(first, task(zeroq.UniqueKey("another of "+string(end), zeroq.UntilFinished)))
		r.heldBy(first.ID, "ready", key)
		m := r.join("w")
		held := r.fetch(m, 2)
		committed, err := m.Commit(r.ctx, held)
		r.must(err)
		r.heldBy(first.ID, "running", key)
		retry := r.failed(m, committed[0], zeroq.Retry)
		retry.NextAttempt, retry.RunAt = 2, m.Now()
		r.must(m.Settle(r.ctx, oneOutcome(retry)))
		r.heldBy(first.ID, "to be retried", key)
		r.until("it is due", func() bool {
			n, err := r.Broker.Promote(r.ctx, "q")
			r.must(err)
			return n == 1
		})
		again := r.fetch(m, 1)[0]
		if again.Task.ID != first.ID || again.Task.Unique.Key != "report "+string(end) {
			t.Fatalf("fetched %+v", again.Task)
		}
		r.must(m.Settle(r.ctx, []broker.Outcome{r.failed(m, again, end)}))
		second := task(key)
		r.must(r.try(second))
		if second.ID == first.ID {
			t.Error("two tasks of one id")
		}
		last := r.fetch(m, 1)
		r.must(m.Settle(r.ctx, []broker.Outcome{r.succeed(m, last[0]), r.succeed(m, held[1])}))
		r.must(m.Leave(r.ctx))
	}
}

func uniqueUntilStarted(t *testing.T, r *rig) {
	key := zeroq.UniqueKey("report", zeroq.UntilStarted)
	first := task(key)
	r.enqueue(first)
	m := r.join("w")
	held := r.fetch(m, 1)
	r.heldBy(first.ID, "fetched", key)
	_, err := m.Commit(r.ctx, held)
	r.must(err)
	second := task(key)
	r.must(r.try(second))
	r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, held[0]))))
	r.heldBy(second.ID, "when the first has finished", key)
}

func uniqueForTime(t *testing.T, r *rig) {
	key := zeroq.UniqueFor("report", time.Hour)
	first := task(key)
	r.enqueue(first)
	m := r.join("w")
	r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, r.fetch(m, 1)[0]))))
	r.heldBy(first.ID, "when it has succeeded", key)
	other := task(zeroq.UniqueFor("other", time.Hour))
	r.enqueue(other)
	_, err := r.Broker.Cancel(r.ctx, other.ID, "")
	r.must(err)
	r.must(r.try(task(zeroq.UniqueFor("other", time.Hour))))
}

func uniqueDebounce(t *testing.T, r *rig) {
	debounced := func(n int, delay time.Duration) *zeroq.Task {
		one := task(zeroq.UniqueKey("save", zeroq.Debounce), zeroq.Delay(delay))
		one.Data = fmt.Appendf(nil, `{"n":%d}`, n)
		return one
	}
	first, second := debounced(1, time.Hour), debounced(2, 200*time.Millisecond)
	r.enqueue(first)
	r.enqueue(second)
	if second.ID != first.ID {
		t.Fatalf("the second is %s, the first %s", second.ID, first.ID)
	}
	info := r.info(first.ID)
	if info.State != zeroq.Scheduled || string(info.Data) != `{"n":2}` || !info.NextRunAt.Equal(second.RunAt) {
		t.Errorf("it is %+v", info)
	}
	r.heldBy(first.ID, "by another mode", zeroq.UniqueKey("save", zeroq.UntilFinished))
	r.until("it is due", func() bool {
		n, err := r.Broker.Promote(r.ctx, "q")
		r.must(err)
		return n == 1
	})
	third := debounced(3, time.Hour)
	r.enqueue(third)
	if third.ID == first.ID {
		t.Error("a task that waits no more was replaced")
	}
	m := r.join("w")
	got := r.fetch(m, 1)
	if got[0].Task.ID != first.ID || string(got[0].Task.Data) != `{"n":2}` {
		t.Errorf("fetched %+v", got[0].Task)
	}
	r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, got[0]))))
	fourth := debounced(4, time.Hour)
	r.enqueue(fourth)
	if fourth.ID != third.ID {
		t.Error("the end of the first freed the key of the third")
	}
	if n := r.present()[zeroq.Scheduled]; n != 1 {
		t.Errorf("%d are scheduled", n)
	}
}

func uniqueOfBareMessages(t *testing.T, r *rig) {
	first := task(zeroq.UniqueKey("report", zeroq.UntilFinished))
	r.enqueue(first)
	m := r.join("w")
	held := r.fetch(m, 1)
	r.Push("q", `{"type":"echo","id":"second","unique":{"key":"report"},"data":{"n":2}}`)
	if r.carried() {
		r.none(m) // it is refused as a producer's is, and nobody is there to be told
	} else {
		r.cancelDuplicate(m, r.fetch(m, 1)[0], first.ID)
		if info := r.info("second"); info.State != zeroq.Cancelled || info.Error == "" {
			t.Errorf("it is %+v", info)
		}
	}
	r.heldBy(first.ID, "afterwards", zeroq.UniqueKey("report", zeroq.UntilFinished))
	r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, held[0]))))
	r.Push("q", `{"type":"echo","id":"third","unique":{"key":"report"}}`)
	if d := r.fetch(m, 1)[0]; d.Err != nil {
		t.Errorf("the third: %v", d.Err)
	}
	r.heldBy("third", "a bare message has the key", zeroq.UniqueKey("report", zeroq.UntilFinished))
	for n := range 2 {
		r.Push("q", fmt.Sprintf(`{"type":"echo","delay":"1h","unique":{"key":"save","mode":"debounce"},"data":%d}`, n))
		r.none(m)
	}
	if n := r.present()[zeroq.Scheduled]; n != 1 {
		t.Errorf("%d are scheduled", n)
	}
}

// cancelDuplicate settles a bare message whose unique key another task has.
func (r *rig) cancelDuplicate(m broker.Member, d *broker.Delivery, holder string) {
	r.t.Helper()
	if duplicate, ok := errors.AsType[*zeroq.DuplicateError](d.Err); !ok || duplicate.TaskID != holder {
		r.t.Fatalf("the second is %+v", d)
	}
	r.must(m.Settle(r.ctx, oneOutcome(broker.Outcome{
		Delivery: d, State: zeroq.Cancelled, FinishedAt: m.Now(),
		Failure: &zeroq.AttemptError{Attempt: 1, At: m.Now(), Message: d.Err.Error()},
	})))
}

// uniqueAmongMany: one key many times in one call, beside tasks without.
func uniqueAmongMany(t *testing.T, r *rig) {
	var tasks []*zeroq.Task
	for range 50 {
		tasks = append(tasks, task(zeroq.UniqueKey("k", zeroq.UntilFinished)), task())
	}
	accepted := 0
	for i, err := range r.Broker.Enqueue(r.ctx, tasks) {
		if err == nil {
			accepted++
		} else if !errors.Is(err, zeroq.ErrDuplicate) || tasks[i].ID != "" {
			t.Fatalf("task %d is %q: %v", i, tasks[i].ID, err)
		}
	}
	if accepted != 51 || r.present()[zeroq.Ready] != 51 {
		t.Errorf("%d were accepted, %d are ready", accepted, r.present()[zeroq.Ready])
	}
}
