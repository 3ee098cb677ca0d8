package brokertest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func (r *rig) retry(id string) {
	r.t.Helper()
	r.must(r.Broker.Retry(r.ctx, id, ""))
}

func retryDead(t *testing.T, r *rig) {
	data := `{ "n":9007199254740993, "s":"<&>" }`
	r.Push("q", `{"id":"mine","type":"echo", "x_mine" : [1,{}],"max_attempts":1,"data":`+data+`}`)
	m := r.join("w")
	for attempt := 1; attempt <= 3; attempt++ {
		d := r.fetch(m, 1)[0]
		if d.Task.ID != "mine" || d.Task.Attempt != attempt || d.Task.MaxAttempts < attempt || string(d.Task.Data) != data ||
			len(d.Task.Errors) != attempt-1 || !strings.Contains(string(d.Raw), `"x_mine" : [1,{}]`) {
			t.Fatalf("attempt %d is %+v: %s", attempt, d.Task, d.Raw)
		}
		r.must(m.Settle(r.ctx, oneOutcome(r.failed(m, d, zeroq.Dead))))
		r.retry("mine")
		r.retry("mine") // it is ready, which is what was asked for
		info := r.wants("mine", zeroq.Ready)
		if info.Attempt != attempt || info.MaxAttempts != attempt+1 || !info.FinishedAt.IsZero() || len(info.Errors) != attempt {
			t.Errorf("the task is %+v", info)
		}
	}
	info := r.counts(map[zeroq.State]int64{zeroq.Ready: 1, zeroq.Dead: 0})
	if info.Totals[zeroq.CountRevived] != 3 {
		t.Errorf("totals %v", info.Totals)
	}
}

func retryOthers(t *testing.T, r *rig) {
	m := r.join("w")
	soon := m.Now().Add(50 * time.Millisecond)
	late := m.Now().Add(time.Hour).Truncate(time.Second)
	r.enqueue(task(zeroq.ExpiresAt(soon), zeroq.Deadline(late)), task(zeroq.Deadline(soon)))
	d := r.fetch(m, 2)
	r.until("their time is over", func() bool { return m.Now().After(soon) })
	dead := r.failed(m, d[1], zeroq.Dead)
	dead.StartedAt = time.Time{} // it never started
	r.must(m.Settle(r.ctx, []broker.Outcome{{Delivery: d[0], State: zeroq.Expired, FinishedAt: m.Now()}, dead}))
	scheduled := task(zeroq.Delay(time.Hour))
	r.enqueue(scheduled)
	r.cancel(scheduled.ID, zeroq.Cancelled)
	for _, id := range []string{d[0].Task.ID, d[1].Task.ID, scheduled.ID} {
		r.retry(id)
		r.wants(id, zeroq.Ready)
	}
	again := r.fetch(m, 3)
	for i, d := range again {
		if d.Task.Attempt != 1 || !d.Task.ExpiresAt.IsZero() || !d.Task.RunAt.IsZero() {
			t.Errorf("task %d is %+v", i, d.Task)
		}
	}
	if !again[0].Task.Deadline.Equal(late) || !again[1].Task.Deadline.IsZero() {
		t.Errorf("deadlines %v and %v", again[0].Task.Deadline, again[1].Task.Deadline)
	}
	r.counts(map[zeroq.State]int64{zeroq.Leased: 3, zeroq.Expired: 0, zeroq.Dead: 0, zeroq.Cancelled: 0, zeroq.Scheduled: 0})
}

func retryListed(t *testing.T, r *rig) {
	tasks := []*zeroq.Task{task(), task(zeroq.ID("mine")), task()}
	for _, one := range tasks {
		r.enqueue(one)
	}
	for range 2 {
		r.cancel("mine", zeroq.Cancelled)
		r.retry("mine")
		r.counts(map[zeroq.State]int64{zeroq.Ready: 3, zeroq.Cancelled: 0})
	}
	m := r.join("w")
	for i, d := range r.fetch(m, 3) {
		if d.Task.ID != tasks[i].ID && !r.carried() {
			t.Errorf("task %d is %s", i, d.Task.ID)
		}
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
	}
	// The same once a fetch has dropped it.
	r.enqueue(task(zeroq.ID("dropped")))
	r.cancel("dropped", zeroq.Cancelled)
	r.none(m)
	r.retry("dropped")
	if d := r.fetch(m, 1)[0]; d.Task.ID != "dropped" || d.Task.Attempt != 1 || string(d.Task.Data) != `{"n":1}` {
		t.Errorf("fetched %+v", d.Task)
	}
}

func retryStates(t *testing.T, r *rig) {
	m := r.join("w")
	finished := r.oneOfEach(m)
	r.refused(r.Broker.Retry(r.ctx, finished[zeroq.Succeeded], ""), zeroq.Succeeded)
	r.enqueue(task(zeroq.Delay(time.Hour), zeroq.ID("later")), task(), task())
	r.refused(r.Broker.Retry(r.ctx, "later", ""), zeroq.Scheduled)
	d := r.fetch(m, 2)
	r.refused(r.Broker.Retry(r.ctx, d[0].Task.ID, ""), zeroq.Leased)
	o := r.failed(m, d[1], zeroq.Retry)
	o.NextAttempt, o.RunAt = 2, m.Now().Add(time.Hour)
	r.must(m.Settle(r.ctx, oneOutcome(o)))
	r.refused(r.Broker.Retry(r.ctx, d[1].Task.ID, ""), zeroq.Retry)
	if err := r.Broker.Retry(r.ctx, "nobody", ""); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	if info, err := r.Broker.Queue(r.ctx, "q"); err != nil || info.Totals[zeroq.CountRevived] != 0 {
		t.Errorf("%v, %v", info.Totals, err)
	}
}

// bury settles a delivery that cannot be a task, and returns the id of the dead letter.
func (r *rig) bury(m broker.Member, d *broker.Delivery) {
	r.t.Helper()
	if d.Err == nil {
		r.t.Fatalf("%s was taken for a task", d.Raw)
	}
	r.must(m.Settle(r.ctx, oneOutcome(broker.Outcome{
		Delivery: d, State: zeroq.Dead, FinishedAt: m.Now(), Failure: &zeroq.AttemptError{At: m.Now(), Message: d.Err.Error()},
	})))
}

// deadID finds the one dead letter among the ids that the queue has given out last.
func (r *rig) deadID(before *zeroq.Task) string {
	r.t.Helper()
	after := task()
	r.enqueue(after)
	for n := range 200 {
		id := next(before.ID, n)
		if info, err := r.Broker.Task(r.ctx, id, ""); err == nil && info.State == zeroq.Dead {
			return id
		}
	}
	r.t.Fatal("no dead letter was found")
	return ""
}

// next is the id that comes n after this one, where the last digit is enough.
func next(id string, n int) string {
	const digits = "0123456789abcdefghijklmnopqrstuv"
	at := strings.IndexByte(digits, id[len(id)-1]) + 32*strings.IndexByte(digits, id[len(id)-2]) + n
	return id[:len(id)-2] + string(digits[at/32%32]) + string(digits[at%32])
}

func retryUnreadable(t *testing.T, r *rig) {
	for _, message := range []string{`nope`, `{"type":"a","timeout":"1000h"}`, `{"type":"a","id":"with space"}`} {
		before := task()
		r.enqueue(before)
		m := r.join("w")
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, r.fetch(m, 1)[0]))))
		r.Push("q", message)
		r.bury(m, r.fetch(m, 1)[0])
		id := r.deadID(before)
		err := r.Broker.Retry(r.ctx, id, "")
		if message[2] != 't' || strings.Contains(message, "1000h") {
			if !errors.Is(err, zeroq.ErrUnreadable) {
				t.Errorf("%s: %v", message, err)
			}
			r.wants(id, zeroq.Dead)
		} else if err != nil { // its id was the only thing wrong with it
			t.Errorf("%s: %v", message, err)
		}
		r.must(r.Broker.Delete(r.ctx, id, ""))
		for _, d := range r.fetch(m, 1) {
			r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
		}
		r.must(m.Leave(r.ctx))
	}
}

func retryDuplicate(t *testing.T, r *rig) {
	first := task()
	r.enqueue(first, task(zeroq.ID("mine")))
	r.Push("q", `{"x_mine":1,"id":"mine","type":"copy","delay":"0s"}`)
	m := r.join("w")
	if r.carried() { // it may be the same message once more: nobody can tell
		r.fetch(m, 2)
		r.none(m)
		return
	}
	d := r.fetch(m, 3)
	r.bury(m, d[2])
	id := r.deadID(first)
	r.retry(id)
	again := r.fetch(m, 2)[1]
	if again.Task == nil || again.Task.ID != id || again.Task.Type != "copy" || !strings.Contains(string(again.Raw), `"x_mine":1`) {
		t.Errorf("fetched %s: %v", again.Raw, again.Err)
	}
	r.wants("mine", zeroq.Leased)
}
