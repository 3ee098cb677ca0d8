package redisq

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// A queue of whatever can be on its lists is counted by its tasks alone.
func TestCensus_CountsTasksAndNothingElse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	for i, priority := range []zeroq.Priority{zeroq.High, zeroq.Low, zeroq.High} {
		r.put(newTask(zeroq.ID(fmt.Sprint(priority, i)), zeroq.Prioritized(priority)))
	}
	if n := r.client.LLen(ctx, r.keys.ready).Val(); n != 1 {
		t.Fatalf("%d elements wake a worker", n)
	}
	if n := r.count(zeroq.Ready); n != 3 {
		t.Errorf("%d are ready, want 3", n)
	}
	r.put(newTask(zeroq.ID("a")), newTask(zeroq.ID("b")))
	r.must(r.client.LMove(ctx, r.keys.ready, r.keys.landing, "RIGHT", "LEFT").Err()) // what wakes
	r.must(r.client.LMove(ctx, r.keys.ready, r.keys.landing, "RIGHT", "LEFT").Err()) // a
	r.must(r.client.LPush(ctx, r.keys.landing, "", "").Err())
	r.must(r.client.LMove(ctx, r.keys.ready, r.keys.suspect, "RIGHT", "LEFT").Err()) // b
	if n := r.count(zeroq.Ready); n != 5 {
		t.Errorf("%d are ready, want 5", n)
	}
	for _, id := range []string{"a", "b", "low1"} {
		r.cancel(id, zeroq.Cancelled)
	}
	if n := r.count(zeroq.Ready); n != 2 {
		t.Errorf("%d are ready, want 2", n)
	}
	m := r.join("w")
	r.fetch(m, 2)
	r.must(r.client.HSet(ctx, r.keys.inflight+m.lease.group, "#a", "1", "#s", "high0").Err())
	if n := r.count(zeroq.Leased); n != 2 {
		t.Errorf("%d are leased, want 2", n)
	}
}

// The oldest of all lists counts, but for what was called off.
func TestCensus_OldestOfAllLists(t *testing.T) {
	t.Parallel()
	for _, list := range []string{"landing", "ready", "ready:high", "ready:low", "suspect"} {
		r := newRig(t)
		old := fmt.Sprintf(`{"id":"old","enqueued_at":%q,"type":"echo"}`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
		r.put(newTask(zeroq.ID("ours")))
		r.must(r.client.RPush(t.Context(), r.keys.prefix+list, old).Err())
		if list == "ready" {
			r.must(r.client.RPush(t.Context(), r.keys.ready, "").Err())
		}
		age := func() time.Duration {
			info, err := r.Queue(t.Context(), "q")
			r.must(err)
			return info.OldestAge
		}
		if got := age(); got < 59*time.Minute || got > 61*time.Minute {
			t.Errorf("%s: the oldest waits for %v", list, got)
		}
		r.must(r.client.SAdd(t.Context(), r.keys.withdrawn, "old").Err())
		if got := age(); got > time.Minute {
			t.Errorf("%s: without it, the oldest waits for %v", list, got)
		}
	}
}

func TestRates_AreOfTheLastMinuteOrSo(t *testing.T) {
	t.Parallel()
	now := fromMillis(1_000_000_000)
	sample := func(ago time.Duration, text string) string { return fmt.Sprint(now.Add(-ago).UnixMilli(), text) }
	totals := map[zeroq.Counter]int64{zeroq.CountEnqueued: 100, zeroq.CountDead: 5}
	for name, test := range map[string]struct {
		samples []string
		want    float64
	}{
		"none":              {nil, 0},
		"a moment ago":      {[]string{sample(time.Second/2, " enqueued 0")}, 0},
		"ten seconds":       {[]string{sample(10*time.Second, " enqueued 20 dead 5")}, 8},
		"the oldest":        {[]string{sample(2*time.Second, " enqueued 90"), sample(50*time.Second, " dead 1 enqueued 50")}, 1},
		"not so old":        {[]string{sample(20*time.Second, " enqueued 60"), sample(5*time.Minute, " enqueued 0")}, 2},
		"only very old":     {[]string{sample(5*time.Minute, " enqueued 0")}, 0},
		"a new counter":     {[]string{sample(50*time.Second, "")}, 2},
		"unreadable":        {[]string{"x enqueued 1", "", sample(10*time.Second, " enqueued 0 dead")}, 10},
		"began from naught": {[]string{sample(10*time.Second, " enqueued 200")}, 0},
	} {
		rates := ratesOf(totals, test.samples, now)
		if rates[zeroq.CountEnqueued] != test.want || len(rates) != len(totals) && len(rates) != len(zeroq.Counters) {
			t.Errorf("%s: rates %v, want %v", name, rates, test.want)
		}
	}
}

func TestSample_IsTakenEveryTenSecondsAndKeptForAMinute(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(3)...)
	for range 3 {
		r.must(r.Sample(t.Context(), "q"))
	}
	samples := r.client.LRange(t.Context(), r.keys.samples, 0, -1).Val()
	if len(samples) != 1 {
		t.Fatalf("samples %q", samples)
	}
	if totals := totalsOf([]string{"enqueued", "3"}); !maps.Equal(totals, totalsAt(samples[0])) {
		t.Errorf("the sample is %q", samples[0])
	}
	at := r.Now().UnixMilli()
	r.must(r.client.Del(t.Context(), r.keys.samples).Err())
	for _, age := range []int64{80, 71, 60, 11} {
		r.must(r.client.LPush(t.Context(), r.keys.samples, fmt.Sprint(at-age*1000, " enqueued 1")).Err())
	}
	r.must(r.Sample(t.Context(), "q"))
	if n := r.client.LLen(t.Context(), r.keys.samples).Val(); n != 3 {
		t.Errorf("%d samples are kept: %v", n, r.client.LRange(t.Context(), r.keys.samples, 0, -1).Val())
	}
}

func totalsAt(sample string) map[zeroq.Counter]int64 {
	var at int64
	var name, total string
	_, _ = fmt.Sscan(sample, &at, &name, &total)
	return totalsOf([]string{name, total})
}

func TestRecount_PutsRightWhatIsInFlight(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(5)...)
	m := r.join("w")
	held := r.fetch(m, 3)
	r.fetch(r.join("other"), 1)
	inflight := func() string { return r.client.HGet(t.Context(), r.keys.gate, "inflight").Val() }
	for _, wrong := range []string{"17", "-3", "4"} {
		r.must(r.client.HSet(t.Context(), r.keys.gate, "inflight", wrong).Err())
		r.must(r.Recount(t.Context(), "q"))
		if got := inflight(); got != "4" {
			t.Errorf("%s became %s, want 4", wrong, got)
		}
	}
	r.settle(m, outcome(m, held[0], zeroq.Succeeded), outcome(m, held[1], zeroq.Dead), outcome(m, held[2], zeroq.Ready))
	r.must(r.Recount(t.Context(), "q"))
	if got := inflight(); got != "1" {
		t.Errorf("%s are in flight, want 1", got)
	}
}
