package redisq

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// admitted is a message as a producer of ours writes it.
func admitted(id, data string) string {
	return `{"id":"` + id + `","enqueued_at":"2026-01-01T00:00:00Z","type":"echo","data":"` + data + `"}`
}

func TestFetch_LargeMessagesBehindSmallOnesKeepToTheBound(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const small, large = 127, 80
	body := strings.Repeat("x", zeroq.MaxDataBytes-2)
	for i := range small {
		r.push(admitted("small"+strconv.Itoa(i), ""))
	}
	for i := range large {
		r.push(admitted("large"+strconv.Itoa(i), body))
	}
	deliveries, err := r.join("w").Fetch(t.Context(), maxFetch, 0)
	r.must(err)
	bytes := 0
	for _, d := range deliveries {
		bytes += len(d.Raw)
	}
	if len(deliveries) <= small || bytes > 2*maxFetchBytes {
		t.Errorf("%d deliveries of %d bytes, the bound is %d", len(deliveries), bytes, maxFetchBytes)
	}
}

func TestFetch_RateGoesOnWhenTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	rate := 100.0
	r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Rate: &rate}))
	ahead := r.clock.now().Add(time.Hour).UnixMilli()
	r.must(r.client.HSet(t.Context(), r.keys.gate, "tokens", "0", "tokens_at", ahead).Err())
	m := r.join("w")
	r.until("a task is fetched", func() bool {
		deliveries, err := m.Fetch(t.Context(), 1, 0)
		if err != nil && !errors.Is(err, broker.ErrLimited) {
			t.Fatal(err)
		}
		return len(deliveries) == 1
	})
}

// The more often workers ask a queue that is at its rate, the less Redis does for others.
func TestFetch_AtItsRateAQueueIsAskedAgainForSeveralTasks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(2)...)
	m := r.join("w")
	for _, limit := range []struct {
		rate  float64
		burst int
		wait  time.Duration
	}{
		{rate: 1000, burst: 1000, wait: 20 * time.Millisecond},
		{rate: 1000, burst: 10, wait: 5 * time.Millisecond},
		{rate: 1000, burst: 1, wait: time.Millisecond},
		{rate: 10, burst: 10, wait: 100 * time.Millisecond},
	} {
		r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Rate: &limit.rate, Burst: &limit.burst}))
		later := r.clock.now().Add(time.Minute).UnixMilli() // a clock set back: nothing comes meanwhile
		r.must(r.client.HSet(t.Context(), r.keys.gate, "tokens", "0", "tokens_at", later).Err())
		_, err := m.Fetch(t.Context(), 1, 0)
		if closed, ok := errors.AsType[*broker.ClosedError](err); !ok || closed.Wait != limit.wait {
			t.Errorf("%+v: %v", limit, err)
		}
	}
}

func TestSettle_HandedBackAfterItsStartATaskDoesNotExpire(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := r.join("w")
	for name, back := range map[string]func(o *broker.Outcome){
		"started":         func(o *broker.Outcome) { o.StartedAt = m.Now() },
		"its worker died": func(o *broker.Outcome) { o.Crashes = 1 },
		"not started":     func(*broker.Outcome) {},
	} {
		r.put(newTask(zeroq.ExpiresAt(r.clock.now().Add(time.Hour))))
		d := r.fetch(m, 1)[0]
		o := outcome(m, d, zeroq.Ready)
		back(&o)
		r.settle(m, o)
		again := r.fetch(m, 1)[0]
		if expires := !again.Task.ExpiresAt.IsZero(); expires != (name == "not started") || again.Task.Attempt != 1 {
			t.Errorf("%s: %s", name, again.Raw)
		}
		r.settle(m, outcome(m, again, zeroq.Succeeded))
	}
}

// A Redis that lost its last writes has messages on their lists that are in flight. Whoever fetches one has
// both of them, and runs one.
func TestFetch_OneIDTwiceLosesNeither(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask(zeroq.ID("mine")))
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	for range 2 {
		r.push(string(d.Raw))
	}
	twins := r.fetch(m, 2)
	for _, twin := range twins {
		if !errors.Is(twin.Err, zeroq.ErrDuplicateID) || string(twin.Raw) != string(d.Raw) {
			t.Errorf("its twin is %s, %v", twin.Raw, twin.Err)
		}
	}
	if n := r.count(zeroq.Leased); n != 3 {
		t.Errorf("%d are in flight, want 3", n)
	}
	r.settle(m, outcome(m, twins[0], zeroq.Dead), outcome(m, d, zeroq.Succeeded), outcome(m, twins[1], zeroq.Dead))
	if dead, done := r.count(zeroq.Dead), r.count(zeroq.Succeeded); dead != 2 || done != 1 {
		t.Errorf("%d dead, %d succeeded", dead, done)
	}
}
