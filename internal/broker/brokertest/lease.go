package brokertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// reap lets a reaper look until it has given n tasks back.
func (r *rig) reap(n int) {
	r.t.Helper()
	reaper := r.Broker.NewReaper("q", "undertaker", testLease)
	total := 0
	r.until("the dead worker's tasks come back", func() bool {
		got, err := reaper.Reap(r.ctx)
		r.must(err)
		total += got
		return total >= n
	})
	if total != n {
		r.t.Fatalf("%d tasks came back, want %d", total, n)
	}
}

func leaseStolen(t *testing.T, r *rig) {
	const n = 600 // more than a page of the reaper
	for range n {
		r.enqueue(task())
	}
	dead := r.join("dead")
	for held := 0; held < n; {
		deliveries, err := dead.Fetch(r.ctx, n-held, 0)
		r.must(err)
		held += len(deliveries)
	}
	r.kill(dead)
	r.reap(n)
	live, seen := r.join("live"), map[string]bool{}
	for len(seen) < n {
		for _, d := range r.fetch(live, min(100, n-len(seen))) {
			if seen[d.Task.ID] || d.Task.Attempt != 1 {
				t.Fatalf("%s came twice, or used an attempt", d.Task.ID)
			}
			seen[d.Task.ID] = true
		}
	}
	r.none(live)
}

func leaseKept(t *testing.T, r *rig) {
	r.enqueue(task())
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	reaper := r.Broker.NewReaper("q", "undertaker", testLease)
	for end := time.Now().Add(4 * testLease); time.Now().Before(end); {
		r.must(m.Beat(r.ctx))
		n, err := reaper.Reap(r.ctx)
		r.must(err)
		if n > 0 {
			t.Fatal("a live worker was robbed")
		}
		pause, cancel := context.WithTimeout(r.ctx, testLease/4)
		<-pause.Done()
		cancel()
	}
	r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
}

func leaseZombie(t *testing.T, r *rig) {
	r.together()
	r.enqueue(task(), task())
	zombie := r.join("zombie")
	held := r.fetch(zombie, 2)
	r.reap(2)
	live := r.join("live")
	again := r.fetch(live, 2)
	if err := zombie.Settle(r.ctx, oneOutcome(r.failed(zombie, held[0], zeroq.Dead))); !errors.Is(err, zeroq.ErrLeaseLost) {
		t.Errorf("the zombie settled: %v", err)
	}
	if err := zombie.Beat(r.ctx); !errors.Is(err, zeroq.ErrLeaseLost) {
		t.Errorf("the zombie's heart beats: %v", err)
	}
	if info := r.info(held[0].Task.ID); info.State != zeroq.Leased || info.Worker != "live" {
		t.Errorf("the task is %+v", info)
	}
	r.must(live.Settle(r.ctx, []broker.Outcome{r.succeed(live, again[0]), r.succeed(live, again[1])}))
	r.enqueue(task())
	if got := r.fetch(zombie, 1); got[0].Lease == held[0].Lease {
		t.Error("the zombie took no new lease")
	}
}

func leaseLeave(t *testing.T, r *rig) {
	r.enqueue(task())
	leaver := r.join("leaver")
	r.fetch(leaver, 1)
	r.must(leaver.Leave(r.ctx))
	r.reap(1)
	r.fetch(r.join("w"), 1)
	empty := r.join("empty")
	r.must(empty.Leave(r.ctx))
	r.must(empty.Leave(r.ctx))
}

// leaseTwins: a worker that starts again under its old name must not take what its dead self held,
// nor what its live self still holds.
func leaseTwins(t *testing.T, r *rig) {
	r.together()
	r.enqueue(task(), task())
	first, second := r.join("w"), r.join("w")
	mine, yours := r.fetch(first, 1), r.fetch(second, 1)
	if mine[0].Task.ID == yours[0].Task.ID || mine[0].Lease == yours[0].Lease {
		t.Fatalf("both have %s under %s", mine[0].Task.ID, mine[0].Lease)
	}
	r.must(first.Settle(r.ctx, oneOutcome(r.succeed(first, mine[0]))))
	r.must(second.Settle(r.ctx, oneOutcome(r.succeed(second, yours[0]))))
}

func atMostOnce(t *testing.T, r *rig) {
	r.enqueue(task(), task(), task())
	dead := r.joinMode("dead", broker.AtMostOnce)
	held := r.fetch(dead, 3)
	may, err := dead.Commit(r.ctx, held[:2])
	r.must(err)
	if len(may) != 2 {
		t.Fatalf("%d may start", len(may))
	}
	r.must(dead.Settle(r.ctx, oneOutcome(r.succeed(dead, held[0]))))
	r.kill(dead)
	r.reap(2)
	if info := r.info(held[1].Task.ID); info.State != zeroq.Dead || info.Error == "" || string(info.Data) != `{"n":1}` {
		t.Errorf("the started task is %+v", info)
	}
	if got := r.fetch(r.joinMode("live", broker.AtMostOnce), 1); got[0].Task.ID != held[2].Task.ID {
		t.Errorf("fetched %v", ids(got))
	}
	may, err = dead.Commit(r.ctx, held[2:])
	r.must(err)
	if len(may) > 0 {
		t.Error("a zombie may start")
	}
}

// leaseLive: who is silent is no longer counted among those that share the upkeep, though its tasks are
// still to be taken from it.
func leaseLive(t *testing.T, r *rig) {
	r.enqueue(task())
	r.fetch(r.join("one"), 1)
	beating := r.join("two")
	counts := func(want int) func() bool {
		return func() bool {
			r.must(beating.Beat(r.ctx))
			n, err := r.Broker.LiveWorkers(r.ctx, "q")
			r.must(err)
			return n == want
		}
	}
	if !counts(2)() {
		t.Error("two workers are not two")
	}
	r.until("the silent one counts no more", counts(1))
}
