package redisq

import (
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// A number that somebody else has used is found among many that go in by one call, wherever it stands, and
// the call is not taken for one that was sent again.
func TestEnqueue_NumberInUseIsFoundInTheMiddleOfACall(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.another()
	r.put(newTasks(20)...) // and has numbers 20 to 63 at hand
	r.must(r.client.FlushDB(t.Context()).Err())
	r.put(newTasks(3)...)
	since := r.Now()
	r.until("some milliseconds have passed", func() bool { return r.Now().Sub(since) > 5*time.Millisecond })
	other.put(newTasks(50)...)
	seen := map[string]bool{}
	for _, d := range r.fetch(r.join("w"), 3+50) {
		if d.Err != nil || seen[d.Task.ID] {
			t.Fatalf("%s came twice, %v", d.Raw, d.Err)
		}
		seen[d.Task.ID] = true
	}
}

// A Redis that comes back without its last writes, as after a failover, gives out sequence numbers
// again that another process still has at hand. What is acknowledged after that is on the list all the
// same, and not taken for a second sending of what had the number before.
func TestEnqueue_NumbersGivenOutTwiceLoseNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.another()
	r.put(newTasks(70)...) // and has numbers 70 to 127 at hand
	r.must(r.client.FlushDB(t.Context()).Err())
	const n = 300
	for range n {
		other.put(newTask())
	}
	for range n {
		r.put(newTask())
	}
	if ready := r.count(zeroq.Ready); ready != 2*n {
		t.Errorf("%d tasks were acknowledged, %d are ready", 2*n, ready)
	}
	seen := map[string]bool{}
	m := r.join("w")
	for len(seen) < 2*n {
		deliveries, err := m.Fetch(t.Context(), 512, 0)
		r.must(err)
		if len(deliveries) == 0 {
			t.Fatalf("only %d of %d came", len(seen), 2*n)
		}
		for _, d := range deliveries {
			if d.Err != nil || seen[d.Task.ID] {
				t.Fatalf("%s came twice, %v", d.Raw, d.Err)
			}
			seen[d.Task.ID] = true
		}
	}
}
