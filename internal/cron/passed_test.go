package cron_test

import (
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/cron"
)

// run passes from due until nothing is due, and returns the times enqueued and how many were missed.
func run(s *cron.Spec, due, now time.Time, policy zeroq.CatchUp) (ran []time.Time, missed int, next time.Time) {
	for next = due; !next.IsZero() && !next.After(now); {
		pass := s.Pass(next, now, policy)
		missed += pass.Missed
		if !pass.At.IsZero() {
			ran = append(ran, pass.At)
		}
		next = pass.Next
	}
	return ran, missed, next
}

func TestPass_PoliciesOfWhatWasMissed(t *testing.T) {
	t.Parallel()
	due := at(t, "2026-01-01T00:00:00Z")
	for name, c := range map[string]struct {
		spec   string
		late   time.Duration
		policy zeroq.CatchUp
		first  time.Duration // of the times enqueued, after due
		ran    int
		missed int
	}{
		"on time":                        {"@every 1h", 0, zeroq.CatchUpNone, 0, 1, 0},
		"a minute late is on time":       {"@every 1h", time.Minute, zeroq.CatchUpNone, 0, 1, 0},
		"more is not":                    {"@every 1h", time.Minute + time.Millisecond, zeroq.CatchUpNone, 0, 0, 1},
		"none: only what is on time":     {"@every 1h", 5*time.Hour + time.Second, zeroq.CatchUpNone, 5 * time.Hour, 1, 5},
		"none: nothing is":               {"@every 1h", 5*time.Hour + 2*time.Minute, zeroq.CatchUpNone, 0, 0, 6},
		"seconds: five are on time":      {"@every 1s", 5 * time.Second, zeroq.CatchUpNone, 0, 6, 0},
		"seconds: what is older is not":  {"@every 1s", time.Minute, zeroq.CatchUpNone, 55 * time.Second, 6, 55},
		"ten seconds: one before counts": {"@every 10s", 25 * time.Second, zeroq.CatchUpNone, 20 * time.Second, 1, 2},
		"last":                           {"@every 1h", 5*time.Hour + 30*time.Minute, zeroq.CatchUpLast, 5 * time.Hour, 1, 5},
		"last, on time":                  {"@every 1h", time.Second, zeroq.CatchUpLast, 0, 1, 0},
		"all":                            {"@every 1h", 5*time.Hour + 30*time.Minute, zeroq.CatchUpAll, 0, 6, 0},
		"all, but not more than a bound": {"@every 1m", 1500 * time.Minute, zeroq.CatchUpAll, 501 * time.Minute, zeroq.MaxCatchUp, 501},
		"by the calendar":                {"0 0 * * *", 72 * time.Hour, zeroq.CatchUpLast, 72 * time.Hour, 1, 3},
	} {
		s, now := parse(t, c.spec, ""), due.Add(c.late)
		ran, missed, next := run(s, due, now, c.policy)
		if len(ran) != c.ran || missed != c.missed || !next.Equal(s.Next(now)) {
			t.Errorf("%s: %d ran, %d missed, next %v; want %d, %d, %v", name, len(ran), missed, next, c.ran, c.missed, s.Next(now))
		}
		if len(ran) > 0 && !ran[0].Equal(due.Add(c.first)) {
			t.Errorf("%s: the first is %v, want %v", name, ran[0], due.Add(c.first))
		}
	}
}

// After the rules of a zone have changed, a time that was due may be none any more.
func TestPass_TimeThatIsNoneAnyMoreStillCounts(t *testing.T) {
	t.Parallel()
	s, due := parse(t, "0 0 * * *", ""), at(t, "2026-01-01T01:00:00Z")
	for _, policy := range []zeroq.CatchUp{zeroq.CatchUpNone, zeroq.CatchUpLast, zeroq.CatchUpAll} {
		for late, want := range map[time.Duration]int{time.Second: 1, time.Hour: 1} {
			if policy == zeroq.CatchUpNone && late == time.Hour {
				want = 0
			}
			ran, _, next := run(s, due, due.Add(late), policy)
			if len(ran) != want || !next.Equal(at(t, "2026-01-02T00:00:00Z")) {
				t.Errorf("%s, %v late: %v ran, next %v", policy, late, ran, next)
			}
		}
	}
}
