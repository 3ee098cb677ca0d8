package redisq

import (
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// suspects puts tasks on the queue whose workers died twice.
func (r *rig) suspects(tasks ...*zeroq.Task) {
	r.Helper()
	r.put(tasks...)
	for range maxCrashes - 1 {
		for range tasks {
			r.fetch(r.joinFor("dies", broker.AtLeastOnce, time.Millisecond), 1)
		}
		reaper, n := r.NewReaper("q", "undertaker", 10*time.Millisecond), 0
		r.until("they are reaped", func() bool {
			given, err := reaper.Reap(r.Context())
			r.must(err)
			n += given
			return n == len(tasks)
		})
	}
	if n := r.client.LLen(r.Context(), r.keys.suspect).Val(); n != int64(len(tasks)) {
		r.Fatalf("%d suspects, want %d", n, len(tasks))
	}
}

// What is taken with a suspect must not make the worker's hash forget that it has one.
func TestFetch_OneSuspectAtATimeAmongOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.suspects(newTasks(2)...)
	r.put(newTasks(3)...)
	w := r.join("w")
	r.fetch(w, 4)
	r.fetchNothing(w)
	r.fetch(r.join("another"), 1)
}

// A worker that stops in order clears nobody: its suspect still waits apart, not among 500 others.
func TestSettle_SuspectHandedBackIsStillOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.suspects(newTask(zeroq.ID("guilty"), zeroq.Prioritized(zeroq.High)))
	w := r.join("w")
	r.settle(w, outcome(w, r.fetch(w, 1)[0], zeroq.Ready))
	if n := r.client.LLen(t.Context(), r.keys.suspect).Val(); n != 1 {
		t.Errorf("%d suspects, want 1; the keys are %q", n, r.names())
	}
}

// A worker blocks on the normal list only: without a sign there it would sleep for two seconds before
// each suspect that nobody else can take.
func TestSettle_SuspectThatIsOverWakesWhoeverMayTakeTheNext(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.suspects(newTasks(2)...)
	w := r.join("w")
	for left := range 2 {
		suspect := r.fetch(w, 1)[0]
		r.fetchNothing(w) // and takes the sign that is for others
		if n := r.client.LLen(t.Context(), r.keys.ready).Val(); n != 0 {
			t.Errorf("%d signs before it is done, want none", n)
		}
		r.settle(w, outcome(w, suspect, zeroq.Succeeded))
		if n := r.client.LLen(t.Context(), r.keys.ready).Val(); n != int64(1-left) {
			t.Errorf("%d signs after suspect %d, want %d", n, left+1, 1-left)
		}
	}
}

// fetchNothing checks that there is nothing for the worker.
func (r *rig) fetchNothing(m *member) {
	r.Helper()
	if deliveries, err := m.Fetch(r.Context(), 8, 0); err != nil || len(deliveries) > 0 {
		r.Fatalf("%d deliveries, %v, want none", len(deliveries), err)
	}
}
