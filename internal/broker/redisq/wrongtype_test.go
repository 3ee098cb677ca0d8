package redisq

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Scripts are not rolled back: one that came upon a key of another type half-way would have taken a
// task from one place and put it in none.
func TestScripts_KeyOfAnotherTypeLosesNothing(t *testing.T) {
	t.Parallel()
	steps := map[string]struct {
		prepare func(*rig) (do func() error)
		keys    func(queueKeys) []string
	}{
		"enqueue": {
			func(r *rig) func() error {
				return func() error {
					return r.Enqueue(r.Context(), []*zeroq.Task{
						newTask(), newTask(zeroq.Delay(time.Hour)), newTask(zeroq.Prioritized(zeroq.High)), newTask(zeroq.Prioritized(zeroq.Low)),
					})[0]
				}
			},
			func(k queueKeys) []string {
				return []string{k.ready, k.high, k.low, k.scheduled, k.scheduledD, k.counters, k.gate, k.prefix + "r:0"}
			},
		},
		"enqueue of a chosen id": {
			func(r *rig) func() error {
				return func() error { return r.Enqueue(r.Context(), []*zeroq.Task{newTask(zeroq.ID("mine"))})[0] }
			},
			func(k queueKeys) []string { return []string{k.ready, k.scheduled, k.scheduledD, k.counters} },
		},
		"fetch": {
			func(r *rig) func() error {
				r.must(r.client.RPush(r.Context(), r.keys.landing, `{"type":"a"}`).Err())
				m := r.join("w")
				return func() error { _, err := m.Fetch(r.Context(), 5, 0); return err }
			},
			func(k queueKeys) []string { return []string{k.ready} },
		},
		"claim": {
			func(r *rig) func() error {
				r.push(`{"type":"a","delay":"1h"}`)
				m := r.join("w")
				return func() error { _, err := m.Fetch(r.Context(), 5, 0); return err }
			},
			func(k queueKeys) []string { return []string{k.scheduled, k.scheduledD, k.counters} },
		},
		"promote": {
			func(r *rig) func() error {
				due := newTask(zeroq.Delay(time.Millisecond))
				r.put(due)
				r.until("it is due", func() bool {
					r.must(r.Ping(r.Context()))
					return r.Now().After(due.EnqueuedAt.Add(5 * time.Millisecond))
				})
				return func() error {
					n, err := r.Promote(r.Context(), "q")
					if err == nil && n != 1 {
						err = fmt.Errorf("%d tasks are ready now, want 1", n)
					}
					return err
				}
			},
			func(k queueKeys) []string { return []string{k.ready, k.high, k.low, k.scheduledD} },
		},
		"settle": {
			func(r *rig) func() error {
				r.put(newTasks(4)...)
				m := r.join("w")
				held := r.fetch(m, 4)
				outcomes := []broker.Outcome{
					outcome(m, held[0], zeroq.Succeeded), outcome(m, held[1], zeroq.Dead),
					outcome(m, held[2], zeroq.Retry), {Delivery: held[3], State: zeroq.Ready},
				}
				return func() error { return m.Settle(r.Context(), outcomes) }
			},
			func(k queueKeys) []string {
				return []string{k.ready, k.retry, k.retryD, k.dead, k.parked, k.finished, k.counters, k.prefix + "r:0"}
			},
		},
		"tick": {
			func(r *rig) func() error {
				r.schedule(hourly("s", func(s *zeroq.Schedule) { s.Overlap = zeroq.OverlapSkip }))
				r.rewind("s", time.Second)
				return func() error { _, _, err := r.Tick(r.Context()); return err }
			},
			func(k queueKeys) []string {
				return []string{
					k.schedules, k.schedNext, k.ready, k.high, k.low, k.scheduled, k.scheduledD, k.counters, k.prefix + "r:0",
				}
			},
		},
		"schedule": {
			func(r *rig) func() error {
				return func() error { _, err := r.PutSchedule(r.Context(), hourly("s")); return err }
			},
			func(k queueKeys) []string { return []string{k.schedules, k.schedNext} },
		},
		"relay_take": {
			func(r *rig) func() error {
				r.put(newTasks(2)...)
				o := r.Outbox("q", "relay")
				return func() error { return errOf(o.Take(r.Context(), 5)) }
			},
			func(k queueKeys) []string {
				return []string{k.relay, k.relaying, k.landing, k.suspect, k.high, k.ready, k.low}
			},
		},
		"relay_done": {
			func(r *rig) func() error {
				r.put(newTasks(2)...)
				o := r.Outbox("q", "relay")
				batch := r.take(o, 2)
				lost := r.messages()
				return func() error {
					err := o.Done(r.Context(), batch)
					if err == nil {
						r.must(r.client.RPush(r.Context(), r.keys.ready, `"type"`, `"type"`).Err()) // as if they came back
					} else if now := r.messages(); now != lost {
						r.Errorf("%d messages, were %d", now, lost)
					}
					return err
				}
			},
			func(k queueKeys) []string { return []string{k.gate} },
		},
		"admit": {
			func(r *rig) func() error {
				moved := r.sent(newTasks(3)...)
				r.cancel(wire.HeadID(moved[0]), zeroq.Cancelled)
				m := r.join("w")
				return func() error { _, _, err := m.Admit(r.Context(), moved); return err }
			},
			func(k queueKeys) []string {
				return []string{k.gate, k.taken, k.withdrawn, k.cancelled, k.parked, k.scheduled, k.retry, k.crashes, k.deleted}
			},
		},
		"settle of what came by a carrier": {
			func(r *rig) func() error {
				m := r.join("w")
				d := r.admit(m, "G", r.sent(newTask())...)[0]
				return func() error { return m.Settle(r.Context(), []broker.Outcome{outcome(m, d, zeroq.Dead)}) }
			},
			func(k queueKeys) []string { return []string{k.taken} },
		},
	}
	for name, step := range steps {
		for _, key := range step.keys(keysOf("q")) {
			t.Run(name+" "+strings.TrimPrefix(key, "zq:{q}:"), func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				wrongTypeLosesNothing(r, step.prepare(r), key)
			})
		}
	}
}

// wrongTypeLosesNothing runs the step while the key holds something else: it must fail, and every
// message must still be there. When the key is itself again, the same step must work.
func wrongTypeLosesNothing(r *rig, do func() error, key string) {
	r.Helper()
	aside := key + ":aside"
	had := r.client.Exists(r.Context(), key).Val() == 1
	if had {
		r.must(r.client.Rename(r.Context(), key, aside).Err())
	}
	r.must(r.client.Set(r.Context(), key, "foo", 0).Err())
	before := r.messages()
	if err := do(); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
		r.Errorf("answered %v", err)
	}
	if after := r.messages(); after != before {
		r.Errorf("%d messages were there, %d are", before, after)
	}
	r.must(r.client.Del(r.Context(), key).Err())
	if had {
		r.must(r.client.Rename(r.Context(), aside, key).Err())
	}
	r.must(do())
}

// messages is how many messages are anywhere in Redis: as elements of lists and values of hashes.
func (r *rig) messages() int {
	r.Helper()
	n := 0
	for _, value := range r.dump() {
		n += strings.Count(value, `"type"`)
	}
	return n
}

// The one place where a chosen id comes back before the janitor has been.
func TestSweep_LeavesTheRecordOfANewTaskOfTheSameID(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := r.join("w")
	run := func(retention time.Duration) {
		r.put(newTask(zeroq.ID("mine"), zeroq.Retention(retention)))
		r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Succeeded))
	}
	run(20 * time.Millisecond)
	r.until("the id is free", func() bool { return r.client.Exists(r.Context(), r.keys.place("mine").key).Val() == 0 })
	run(time.Hour)
	_, err := r.Sweep(r.Context(), "q", broker.Keep{Finished: 100, Dead: 100, DeadFor: time.Hour})
	r.must(err)
	info, err := r.Task(r.Context(), "mine", "q")
	r.must(err)
	if info.State != zeroq.Succeeded {
		t.Errorf("the new task is %s", info.State)
	}
}

// A message that only looks admitted must not reach the record of another task.
func TestFetch_ForgedIDsBecomeDeadLetters(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dead := newTask()
	r.put(dead)
	m := r.join("w")
	r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Dead))
	for _, id := range []string{"x~0", "q~1~0000000000", "other~0~0000000000", "~0~0000000000", "-x"} {
		r.push(`{"id":"` + id + `","enqueued_at":"2026-01-01T00:00:00.000Z","type":"echo","retention":"1s"}`)
	}
	for _, d := range r.fetch(m, 5) {
		if d.Err == nil {
			t.Errorf("%s was taken for a task", d.Raw)
		}
	}
	info, err := r.Task(r.Context(), dead.ID, "q")
	r.must(err)
	if info.State != zeroq.Dead {
		t.Errorf("the other task is %s", info.State)
	}
	if _, err := r.Task(r.Context(), strings.Replace(dead.ID, "~0~", "~9~", 1), ""); err == nil {
		t.Error("another partition has the task too")
	}
}

// A dead letter whose record is gone is still one.
func TestTask_DeadLetterWithoutARecord(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	task := newTask()
	r.put(task)
	m := r.join("w")
	r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Dead))
	r.must(r.client.Del(r.Context(), r.keys.place(task.ID).key).Err())
	info, err := r.Task(r.Context(), task.ID, "")
	r.must(err)
	if info.State != zeroq.Dead || string(info.Data) != `{"n":1}` {
		t.Errorf("it is %+v", info)
	}
}

// Handlers are given the bytes of the message by other brokers too: whatever became of them, the
// others are settled.
func TestSettle_OutcomeThatCannotBeWrittenHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(2)...)
	m := r.join("w")
	held := r.fetch(m, 2)
	held[0].Raw = []byte("scribble")
	r.settle(m, outcome(m, held[0], zeroq.Retry), outcome(m, held[1], zeroq.Succeeded))
	if dead, done := r.count(zeroq.Dead), r.count(zeroq.Succeeded); dead != 1 || done != 1 {
		t.Errorf("%d dead, %d succeeded", dead, done)
	}
}

// Each wait holds a connection; what it found must not need another one of the same pool.
func TestWait_ManyAtMostOnceQueuesLoseNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 150
	found := make(chan error, n)
	for i := range n {
		queue := "q" + strings.Repeat("x", i%40) + string(rune('a'+i/40))
		m, err := r.Join(r.Context(), broker.Join{Queue: queue, Worker: "w", Mode: broker.AtMostOnce, Lease: time.Minute})
		r.must(err)
		go func() {
			for {
				ok, err := m.Wait(r.Context())
				if ok || err != nil {
					found <- err
					return
				}
			}
		}()
		task := newTask()
		task.Queue = queue
		task.SetDefaults()
		r.must(r.Enqueue(r.Context(), []*zeroq.Task{task})[0])
	}
	for range n {
		r.must(<-found)
	}
	queues, err := r.Queues(r.Context())
	r.must(err)
	ready := int64(0)
	for _, q := range queues {
		ready += q.Counts[zeroq.Ready]
	}
	if ready != n {
		t.Errorf("%d of %d tasks are left", ready, n)
	}
}

// Whoever has the tasks by now, and whatever else there is: a worker that lost them writes nothing.
func TestSettle_WithoutTheLeaseChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(5)...)
	m := r.join("w")
	var outcomes []broker.Outcome
	states := []zeroq.State{zeroq.Succeeded, zeroq.Retry, zeroq.Dead, zeroq.Expired, zeroq.Ready}
	for i, d := range r.fetch(m, 5) {
		outcomes = append(outcomes, outcome(m, d, states[i]))
	}
	r.must(r.client.Rename(t.Context(), r.keys.inflight+m.lease.group, r.keys.inflight+"thief").Err())
	r.unchanged("the settling", func() {
		for _, o := range outcomes {
			if err := m.Settle(t.Context(), []broker.Outcome{o}); !errors.Is(err, zeroq.ErrLeaseLost) {
				t.Errorf("%s: %v", o.State, err)
			}
		}
	})
}

// After Redis has lost its last writes, a batch may hold tasks that are on their list again.
func TestSettle_RecordsOnlyWhatIsOwned(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(3)...)
	m := r.join("w")
	held := r.fetch(m, 3)
	r.must(r.client.HDel(r.Context(), r.keys.inflight+held[1].Lease, held[1].Receipt).Err())
	r.must(r.client.RPush(r.Context(), r.keys.ready, held[1].Raw).Err())
	r.settle(m, outcome(m, held[0], zeroq.Succeeded), outcome(m, held[1], zeroq.Dead), outcome(m, held[2], zeroq.Succeeded))
	for i, want := range []zeroq.State{zeroq.Succeeded, zeroq.Ready, zeroq.Succeeded} {
		info, err := r.Task(r.Context(), held[i].Task.ID, "")
		r.must(err)
		if info.State != want {
			t.Errorf("task %d is %s, want %s", i, info.State, want)
		}
	}
	if dead := r.count(zeroq.Dead); dead != 0 {
		t.Errorf("%d dead letters", dead)
	}
}
