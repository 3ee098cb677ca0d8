package redisq

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// names are the keys that are there.
func (r *rig) names() []string {
	r.Helper()
	keys, err := r.client.Keys(r.Context(), "*").Result()
	r.must(err)
	slices.Sort(keys)
	return keys
}

// Everything is settled and swept and everybody has left: what stays are the queue's name, format,
// ids and counters, and nothing of any task or worker.
func TestLeftovers_NothingOfTasksOrWorkersStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	brief := zeroq.Retention(5 * time.Millisecond)
	r.put(append(newTasks(130), newTask(zeroq.ID("mine")), newTask(zeroq.ID("brief"), brief), newTask(brief), newTask(brief))...)
	r.put(newTask(zeroq.Delay(time.Millisecond)), newTask(zeroq.ID("later"), zeroq.Delay(time.Millisecond)))
	r.push(`{"type":"bare"}`, `{"type":"bare","id":"named"}`, `unreadable`, ` `, ``)
	m, idle, once := r.join("w"), r.join("idle"), r.joinFor("once", broker.AtMostOnce, testLease)
	r.until("all are ready", func() bool {
		_, err := r.Promote(t.Context(), "q")
		r.must(err)
		return r.count(zeroq.Scheduled) == 0
	})
	r.fetch(idle, 3) // dies with them: it leaves, and a reaper gives them back
	committed, err := once.Commit(t.Context(), r.fetch(once, 2))
	r.must(err)
	r.settle(once, outcome(once, committed[0], zeroq.Succeeded), outcome(once, committed[1], zeroq.Dead))
	for _, leaver := range []*member{idle, once} {
		r.must(leaver.Leave(t.Context()))
	}
	reaper := r.NewReaper("q", "undertaker", testLease)
	r.until("the dead one's tasks are back", func() bool {
		n, err := reaper.Reap(t.Context())
		r.must(err)
		return n == 3
	})
	states := []zeroq.State{zeroq.Succeeded, zeroq.Dead, zeroq.Expired, zeroq.Succeeded}
	var outcomes []broker.Outcome
	for i, d := range r.fetch(m, 138) {
		state := zeroq.Dead
		if d.Err == nil {
			state = states[i%len(states)]
		}
		outcomes = append(outcomes, outcome(m, d, state))
	}
	r.settle(m, outcomes...)
	r.must(m.Leave(t.Context()))
	for _, key := range r.names() {
		for _, never := range []string{":if:", ":landing", ":groups", ":ready", ":scheduled", ":retry"} {
			if strings.Contains(key, never) {
				t.Errorf("%s is there when all is settled", key)
			}
		}
	}
	_, err = r.Sweep(t.Context(), "q", broker.Keep{DeadFor: time.Hour})
	r.must(err)
	want := []string{keyQueues, r.keys.counters, r.keys.gate, r.keys.sequence, r.keys.version}
	if got := r.names(); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("left are %v", got)
	}
}

// An id that a producer chose is free again once its task's retention is over, janitor or not. The
// janitor, when it comes, must not take the new task's record for the old one's.
func TestSweep_SparesTheRecordOfATaskThatReusesAnID(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := r.join("w")
	for name, retention := range map[string]time.Duration{"list": zeroq.DefaultRetention, "index": 20 * time.Millisecond} {
		for _, state := range []zeroq.State{zeroq.Ready, zeroq.Dead} {
			id := "mine-" + name + "-" + string(state)
			r.put(newTask(zeroq.ID(id), zeroq.Retention(retention)))
			o := outcome(m, r.fetch(m, 1)[0], zeroq.Succeeded)
			o.FinishedAt = o.FinishedAt.Add(-retention) // its time is over by now
			r.settle(m, o)
			r.must(r.client.Del(t.Context(), r.keys.place(id).key).Err()) // as its TTL does
			r.put(newTask(zeroq.ID(id)))
			r.settle(m, outcome(m, r.fetch(m, 1)[0], state))
			_, err := r.Sweep(t.Context(), "q", broker.Keep{Finished: 10, Dead: 10, DeadFor: time.Hour})
			r.must(err)
			if info, err := r.Task(t.Context(), id, "q"); err != nil || info.State != state || info.Type != "echo" {
				t.Errorf("%s: the new task is %+v, %v", id, info, err)
			}
			if state == zeroq.Dead && r.client.HGet(t.Context(), r.keys.parked, id).Val() == "" {
				t.Errorf("%s: the dead letter has lost its bytes", id)
			}
			if state == zeroq.Ready {
				r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Dead))
			}
		}
	}
}

// A message that was made to look admitted has passed no check. It must not spoil what is settled with
// it: the script would end half-way with an expiry in the past.
func TestSettle_ForgedMessageSpoilsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	forged := `{"id":"forged","enqueued_at":"2020-01-01T00:00:00.000Z","type":"a b","retention":"-1s","timeout":"-1s"}`
	r.push(forged)
	m := r.join("w")
	deliveries := r.fetch(m, 2)
	var outcomes []broker.Outcome
	for _, d := range deliveries {
		state := zeroq.Succeeded
		if d.Err != nil {
			state = zeroq.Dead
		}
		outcomes = append(outcomes, outcome(m, d, state))
	}
	r.settle(m, outcomes...)
	if info, err := r.Task(t.Context(), deliveries[0].Task.ID, ""); err != nil || info.State != zeroq.Succeeded {
		t.Errorf("the task beside it is %+v, %v", info, err)
	}
	if parked := r.dump()[r.keys.parked]; !strings.Contains(parked, forged) {
		t.Errorf("it is not kept as it came: %s", parked)
	}
}
