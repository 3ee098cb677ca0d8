package redisq

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// newFullRig makes a rig on a server of its own that prepare has filled; from then on Redis has no
// memory for anything new.
func newFullRig(t *testing.T, prepare func(r *rig)) *rig {
	t.Helper()
	server := redistest.StartServer(t, "--appendonly", "no")
	r := rigOn(t, server.Conf(), server.Client())
	prepare(r)
	// Half of what is used: what consumers free on their way must not make room for a producer.
	used := r.memory("used_memory:")
	r.must(r.client.ConfigSet(t.Context(), "maxmemory", strconv.FormatInt(used/2, 10)).Err())
	if err := r.client.Set(t.Context(), "x", "x", 0).Err(); err == nil || !strings.HasPrefix(err.Error(), "OOM") {
		t.Fatalf("the server is not full: %v", err)
	}
	return r
}

func (r *rig) memory(field string) int64 {
	r.Helper()
	info, err := r.client.Info(r.Context(), "memory").Result()
	r.must(err)
	_, rest, _ := strings.Cut(info, "\n"+field)
	text, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.ParseInt(text, 10, 64)
	r.must(err)
	return n
}

func TestFullMemory_WorkersGoOn(t *testing.T) {
	t.Parallel()
	// A sub-millisecond delay: the tasks are scheduled, and due at once.
	r := newFullRig(t, func(r *rig) {
		r.put(newTask(zeroq.Delay(time.Millisecond)), newTask(zeroq.ID("chosen-later"), zeroq.Delay(time.Millisecond)))
		r.put(newTasks(4)...)
		r.put(newTask(zeroq.ID("chosen")), newTask(zeroq.Retention(time.Minute)))
		r.push(`{"type":"bare"}`, `{"type":"bare","id":"named"}`, `{"type":"bare","delay":"1h"}`, `unreadable`)
	})
	m := r.another().join("w") // has no ids at hand for the bare messages
	r.must(m.Beat(t.Context()))
	deliveries, err := m.Fetch(t.Context(), 10, 0) // one of them waits for its time now
	r.must(err)
	if len(deliveries) != 9 {
		t.Fatalf("%d deliveries, want 9", len(deliveries))
	}
	if n := r.count(zeroq.Scheduled); n != 3 {
		t.Errorf("%d scheduled, want 3", n)
	}
	states := []zeroq.State{
		zeroq.Succeeded, zeroq.Retry, zeroq.Dead, zeroq.Expired, zeroq.Succeeded, zeroq.Succeeded, zeroq.Ready, zeroq.Retry,
	}
	var outcomes []broker.Outcome
	for _, d := range deliveries {
		state := zeroq.Dead
		if d.Err == nil {
			state, states = states[0], states[1:]
		}
		outcomes = append(outcomes, outcome(m, d, state))
	}
	r.settle(m, outcomes...)
	for state, want := range map[zeroq.State]int64{
		zeroq.Succeeded: 3, zeroq.Retry: 2, zeroq.Dead: 2, zeroq.Expired: 1, zeroq.Ready: 1, zeroq.Leased: 0,
	} {
		if n := r.count(state); n != want {
			t.Errorf("%d %s, want %d", n, state, want)
		}
	}
	r.until("what is due is promoted", func() bool {
		_, err := r.Promote(t.Context(), "q")
		r.must(err)
		return r.count(zeroq.Scheduled) == 1
	})
	r.fetch(m, 3)
	r.must(m.Leave(t.Context()))
}

func TestFullMemory_CarriedTasksGoOn(t *testing.T) {
	t.Parallel()
	r := newFullRig(t, func(r *rig) {
		r.must(r.Carry(t.Context(), "q", ordered))
		r.put(newTasks(6)...)
		r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Concurrency: new(3)}))
	})
	o, m := r.Outbox("q", "relay"), r.join("w")
	batch := r.take(o, 6)
	r.must(o.Bury(t.Context(), batch, map[int]error{0: broker.ErrRefused}))
	r.must(o.Done(t.Context(), batch))
	got := r.admit(m, "SGGGLL", batch.Messages...)
	if _, _, err := m.Admit(t.Context(), batch.Messages[4:]); !errors.Is(err, broker.ErrLimited) {
		t.Errorf("at the limit: %v", err)
	}
	r.must(r.Pause(t.Context(), "q"))
	if _, _, err := m.Admit(t.Context(), batch.Messages[4:]); !errors.Is(err, broker.ErrPaused) {
		t.Errorf("paused: %v", err)
	}
	r.must(r.Resume(t.Context(), "q"))
	r.settle(m, outcome(m, got[0], zeroq.Succeeded), outcome(m, got[1], zeroq.Retry), outcome(m, got[2], zeroq.Ready))
	r.must(o.Measured(t.Context(), 5, 5))
	r.counts("full", map[zeroq.State]int64{zeroq.Ready: 6, zeroq.Succeeded: 1, zeroq.Retry: 1, zeroq.Dead: 1})
	r.must(o.Done(t.Context(), r.take(o, 1)))
	r.must(o.Close(t.Context()))
}

func TestFullMemory_DeadWorkersTasksComeBack(t *testing.T) {
	t.Parallel()
	const n = 700 // a hash that is no listpack, and more than one page
	r := newFullRig(t, func(r *rig) {
		r.put(newTasks(n)...)
		dead := r.join("dead")
		r.fetch(dead, 512)
		r.fetch(dead, n-512)
	})
	reaper := r.NewReaper("q", "reaper", testLease)
	total := 0
	r.until("the tasks come back", func() bool {
		got, err := reaper.Reap(t.Context())
		r.must(err)
		total += got
		return total == n
	})
	if got := r.count(zeroq.Ready); got != n {
		t.Errorf("%d are ready, want %d", got, n)
	}
}

func TestFullMemory_AtMostOnceGoesOn(t *testing.T) {
	t.Parallel()
	r := newFullRig(t, func(r *rig) { r.put(newTasks(2)...) })
	m := r.joinFor("w", broker.AtMostOnce, time.Minute)
	deliveries := r.fetch(m, 2)
	may, err := m.Commit(t.Context(), deliveries)
	r.must(err)
	if len(may) != 2 {
		t.Fatalf("%d may start", len(may))
	}
	r.settle(m, outcome(m, may[0], zeroq.Succeeded), outcome(m, may[1], zeroq.Dead))
}

// What a waiting worker took out of the list before memory was full lies in landing.
func TestFullMemory_WhatWokeAWorkerGoesBack(t *testing.T) {
	t.Parallel()
	r := newFullRig(t, func(r *rig) {
		r.put(newTasks(3)...)
		for range 2 {
			r.must(r.client.LMove(t.Context(), r.keys.ready, r.keys.landing, "RIGHT", "LEFT").Err())
		}
	})
	m := r.join("w")
	r.must(m.Yield(t.Context()))
	if n := r.client.LLen(t.Context(), r.keys.landing).Val(); n != 1 {
		t.Errorf("%d messages are in landing, want 1", n)
	}
	r.fetch(m, 3)
	// BLMOVE itself is refused. The worker hears why and asks again later.
	if _, err := m.Wait(t.Context()); !errors.Is(err, zeroq.ErrStoreFull) {
		t.Errorf("wait: %v", err)
	}
}

func TestFullMemory_SweepFrees(t *testing.T) {
	t.Parallel()
	const n = 30
	r := newFullRig(t, func(r *rig) {
		r.put(newTasks(n)...)
		m := r.join("w")
		var outcomes []broker.Outcome
		for i, d := range r.fetch(m, n) {
			outcomes = append(outcomes, outcome(m, d, []zeroq.State{zeroq.Succeeded, zeroq.Dead, zeroq.Expired}[i%3]))
		}
		r.settle(m, outcomes...)
	})
	swept, err := r.Sweep(t.Context(), "q", broker.Keep{DeadFor: time.Hour})
	r.must(err)
	if swept.Finished != 20 || swept.Dead != 10 {
		t.Errorf("swept %+v", swept)
	}
}

func TestFullMemory_EnqueueIsRefusedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newFullRig(t, func(r *rig) { r.put(newTask()) })
	for name, task := range map[string]*zeroq.Task{
		"ours": newTask(), "chosen": newTask(zeroq.ID("mine")), "later": newTask(zeroq.Delay(time.Hour)),
		"chosen later": newTask(zeroq.ID("mine"), zeroq.Delay(time.Hour)),
	} {
		// Sequence numbers may be used up: they are given out before the task is sent.
		r.unchanged(name, func() {
			errs := r.Enqueue(t.Context(), []*zeroq.Task{task})
			if !errors.Is(errs[0], zeroq.ErrStoreFull) {
				t.Errorf("%s: %v", name, errs[0])
			}
		}, r.keys.sequence)
	}
	for i, err := range r.Enqueue(t.Context(), newTasks(200)) {
		if !errors.Is(err, zeroq.ErrStoreFull) {
			t.Fatalf("task %d of many: %v", i, err)
		}
	}
	fresh, stranger := r.another(), newTask(zeroq.Queue("never-seen"))
	r.unchanged("a new queue", func() {
		if errs := fresh.Enqueue(t.Context(), []*zeroq.Task{stranger}); !errors.Is(errs[0], zeroq.ErrStoreFull) {
			t.Errorf("a new queue: %v", errs[0])
		}
	})
}

// A time that comes while Redis is full is not lost: it stays due.
func TestFullMemory_TickIsRefusedAndStaysDue(t *testing.T) {
	t.Parallel()
	r := newFullRig(t, func(r *rig) {
		for _, name := range []string{"now", "later", "missed"} {
			r.schedule(hourly(name, func(s *zeroq.Schedule) {
				if name == "later" {
					s.Jitter = time.Hour
				}
			}))
			r.rewind(name, map[bool]time.Duration{true: 90 * time.Minute, false: time.Second}[name == "missed"])
		}
	})
	r.unchanged("a tick", func() {
		if n, wait, err := r.Tick(t.Context()); n != 0 || wait <= 0 || !errors.Is(err, zeroq.ErrStoreFull) {
			t.Errorf("%d tasks, %v, %v", n, wait, err)
		}
	}, r.keys.sequence)
	r.unchanged("a change", func() {
		if _, err := r.PutSchedule(t.Context(), hourly("now")); !errors.Is(err, zeroq.ErrStoreFull) {
			t.Errorf("put: %v", err)
		}
	})
	r.must(r.DeleteSchedule(t.Context(), "missed"))
	r.must(r.client.ConfigSet(t.Context(), "maxmemory", "0").Err())
	if n := r.tick(); n != 2 {
		t.Errorf("%d tasks once there is room", n)
	}
}

func TestFullMemory_LooksAreAnswered(t *testing.T) {
	t.Parallel()
	task := newTask()
	r := newFullRig(t, func(r *rig) { r.put(task) })
	info, err := r.Task(t.Context(), task.ID, "")
	r.must(err)
	if info.State != zeroq.Ready || r.count(zeroq.Ready) != 1 {
		t.Errorf("the task is %+v", info)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if info, err = r.WaitTask(ctx, task.ID, ""); err != nil || info.State != zeroq.Ready {
		t.Errorf("waited for %+v, %v", info, err)
	}
	if err := r.Announce(t.Context(), zeroq.WorkerInfo{ID: "w"}, time.Minute); !errors.Is(err, zeroq.ErrStoreFull) {
		t.Errorf("announce: %v", err)
	}
}
