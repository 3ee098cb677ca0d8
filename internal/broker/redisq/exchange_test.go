package redisq

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// exchange settles and fetches, which must both work, and exactly n tasks must come.
func (r *rig) exchange(m *member, n int, outcomes ...broker.Outcome) []*broker.Delivery {
	r.Helper()
	deliveries, fetching, settling := m.Exchange(r.Context(), outcomes, n, 0)
	r.must(fetching)
	r.must(settling)
	if len(deliveries) != n {
		r.Fatalf("%d deliveries, want %d", len(deliveries), n)
	}
	return deliveries
}

// trips counts round trips, and what fails is answered in their place.
type trips struct {
	pipes, calls atomic.Int64
	lose         atomic.Bool // the answers of pipelines
}

func (h *trips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.calls.Add(1)
		return next(ctx, cmd)
	}
}

func (h *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		h.pipes.Add(1)
		err := next(ctx, cmds)
		if h.lose.Load() {
			for _, cmd := range cmds {
				cmd.SetErr(io.ErrUnexpectedEOF)
			}
			return io.ErrUnexpectedEOF
		}
		return err
	}
}

func countTrips(r *rig) *trips {
	h := new(trips)
	r.Broker.calls.AddHook(h)
	return h
}

func TestExchange_SettlesAndFetchesInOneRoundTrip(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(5)...)
	m := r.join("w")
	held := r.exchange(m, 2, outcome(m, r.fetch(m, 1)[0], zeroq.Succeeded)) // loads the scripts
	h := countTrips(r)
	held = r.exchange(m, 2, outcome(m, held[0], zeroq.Succeeded), outcome(m, held[1], zeroq.Dead))
	if pipes, calls := h.pipes.Load(), h.calls.Load(); pipes != 1 || calls != 0 {
		t.Errorf("%d pipelines and %d calls", pipes, calls)
	}
	if done, dead, leased := r.count(zeroq.Succeeded), r.count(zeroq.Dead), r.count(zeroq.Leased); done != 2 || dead != 1 || leased != 2 {
		t.Errorf("%d succeeded, %d dead, %d in flight", done, dead, leased)
	}
	r.exchange(m, 0, outcome(m, held[0], zeroq.Succeeded), outcome(m, held[1], zeroq.Succeeded))
	r.sound()
}

func TestExchange_RoomThatItMakesCanBeTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(2)...)
	one := 1
	r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Concurrency: &one}))
	m := r.join("w")
	first := r.fetch(m, 1)[0]
	last := r.exchange(m, 1, outcome(m, first, zeroq.Succeeded))[0]
	r.settle(m, outcome(m, last, zeroq.Succeeded))
}

func TestFetch_NoneAheadOfAQueueWithALimit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(2)...)
	many := 100
	m := r.join("w")
	r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Concurrency: &many}))
	got, err := m.Fetch(t.Context(), 0, 5)
	if closed, ok := errors.AsType[*broker.ClosedError](err); !ok || closed.Cause != broker.ErrLimited || closed.Wait != 0 || len(got) > 0 {
		t.Errorf("%d deliveries, %v", len(got), err)
	}
	got, err = m.Fetch(t.Context(), 1, 5)
	r.must(err)
	if len(got) != 1 {
		t.Errorf("%d deliveries for one slot", len(got))
	}
	many = 0
	r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Concurrency: &many}))
	if got, err = m.Fetch(t.Context(), 0, 5); err != nil || len(got) != 1 {
		t.Errorf("%d deliveries, %v", len(got), err)
	}
}

func TestExchange_WhatIsNotOwnedIsLeftOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(4)...)
	m := r.join("w")
	held := r.fetch(m, 2)
	r.must(r.client.HDel(t.Context(), r.keys.inflight+held[0].Lease, held[0].Receipt).Err())
	next := r.exchange(m, 2, outcome(m, held[0], zeroq.Succeeded), outcome(m, held[1], zeroq.Succeeded))
	if n := r.count(zeroq.Succeeded); n != 1 {
		t.Errorf("%d succeeded", n)
	}
	r.settle(m, outcome(m, next[0], zeroq.Succeeded), outcome(m, next[1], zeroq.Succeeded))
}

func TestExchange_WhatWasCalledOffIsCancelled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(3)...)
	m := r.join("w")
	held := r.fetch(m, 2)
	if _, err := r.Cancel(t.Context(), held[0].Task.ID, "q"); err != nil {
		t.Fatal(err)
	}
	next := r.exchange(m, 1, outcome(m, held[0], zeroq.Ready), outcome(m, held[1], zeroq.Succeeded))
	if off, done := r.count(zeroq.Cancelled), r.count(zeroq.Succeeded); off != 1 || done != 1 {
		t.Errorf("%d cancelled, %d succeeded", off, done)
	}
	r.settle(m, outcome(m, next[0], zeroq.Succeeded))
	r.sound()
}

// One lease may be over and the other not: each of the two calls has its own answer.
func TestExchange_LostLeaseSettlesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(3)...)
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	r.must(r.client.ZRem(t.Context(), r.keys.groups, d.Lease).Err())
	r.must(r.client.Del(t.Context(), r.keys.inflight+d.Lease).Err())
	_, fetching, settling := m.Exchange(t.Context(), []broker.Outcome{outcome(m, d, zeroq.Succeeded)}, 1, 0)
	if !errors.Is(fetching, zeroq.ErrLeaseLost) || !errors.Is(settling, zeroq.ErrLeaseLost) {
		t.Errorf("fetching: %v, settling: %v", fetching, settling)
	}
	next, fetching, settling := m.Exchange(t.Context(), []broker.Outcome{outcome(m, d, zeroq.Succeeded)}, 1, 0)
	if fetching != nil || len(next) != 1 || next[0].Lease == d.Lease || !errors.Is(settling, zeroq.ErrLeaseLost) {
		t.Errorf("%d deliveries, fetching: %v, settling: %v", len(next), fetching, settling)
	}
	r.settle(m, outcome(m, next[0], zeroq.Succeeded))
}

func TestExchange_LoadsScriptsThatRedisForgot(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(8)...)
	m := r.join("w")
	held := r.fetch(m, 1)
	for _, loaded := range [][]*redis.Script{{}, {scriptSettle}, {scriptFetch}} { // one may be there, of another worker's call
		r.must(r.client.ScriptFlush(t.Context()).Err())
		for _, script := range loaded {
			r.must(script.Load(t.Context(), r.client).Err())
		}
		held = r.exchange(m, 1, outcome(m, held[0], zeroq.Succeeded))
	}
	r.settle(m, outcome(m, held[0], zeroq.Succeeded))
	if done, ready := r.count(zeroq.Succeeded), r.count(zeroq.Ready); done != 4 || ready != 4 {
		t.Errorf("%d succeeded, %d are ready", done, ready)
	}
}

func TestExchange_WithoutAnAnswerItIsMadeAgainAndNothingIsLost(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(10)...)
	m := r.join("w")
	held := r.fetch(m, 2)
	h := countTrips(r)
	h.lose.Store(true)
	outcomes := []broker.Outcome{outcome(m, held[0], zeroq.Succeeded), outcome(m, held[1], zeroq.Retry)}
	got, fetching, settling := m.Exchange(t.Context(), outcomes, 3, 0)
	if fetching == nil || settling == nil || len(got) > 0 {
		t.Fatalf("%d deliveries, fetching: %v, settling: %v", len(got), fetching, settling)
	}
	h.lose.Store(false)
	next := r.exchange(m, 3, outcomes...) // what was fetched then
	if leased, done, retry := r.count(zeroq.Leased), r.count(zeroq.Succeeded), r.count(zeroq.Retry); leased != 3 || done != 1 || retry != 1 {
		t.Errorf("%d in flight, %d succeeded, %d wait for a retry", leased, done, retry)
	}
	for _, d := range next {
		r.settle(m, outcome(m, d, zeroq.Succeeded))
	}
	r.sound()
}

func TestReplay_ExchangeSentTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	attach(r.Broker, func(string) bool { return true })
	r.put(newTasks(30)...)
	m := r.join("w")
	held := r.fetch(m, 5)
	for range 5 {
		var outcomes []broker.Outcome
		for _, d := range held {
			outcomes = append(outcomes, outcome(m, d, zeroq.Succeeded))
		}
		held = r.exchange(m, 5, outcomes...)
	}
	if done, leased, ready := r.count(zeroq.Succeeded), r.count(zeroq.Leased), r.count(zeroq.Ready); done != 25 || leased != 5 || ready != 0 {
		t.Errorf("%d succeeded, %d in flight, %d ready", done, leased, ready)
	}
}

// What is fetched is claimed before anything else is, also when it came in an exchange.
func TestExchange_ClaimsBareMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	r.push(`{"type":"a"}`, `{"type":"b"}`, `{"type":"c"}`)
	r.must(r.client.Rename(t.Context(), r.keys.counters, "kept").Err())
	r.must(r.client.Set(t.Context(), r.keys.counters, "no hash", 0).Err()) // claims and settling fail, fetching works
	if got, fetching, settling := m.Exchange(t.Context(), []broker.Outcome{outcome(m, d, zeroq.Succeeded)}, 2, 0); fetching == nil || settling == nil {
		t.Fatalf("%d deliveries, fetching: %v, settling: %v", len(got), fetching, settling)
	}
	if len(m.unclaimed) != 2 {
		t.Fatalf("%d are to be claimed", len(m.unclaimed))
	}
	r.must(r.client.Rename(t.Context(), "kept", r.keys.counters).Err())
	claimed := r.exchange(m, 2, outcome(m, d, zeroq.Succeeded))
	if len(m.unclaimed) != 0 || claimed[0].Task.Type != "a" || claimed[1].Task.Type != "b" {
		t.Errorf("claimed %+v, %+v, %d are left", claimed[0].Task, claimed[1].Task, len(m.unclaimed))
	}
	last := r.exchange(m, 1, outcome(m, claimed[0], zeroq.Succeeded), outcome(m, claimed[1], zeroq.Succeeded))
	r.settle(m, outcome(m, last[0], zeroq.Succeeded))
	if n := r.count(zeroq.Succeeded); n != 4 {
		t.Errorf("%d succeeded", n)
	}
}

// One of the two calls fails by itself: the other counts.
func TestExchange_KeyOfAnotherTypeStopsOneOfTheTwo(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(queueKeys) string{
		"settling": func(k queueKeys) string { return k.dead },
		"fetching": func(k queueKeys) string { return k.landing },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.put(newTasks(2)...)
			m := r.join("w")
			d := r.fetch(m, 1)[0]
			key := fails(r.keys)
			r.must(r.client.Set(t.Context(), key, "odd", time.Minute).Err())
			outcomes := []broker.Outcome{outcome(m, d, zeroq.Succeeded)}
			got, fetching, settling := m.Exchange(t.Context(), outcomes, 1, 0)
			if (settling != nil) != (name == "settling") || (fetching != nil) != (name == "fetching") {
				t.Fatalf("%d deliveries, fetching: %v, settling: %v", len(got), fetching, settling)
			}
			r.must(r.client.Del(t.Context(), key).Err())
			if settling != nil {
				r.settle(m, outcomes...)
			}
			if fetching != nil {
				got = r.fetch(m, 1)
			}
			r.settle(m, outcome(m, got[0], zeroq.Succeeded))
			if n := r.count(zeroq.Succeeded); n != 2 {
				t.Errorf("%d succeeded", n)
			}
			r.sound()
		})
	}
}
