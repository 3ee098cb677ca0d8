package brokertest

import (
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

func prioritized(n int, priority zeroq.Priority, options ...zeroq.Option) []*zeroq.Task {
	tasks := make([]*zeroq.Task, n)
	for i := range tasks {
		tasks[i] = task(append(options, zeroq.Prioritized(priority))...)
	}
	return tasks
}

// knowsNoPriorities reports that tasks travel by a carrier, which has no priorities, and checks that
// producers are told.
func (r *rig) knowsNoPriorities() bool {
	r.t.Helper()
	if !r.carried() {
		return false
	}
	for _, priority := range []zeroq.Priority{zeroq.High, zeroq.Low} {
		for _, options := range [][]zeroq.Option{nil, {zeroq.ID("mine")}, {zeroq.Delay(time.Hour)}} {
			err := r.try(task(append(options, zeroq.Prioritized(priority))...))
			if wrong, ok := errors.AsType[*zeroq.FieldError](err); !ok || wrong.Field != "priority" {
				r.t.Errorf("priority %s: %v", priority, err)
			}
		}
	}
	r.enqueue(task(zeroq.Prioritized(zeroq.Normal)))
	r.fetch(r.join("w"), 1)
	return true
}

func priorityHighGoesFirst(t *testing.T, r *rig) {
	if r.knowsNoPriorities() {
		return
	}
	low, normal, high := prioritized(2, zeroq.Low), prioritized(2, zeroq.Normal), prioritized(2, zeroq.High)
	r.enqueue(append(append(low, normal...), high...)...)
	if n := r.present()[zeroq.Ready]; n != 6 {
		t.Errorf("%d are ready", n)
	}
	m := r.join("w")
	for i, d := range r.fetch(m, 6) {
		want := [][]*zeroq.Task{high, normal, low}[i/2][i%2]
		if d.Task.ID != want.ID || d.Task.Priority != want.Priority {
			t.Errorf("place %d has %s of priority %s, want %s", i, d.Task.ID, d.Task.Priority, want.Priority)
		}
	}
}

// priorityStarvesNobody: however many go first, the others get their turn.
func priorityStarvesNobody(t *testing.T, r *rig) {
	if r.knowsNoPriorities() {
		return
	}
	r.enqueue(prioritized(100, zeroq.High)...)
	r.enqueue(prioritized(5, zeroq.Low)...)
	r.enqueue(prioritized(5, zeroq.Normal)...)
	m, seen := r.join("w"), map[zeroq.Priority]int{}
	for range 40 {
		d := r.fetch(m, 1)[0]
		seen[d.Task.Priority]++
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
	}
	if seen[zeroq.Low] != 5 || seen[zeroq.Normal] != 5 || seen[zeroq.High] != 30 {
		t.Errorf("40 tasks, one by one, were %v", seen)
	}
}

// priorityOutlives: a task keeps its priority whatever becomes of it.
func priorityOutlives(t *testing.T, r *rig) {
	if r.knowsNoPriorities() {
		return
	}
	r.enqueue(prioritized(1, zeroq.High, zeroq.ID("delayed"), zeroq.Delay(20*time.Millisecond))...)
	r.enqueue(prioritized(1, zeroq.High, zeroq.ID("retried"))...)
	m := r.join("w")
	retry := r.failed(m, r.fetch(m, 1)[0], zeroq.Retry)
	retry.NextAttempt, retry.RunAt = 2, m.Now()
	r.must(m.Settle(r.ctx, oneOutcome(retry)))
	r.enqueue(prioritized(1, zeroq.High, zeroq.ID("held"))...)
	held := r.fetch(m, 1)[0]
	r.enqueue(task(zeroq.ID("normal")))
	moved := 0
	r.until("both are due", func() bool {
		n, err := r.Broker.Promote(r.ctx, "q")
		r.must(err)
		moved += n
		return moved == 2
	})
	back := r.succeed(m, held)
	back.State = zeroq.Ready
	r.must(m.Settle(r.ctx, oneOutcome(back)))
	got := ids(r.fetch(m, 4))
	if got[0] != "held" || got[3] != "normal" {
		t.Errorf("fetched %v", got)
	}
}

// priorityWakes: a worker that waits hears of tasks of every priority, and so does the next one.
func priorityWakes(t *testing.T, r *rig) {
	if r.knowsNoPriorities() {
		return
	}
	for _, priority := range zeroq.Priorities {
		m := r.join("w")
		r.none(m)
		woken := make(chan bool, 1)
		go func() {
			found, err := m.Wait(r.ctx)
			woken <- found && err == nil
		}()
		r.enqueue(prioritized(3, priority)...)
		if !<-woken { // a wait that ends by itself finds nothing
			t.Errorf("%s: nobody was woken", priority)
		}
		first := r.fetch(m, 1)
		// Others are left: whoever waits next is woken at once.
		next := r.join("next")
		if found, err := next.Wait(r.ctx); !found || err != nil {
			t.Errorf("%s: the next one is not woken: %v", priority, err)
		}
		for _, d := range r.fetch(next, 2) {
			r.must(next.Settle(r.ctx, oneOutcome(r.succeed(next, d))))
		}
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, first[0]))))
		r.none(m)
		if n := r.present()[zeroq.Ready]; n != 0 {
			t.Errorf("%s: %d are ready when all is done", priority, n)
		}
	}
}

func priorityOfBareMessages(t *testing.T, r *rig) {
	r.Push("q", `{"type":"echo","priority":"low","data":1,"id":"bare"}`)
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	if r.carried() { // nobody is there to be told
		if d.Task.Priority != zeroq.Normal {
			t.Errorf("it is %s", d.Task.Priority)
		}
		return
	}
	if d.Task.Priority != zeroq.Low {
		t.Errorf("it is %s", d.Task.Priority)
	}
	back := r.succeed(m, d)
	back.State = zeroq.Ready
	r.must(m.Settle(r.ctx, oneOutcome(back)))
	r.enqueue(task(zeroq.ID("normal")))
	if got := ids(r.fetch(m, 2)); got[0] != "normal" {
		t.Errorf("fetched %v", got)
	}
}
