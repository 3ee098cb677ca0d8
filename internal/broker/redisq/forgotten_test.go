package redisq

import (
	"errors"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// A Redis that lost its last writes has tasks in flight again that their worker has settled, or given up as
// they are due later. The worker lives, so no reaper would ever look at them: it has to notice, and to
// give up its lease.
func TestForgotten_TasksOfALivingWorkerComeBack(t *testing.T) {
	t.Parallel()
	done := func(r *rig, m *member, d *broker.Delivery) map[string]string {
		before := r.inFlight(m)
		r.settle(m, outcome(m, d, zeroq.Succeeded))
		return before
	}
	claimAnother := func(r *rig, m *member, _ *broker.Delivery) map[string]string {
		before := r.inFlight(m)
		r.push(`{"type":"echo"}`)
		r.fetch(m, 1)
		return before
	}
	for name, forgotten := range map[string]struct {
		// what is forgotten, and what Redis knows then of the worker's tasks
		first func(r *rig, m *member, d *broker.Delivery) map[string]string
		// what is done after that
		then func(r *rig, m *member, d *broker.Delivery) map[string]string
	}{
		"settled":                         {first: done},
		"settled, and another after that": {first: done, then: done},
		"claimed, and due later": {first: func(r *rig, m *member, _ *broker.Delivery) map[string]string {
			const message = `{"type":"echo","delay":"1h"}`
			r.push(message)
			if deliveries, err := m.Fetch(r.Context(), 1, 0); err != nil || len(deliveries) > 0 {
				r.Fatal(deliveries, err)
			}
			before := r.inFlight(m)
			delete(before, "#c")
			before["?2.1"] = message
			return before
		}},
		"claimed, and another after that": {first: claimAnother, then: claimAnother},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			m := r.join("w")
			r.put(newTasks(2)...)
			held := r.fetch(m, 2)
			r.must(m.Beat(t.Context()))
			r.forget(m, forgotten.first(r, m, held[0]))
			if forgotten.then != nil {
				forgotten.then(r, m, held[1])
			}
			if err := m.Beat(t.Context()); !errors.Is(err, zeroq.ErrLeaseLost) {
				t.Fatalf("the heartbeat says %v", err)
			}
			reaper := r.NewReaper("q", "undertaker", testLease)
			r.until("nothing is in flight", func() bool {
				_, err := reaper.Reap(t.Context())
				r.must(err)
				return r.count(zeroq.Leased) == 0
			})
			if n := r.count(zeroq.Ready); n == 0 {
				t.Error("nothing is back")
			}
		})
	}
}

// inFlight is what Redis knows of a worker's tasks.
func (r *rig) inFlight(m *member) map[string]string {
	r.Helper()
	fields, err := r.client.HGetAll(r.Context(), r.keys.inflight+m.lease.group).Result()
	r.must(err)
	return fields
}

// forget has Redis know of a worker's tasks what it knew before.
func (r *rig) forget(m *member, before map[string]string) {
	r.Helper()
	key := r.keys.inflight + m.lease.group
	r.must(r.client.Del(r.Context(), key).Err())
	r.must(r.client.HSet(r.Context(), key, before).Err())
}

// What was forgotten of a queue with a carrier is not on a list again, and the carrier forgets a message whose task
// runs for long: the worker must notice before that Redis does not know that it has the task.
func TestForgotten_AdmissionIsNoticedByTheHeartbeat(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		m := r.join("w")
		moved := r.sent(newTasks(2)...)
		r.admit(m, "G", moved[0])
		before := r.inFlight(m)
		r.admit(m, "G", moved[1])
		r.admit(m, "B", moved[1]) // grants nothing: to forget it does no harm
		r.must(m.Beat(t.Context()))
		r.forget(m, before)
		if err := m.Beat(t.Context()); !errors.Is(err, zeroq.ErrLeaseLost) {
			t.Fatalf("the heartbeat says %v", err)
		}
	})
}

func TestSettle_TaskThatAWorkerHasTwiceIsSettledOnce(t *testing.T) {
	t.Parallel()
	for _, state := range []zeroq.State{zeroq.Ready, zeroq.Succeeded, zeroq.Retry, zeroq.Dead} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			m := r.join("w")
			r.put(newTask(), newTask())
			held := r.fetch(m, 2)
			again := *held[0] // as after a power cut, when it was fetched once more under the same lease
			r.settle(m, outcome(m, held[0], state), outcome(m, held[1], zeroq.Succeeded), outcome(m, &again, state))
			info, err := r.Queue(t.Context(), "q")
			r.must(err)
			total := int64(0)
			for _, n := range info.Counts {
				total += n
			}
			if total != 2 {
				t.Errorf("two tasks count as %v", info.Counts)
			}
			if more, err := m.Fetch(t.Context(), 5, 0); err != nil || len(more) > 1 || len(more) == 1 && state != zeroq.Ready {
				t.Errorf("%d are handed out: %v", len(more), err)
			}
		})
	}
}
