package carried_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// A worker dies with its connections: the carrier gives what it had to another at once, and a reaper gives it
// back too. It runs once more.
func TestWorkerDies_ItsTaskRunsOnceMore(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		doomed := r.start()
		r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")))
		r.fetch(r.join(doomed, "dead", broker.AtLeastOnce), 2)
		live := r.worker("live")
		doomed.carrier.Kill()
		r.none(live) // its lease is not over
		r.reap(2)
		r.succeed(live, r.fetch(live, 2)...)
		r.none(live)
		r.forgotten()
		r.wants("a", zeroq.Succeeded)
		r.wants("b", zeroq.Succeeded)
	})
}

// The carrier gives a message to another while its task runs: it does not run twice, and its group waits.
func TestRedelivery_WhileTheTaskRuns(t *testing.T) {
	t.Parallel()
	r := relayedRig(t, ordered)
	r.enqueue(grouped("a1", "a"), grouped("a2", "a"), grouped("a3", "a"), grouped("b1", "b"))
	one := r.worker("one")
	running := r.fetch(one, 2)
	if running[0].Receipt != "a1" || running[1].Receipt != "b1" {
		t.Fatalf("%s and %s are first", running[0].Receipt, running[1].Receipt)
	}
	other := r.join(r.start(), "other", broker.AtLeastOnce)
	for range 3 {
		r.server.Rebalance("q")
		r.none(one, other)
	}
	r.succeed(one, running[0])
	for _, want := range []string{"a2", "a3"} {
		var next *broker.Delivery
		var by broker.Member
		r.until("the next of the group comes", func() bool {
			for _, by = range []broker.Member{one, other} {
				got, err := by.Fetch(r.ctx, 10, 0)
				r.must(err)
				if len(got) > 0 {
					next = got[0]
					return true
				}
			}
			return false
		})
		if next.Receipt != want {
			t.Fatalf("%s comes, want %s", next.Receipt, want)
		}
		r.server.Rebalance("q")
		r.none(one, other)
		r.succeed(by, next)
	}
	r.succeed(one, running[1])
	r.drops(one, other)
}

// Where no order is kept, the lease in Redis looks after a task in flight, whatever the carrier gives away.
func TestRedelivery_WithoutOrderIsDropped(t *testing.T) {
	t.Parallel()
	r := relayedRig(t, unordered)
	r.enqueue(task(zeroq.ID("a")))
	one, other := r.worker("one"), r.worker("other")
	d := r.fetch(one, 1)
	r.server.Rebalance("q")
	r.none(one, other)
	r.forgotten()
	r.succeed(one, d...)
	r.wants("a", zeroq.Succeeded)
}

// Every message twice: each task runs once.
func TestDuplicates_RunOnce(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.server.Double(true)
		const n = 50
		for i := range n {
			r.enqueue(task(zeroq.ID(fmt.Sprint("t", i))))
		}
		m, runs := r.worker("w"), map[string]int{}
		r.until("all have run", func() bool {
			got, err := m.Fetch(r.ctx, 10, 0)
			r.must(err)
			for _, d := range got {
				runs[d.Task.ID]++
			}
			r.succeed(m, got...)
			return len(runs) == n
		})
		r.drops(m)
		for id, times := range runs {
			if times > 1 {
				t.Errorf("%s ran %d times", id, times)
			}
		}
	})
}

func TestLongRun_IsAcknowledgedWhileItRuns(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.SetLongRun(20 * time.Millisecond)
		r.enqueue(task(zeroq.ID("a")))
		m := r.worker("w")
		d := r.fetch(m, 1)
		r.until("the carrier forgets it", func() bool {
			r.must(m.Beat(r.ctx))
			return len(r.server.Unacknowledged("q")) == 0
		})
		r.wants("a", zeroq.Leased)
		r.succeed(m, d...)
		r.wants("a", zeroq.Succeeded)
	})
}

// The next of a group comes when the carrier forgets the one before it, so that is kept however long it runs.
func TestLongRun_OfAGroupIsKept(t *testing.T) {
	t.Parallel()
	r := relayedRig(t, ordered)
	r.SetLongRun(time.Millisecond)
	r.enqueue(grouped("a1", "a"), grouped("a2", "a"))
	m := r.worker("w")
	d := r.fetch(m, 1)
	r.during(func() { r.must(m.Beat(r.ctx)) })
	r.none(m)
	r.succeed(m, d...)
	if next := r.fetch(m, 1)[0]; next.Receipt != "a2" {
		t.Errorf("%s comes next", next.Receipt)
	}
}

// A worker that dies with a task that the carrier has forgotten: Redis has it.
func TestLongRun_OutlivesItsWorker(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		doomed := r.start()
		doomed.SetLongRun(time.Millisecond)
		r.enqueue(task(zeroq.ID("a")))
		dead := r.join(doomed, "dead", broker.AtLeastOnce)
		r.fetch(dead, 1)
		r.until("the carrier forgets it", func() bool {
			r.must(dead.Beat(r.ctx))
			return len(r.server.Unacknowledged("q")) == 0
		})
		doomed.carrier.Kill()
		r.reap(1)
		live := r.worker("live")
		r.succeed(live, r.fetch(live, 1)...)
		r.forgotten()
	})
}

func TestAtMostOnce_IsAcknowledgedBeforeItStarts(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")))
		doomed := r.start()
		dead := r.join(doomed, "dead", broker.AtMostOnce)
		held := r.fetch(dead, 2)
		may, err := dead.Commit(r.ctx, held[:1])
		r.must(err)
		if len(may) != 1 {
			t.Fatalf("%d may start", len(may))
		}
		if left := r.server.Unacknowledged("q"); len(left) != 1 || !strings.Contains(left[0], `"b"`) {
			t.Errorf("the carrier still has %v", left)
		}
		doomed.carrier.Kill()
		r.reap(2)
		live := r.join(r.process, "live", broker.AtMostOnce)
		if d := r.fetch(live, 1)[0]; d.Receipt != "b" {
			t.Errorf("%s runs", d.Receipt)
		}
		r.wants("a", zeroq.Dead)
	})
}

// A zombie may not start what was taken from it: what it has in hand of that is asked for again.
func TestAtMostOnce_ZombieMayNotStart(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")))
		zombie := r.join(r.process, "zombie", broker.AtMostOnce)
		held := r.fetch(zombie, 1)
		r.reap(1)
		may, err := zombie.Commit(r.ctx, held)
		r.must(err)
		if len(may) > 0 {
			t.Fatal("it may start")
		}
		var again []*broker.Delivery
		r.until("it comes again, under a new lease", func() bool {
			again, err = zombie.Fetch(r.ctx, 1, 0)
			if err != nil && !isLost(err) {
				r.must(err)
			}
			return len(again) == 1
		})
		may, err = zombie.Commit(r.ctx, again)
		r.must(err)
		r.succeed(zombie, may...)
		r.none(zombie)
		r.forgotten()
		r.wants("a", zeroq.Succeeded)
	})
}

// A worker that was silent for too long goes on: what it still has in hand is judged anew.
func TestLeaseLost_WhatIsInHandIsAskedForAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")))
		m := r.worker("w")
		held := r.fetch(m, 2)
		r.reap(2)
		if err := m.Settle(r.ctx, []broker.Outcome{outcome(m, held[0], zeroq.Succeeded)}); !isLost(err) {
			t.Fatalf("it settled: %v", err)
		}
		if err := m.Beat(r.ctx); !isLost(err) {
			t.Fatalf("its heart beats: %v", err)
		}
		if err := m.Settle(r.ctx, []broker.Outcome{outcome(m, held[1], zeroq.Succeeded)}); !isLost(err) {
			t.Fatalf("it settled: %v", err)
		}
		again := r.fetch(m, 2)
		if again[0].Lease == held[0].Lease {
			t.Error("under the old lease")
		}
		r.succeed(m, again...)
		r.drops(m)
	})
}

// What a worker hands back keeps its place in its group, though Redis has it carried once more: here, and at the
// next worker when this one leaves.
func TestHandBack_KeepsItsPlaceInItsGroup(t *testing.T) {
	t.Parallel()
	r := relayedRig(t, ordered)
	r.enqueue(grouped("a1", "a"), grouped("a2", "a"))
	one, other := r.worker("one"), r.join(r.start(), "other", broker.AtLeastOnce)
	handBack := func(m broker.Member, held []*broker.Delivery) {
		t.Helper()
		r.must(m.Settle(r.ctx, []broker.Outcome{outcome(m, held[0], zeroq.Ready)}))
	}
	first := func() (broker.Member, []*broker.Delivery) {
		t.Helper()
		var got []*broker.Delivery
		var by broker.Member
		r.until("a task comes", func() bool {
			for _, by = range []broker.Member{one, other} {
				var err error
				if got, err = by.Fetch(r.ctx, 10, 0); err != nil || len(got) > 0 {
					r.must(err)
					return true
				}
			}
			return false
		})
		return by, got
	}
	for range 2 {
		by, held := first()
		if len(held) != 1 || held[0].Receipt != "a1" {
			t.Fatalf("%s comes", held[0].Receipt)
		}
		handBack(by, held)
	}
	by, held := first()
	handBack(by, held)
	r.must(by.Leave(r.ctx))
	if by == one {
		one = other
	} else {
		other = one
	}
	for _, want := range []string{"a1", "a2"} {
		by, held := first()
		if held[0].Receipt != want {
			t.Fatalf("%s comes, want %s", held[0].Receipt, want)
		}
		r.succeed(by, held...)
	}
	r.drops(one)
}

// An abandoned lease is still there: nobody runs its tasks until a reaper has seen to them.
func TestAbandon_KeepsOthersOut(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")))
		m := r.worker("w")
		held := r.fetch(m, 1)
		m.Abandon()
		r.none(m)
		r.succeed(m, held...) // the lease was not over
		r.drops(m)
		r.wants("a", zeroq.Succeeded)
	})
}

// Redis forgets everything: what is not acknowledged runs again, and what is does not.
func TestRedisForgets_WhatIsNotAcknowledgedRunsAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("done")))
		m := r.worker("w")
		r.succeed(m, r.fetch(m, 1)...)
		r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")), task(zeroq.ID("c")))
		r.away(3)
		held := r.fetch(m, 2)
		r.must(r.client.FlushDB(r.ctx).Err())
		if err := m.Settle(r.ctx, []broker.Outcome{outcome(m, held[0], zeroq.Succeeded)}); !isLost(err) {
			t.Fatalf("it settled: %v", err)
		}
		if err := m.Beat(r.ctx); !isLost(err) {
			t.Fatalf("its heart beats: %v", err)
		}
		r.succeed(m, r.fetch(m, 3)...)
		r.drops(m)
		for _, id := range []string{"a", "b", "c"} {
			r.wants(id, zeroq.Succeeded)
		}
	})
}

// Redis forgets that a worker has a task, as in a failover: its outcome is refused, and the message, which
// nobody else may have, is judged anew.
func TestRedisForgets_OneTaskInFlight(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")))
		m := r.worker("w")
		held := r.fetch(m, 2)
		r.must(r.client.HDel(r.ctx, "zq:{q}:if:"+held[0].Lease, "a").Err())
		r.succeed(m, held...)
		again := r.fetch(m, 1)
		if again[0].Receipt != "a" {
			t.Errorf("%s comes again", again[0].Receipt)
		}
		r.succeed(m, again...)
		r.drops(m)
		r.wants("a", zeroq.Succeeded)
		r.wants("b", zeroq.Succeeded)
	})
}

func TestCarrierAway_FetchSaysSo(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		m := r.worker("w")
		r.enqueue(task(zeroq.ID("a")))
		r.away(1)
		r.server.Stop()
		if _, err := m.Fetch(r.ctx, 1, 0); !errors.Is(err, zeroq.ErrUnavailable) {
			t.Errorf("fetch: %v", err)
		}
		r.server.Start()
		r.succeed(m, r.fetch(m, 1)...)
	})
}

func TestPause_KeepsWhatIsInHand(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		m := r.worker("w")
		r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")))
		r.away(2)
		r.must(r.Pause(r.ctx, "q"))
		r.during(func() {
			if got, err := m.Fetch(r.ctx, 10, 0); !errors.Is(err, broker.ErrPaused) || len(got) > 0 {
				t.Fatalf("a paused queue gave %d, %v", len(got), err)
			}
		})
		r.must(r.Resume(r.ctx, "q"))
		r.succeed(m, r.fetch(m, 2)...)
		r.forgotten()
	})
}

func TestLimit_IsKeptByAllWorkers(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.must(r.Configure(r.ctx, "q", zeroq.Limits{Concurrency: 2}))
		const n = 12
		for i := range n {
			r.enqueue(task(zeroq.ID(fmt.Sprint("t", i))))
		}
		workers := []broker.Member{r.worker("one"), r.worker("two"), r.worker("three")}
		done := 0
		r.until("all have run", func() bool {
			held := map[broker.Member][]*broker.Delivery{}
			running := 0
			for _, m := range workers {
				got, err := m.Fetch(r.ctx, 5, 0)
				if err != nil && !errors.Is(err, broker.ErrLimited) {
					r.must(err)
				}
				held[m] = got
				running += len(got)
			}
			if running > 2 {
				t.Fatalf("%d run at once", running)
			}
			for m, got := range held {
				if len(got) > 0 {
					r.succeed(m, got...)
				}
			}
			done += running
			return done == n
		})
		r.forgotten()
	})
}

func TestCancel_OfATaskThatIsAway(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")))
		r.away(2)
		state, err := r.Cancel(r.ctx, "a", "q")
		r.must(err)
		if state != zeroq.Cancelled {
			t.Errorf("it is %s", state)
		}
		m := r.worker("w")
		if d := r.fetch(m, 1)[0]; d.Receipt != "b" {
			t.Errorf("%s runs", d.Receipt)
		} else {
			r.succeed(m, d)
		}
		r.drops(m)
		r.wants("a", zeroq.Cancelled)
	})
}

// An orderly end: what is handed back and what is not settled comes to others, once.
func TestLeave_EverythingComesToOthers(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for _, id := range []string{"a", "b", "c", "d"} {
			r.enqueue(task(zeroq.ID(id)))
		}
		r.away(4)
		leaver := r.worker("leaver")
		held := r.fetch(leaver, 3)
		r.must(leaver.Settle(r.ctx, []broker.Outcome{{Delivery: held[0], State: zeroq.Ready}}))
		r.must(leaver.Leave(r.ctx))
		r.must(leaver.Leave(r.ctx))
		r.reap(2)
		m := r.worker("w")
		r.succeed(m, r.fetch(m, 4)...)
		r.drops(m)
	})
}

func TestRetry_ComesByTheCarrierAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")))
		m := r.worker("w")
		for attempt := 1; attempt <= 3; attempt++ {
			d := r.fetch(m, 1)[0]
			if d.Task.Attempt != attempt {
				t.Fatalf("attempt %d, want %d", d.Task.Attempt, attempt)
			}
			retry := outcome(m, d, zeroq.Retry)
			retry.NextAttempt, retry.RunAt = attempt+1, m.Now()
			retry.Failure = &zeroq.AttemptError{Attempt: attempt, At: m.Now(), Message: "boom"}
			r.must(m.Settle(r.ctx, []broker.Outcome{retry}))
			r.forgotten()
			r.until("it is due", func() bool {
				n, err := r.Promote(r.ctx, "q")
				r.must(err)
				return n == 1
			})
		}
	})
}

// The same, when that task's outcome is all that is settled: the answer is that the lease is lost, which it
// is not.
func TestRedisForgets_TheOnlyTaskOfASettling(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")))
		m := r.worker("w")
		held := r.fetch(m, 1)
		r.must(r.client.HDel(r.ctx, "zq:{q}:if:"+held[0].Lease, "a").Err())
		if err := m.Settle(r.ctx, []broker.Outcome{outcome(m, held[0], zeroq.Succeeded)}); !isLost(err) {
			t.Fatalf("it settled: %v", err)
		}
		r.succeed(m, r.fetch(m, 1)...)
		r.forgotten()
	})
}

// What may not start, as Redis does not know that the worker has it, is not settled by anybody.
func TestAtMostOnce_WhatMayNotStartIsAskedForAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")))
		m := r.join(r.process, "w", broker.AtMostOnce)
		held := r.fetch(m, 1)
		r.must(r.client.HDel(r.ctx, "zq:{q}:if:"+held[0].Lease, "a").Err())
		may, err := m.Commit(r.ctx, held)
		r.must(err)
		if len(may) > 0 {
			t.Fatal("it may start")
		}
		may, err = m.Commit(r.ctx, r.fetch(m, 1))
		r.must(err)
		r.succeed(m, may...)
		r.forgotten()
	})
}

// The tasks of an abandoned lease come back by a reaper, and nothing of them stays in hand.
func TestAbandon_WhatIsReapedRunsOnce(t *testing.T) {
	each(t, func(_ *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")))
		m := r.worker("w")
		r.fetch(m, 1)
		m.Abandon()
		r.reap(1)
		r.succeed(m, r.fetch(m, 1)...)
		r.drops(m)
	})
}
