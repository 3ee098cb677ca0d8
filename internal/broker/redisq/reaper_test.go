package redisq

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// breaker makes calls of some scripts fail before they are sent.
type breaker struct{ script string }

var errBroken = errors.New("broken by the test")

func (b breaker) DialHook(next redis.DialHook) redis.DialHook { return next }

func (b breaker) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" && scriptOf(cmd.Args()[1].(string)) == b.script {
			cmd.SetErr(errBroken)
			return errBroken
		}
		return next(ctx, cmd)
	}
}

func (b breaker) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// A worker dies, and so does its reaper between stealing and handing back. A reaper that starts under
// the same name gives back what both of them held.
func TestReaper_DiedHalfWayLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	doomed := r.another()
	doomed.calls.AddHook(breaker{"settle"})
	r.put(newTasks(4)...)
	first := r.join("first")
	r.fetch(first, 2)
	r.must(first.Leave(t.Context()))
	dying := doomed.NewReaper("q", "undertaker", testLease)
	r.until("the reaper dies", func() bool {
		_, err := dying.Reap(t.Context())
		return errors.Is(err, errBroken)
	})
	second := r.join("second")
	r.fetch(second, 2)
	r.must(second.Leave(t.Context()))
	heir := r.NewReaper("q", "undertaker", testLease)
	r.until("all tasks are back", func() bool {
		_, err := heir.Reap(t.Context())
		r.must(err)
		total := r.count(zeroq.Leased) + r.count(zeroq.Ready)
		if total != 4 {
			t.Fatalf("%d of 4 tasks are left", total)
		}
		return r.count(zeroq.Ready) == 4
	})
	if blamed := r.client.HLen(t.Context(), r.keys.crashes).Val(); blamed != 2 {
		t.Errorf("%d tasks are blamed for a death, want those 2 whose reaper lived", blamed)
	}
}

// However many there are: what is left for the next look waits for two more.
func TestReaper_GivesBackAllThatOneWorkerHad(t *testing.T) {
	t.Parallel()
	const n = 4 * maxBatch
	r := newRig(t)
	m := r.join("w")
	for range n / maxBatch {
		r.put(newTasks(maxBatch)...)
		r.fetch(m, maxBatch)
	}
	r.must(m.Leave(t.Context()))
	reaper, back := r.NewReaper("q", "undertaker", testLease), 0
	r.until("tasks are back", func() (some bool) {
		var err error
		back, err = reaper.Reap(t.Context())
		r.must(err)
		return back > 0
	})
	if back != n || r.count(zeroq.Ready) != n {
		t.Errorf("%d of %d tasks are back at once", back, n)
	}
}

func TestReaper_OneLookIsNotEnough(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	m := r.join("w")
	r.fetch(m, 1)
	r.must(m.Leave(t.Context())) // from now on its lease is over
	reaper := r.NewReaper("q", "undertaker", time.Minute)
	for range 5 {
		n, err := reaper.Reap(t.Context())
		r.must(err)
		if n > 0 {
			t.Fatal("stolen before 1.5 heartbeats had passed")
		}
	}
}

// An error between two looks makes the first one worthless: after an outage every lease looks over.
func TestReaper_AnErrorStartsTheLookingAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	m := r.join("w")
	r.fetch(m, 1)
	r.must(m.Leave(t.Context()))
	x := r.NewReaper("q", "undertaker", testLease).(*reaper)
	_, err := x.Reap(t.Context())
	r.must(err)
	if len(x.seen) != 1 {
		t.Fatalf("seen %v", x.seen)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Reap(ended); err == nil || len(x.seen) != 0 {
		t.Errorf("after %v it has seen %v", err, x.seen)
	}
}

// What a worker moved to landing and then died with is given back, but not what has just come.
func TestReaper_ClearsLandingOnTheSecondLook(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(3)...)
	for range 2 {
		r.must(r.client.LMove(t.Context(), r.keys.ready, r.keys.landing, "RIGHT", "LEFT").Err())
	}
	order := r.client.LRange(t.Context(), r.keys.landing, 0, -1).Val()
	reaper := r.NewReaper("q", "undertaker", testLease)
	_, err := reaper.Reap(t.Context())
	r.must(err)
	if n := r.client.LLen(t.Context(), r.keys.landing).Val(); n != 2 {
		t.Fatalf("%d are left after one look", n)
	}
	r.until("landing is empty", func() bool {
		_, err := reaper.Reap(t.Context())
		r.must(err)
		return r.client.LLen(t.Context(), r.keys.landing).Val() == 0
	})
	got := r.fetch(r.join("w"), 3)
	if string(got[0].Raw) != order[1] || string(got[1].Raw) != order[0] {
		t.Error("they come in another order than they came")
	}
}

// A message that only looks like a started one was pushed so by somebody.
func TestReaper_KeepsTheBytesOfWhatItCannotRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.push("!nope")
	m := r.join("w")
	if d := r.fetch(m, 1)[0]; d.Err == nil || string(d.Raw) != "!nope" {
		t.Fatalf("delivery %+v", d)
	}
	r.must(m.Leave(t.Context()))
	reaper := r.NewReaper("q", "undertaker", testLease)
	r.until("it comes back", func() bool {
		n, err := reaper.Reap(t.Context())
		r.must(err)
		return n == 1
	})
	for _, content := range []string{r.client.LIndex(t.Context(), r.keys.ready, 0).Val(), r.dump()[r.keys.parked]} {
		if content == "!nope" {
			return
		}
	}
	t.Errorf("its bytes have changed: %v", r.dump())
}

// Between a reaper's look and its grasp the worker may have beaten, even if that lease is over as well.
func TestSteal_ARenewedLeaseIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	m := r.joinFor("w", broker.AtLeastOnce, time.Millisecond)
	group := r.fetch(m, 1)[0].Lease
	seen := r.client.ZScore(t.Context(), r.keys.groups, group).Val()
	r.until("the lease ends later than before", func() bool {
		r.must(m.Beat(t.Context()))
		return r.client.ZScore(t.Context(), r.keys.groups, group).Val() > seen
	})
	steal := func(score float64) string {
		answer, err := r.run(t.Context(), r.calls, scriptSteal,
			[]string{r.keys.groups, r.keys.inflight + group, r.keys.inflight + "thief.1"}, group, int64(score), "thief.1", 60_000)
		r.must(err)
		return answer.status
	}
	r.until("the renewed lease is over", func() bool {
		r.must(r.Ping(t.Context()))
		return float64(r.clock.now().UnixMilli()) > r.client.ZScore(t.Context(), r.keys.groups, group).Val()
	})
	r.unchanged("a late grasp", func() {
		if status := steal(seen); status != statusGone {
			t.Errorf("answered %s", status)
		}
	})
	r.must(r.client.ZAdd(t.Context(), r.keys.groups, redis.Z{Score: 1e15, Member: group}).Err())
	r.unchanged("a lease that is not over", func() {
		if status := steal(1e15); status != statusGone {
			t.Errorf("answered %s", status)
		}
	})
}

// Each beat gives a whole lease: a worker may then be silent for as long.
func TestBeat_RenewsForAWholeLease(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	m := r.joinFor("w", broker.AtLeastOnce, time.Hour)
	group := r.fetch(m, 1)[0].Lease
	now := r.client.Time(t.Context()).Val()
	r.must(r.client.ZAdd(t.Context(), r.keys.groups, zOf(float64(now.UnixMilli()+1000), group)).Err())
	r.must(m.Beat(t.Context()))
	ends := r.client.ZScore(t.Context(), r.keys.groups, group).Val()
	if least := now.Add(time.Hour).UnixMilli(); int64(ends) < least {
		t.Errorf("the lease ends %d ms too early", least-int64(ends))
	}
}

// A worker that was away so long that its lease was taken finds out by its next fetch, which takes
// nothing; the one after that begins a new lease.
func TestFetch_AfterTheLeaseWasTakenTakesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	m := r.join("w")
	old := r.fetch(m, 1)[0].Lease
	reaper := r.NewReaper("q", "undertaker", testLease)
	r.until("it is robbed", func() bool {
		n, err := reaper.Reap(t.Context())
		r.must(err)
		return n == 1
	})
	r.unchanged("the fetch", func() {
		if deliveries, err := m.Fetch(t.Context(), 1, 0); !errors.Is(err, zeroq.ErrLeaseLost) || len(deliveries) > 0 {
			t.Errorf("fetched %d, %v", len(deliveries), err)
		}
	})
	if d := r.fetch(m, 1)[0]; d.Lease == old {
		t.Error("it goes on under the old lease")
	}
}
