package upkeep

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// table is a broker.Timetable with one schedule that comes at whole multiples of every.
type table struct {
	broker.Timetable
	every time.Duration
	err   error

	due   time.Time
	looks []time.Time
	late  []time.Duration // of each time that was ticked
}

func (b *table) Tick(context.Context) (int, time.Duration, error) {
	now := time.Now()
	b.looks = append(b.looks, now)
	if b.err != nil {
		return 0, time.Second, b.err
	}
	if b.due.IsZero() {
		b.due = now.Truncate(b.every).Add(b.every)
	}
	n := 0
	for ; !b.due.After(now); b.due = b.due.Add(b.every) {
		b.late, n = append(b.late, now.Sub(b.due)), n+1
	}
	return n, b.due.Sub(now), nil
}

// look has the timetable of one worker of so many looked at for so long.
func (b *table) look(t *testing.T, workers int, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	Timetable(ctx, b, func(context.Context) (int, error) { return workers, nil })
}

func TestTimetable_TicksInTime(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{time.Second, 5 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			b := &table{every: every}
			b.look(t, 1, 10*time.Minute)
			if want := int(10*time.Minute/every) - 1; len(b.late) < want {
				t.Errorf("every %v: %d times, want %d", every, len(b.late), want)
			}
			for _, late := range b.late {
				if late > 30*time.Millisecond {
					t.Fatalf("every %v: one is %v late", every, late)
				}
			}
		})
	}
}

func TestTimetable_LooksMoreSeldomTheMoreWorkersThereAre(t *testing.T) {
	t.Parallel()
	for workers, period := range map[int]time.Duration{10: 200 * time.Millisecond, 50: time.Second, 1000: time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := &table{every: 10 * time.Millisecond} // due at each look
			b.look(t, workers, time.Minute)
			if _, longest, mean := gaps(b.looks); longest > period*4/3 || mean < period*8/10 || mean > period*12/10 {
				t.Errorf("%d workers: a look every %v, at most %v", workers, mean, longest)
			}
		})
	}
}

func TestTimetable_NoticesNewSchedulesWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &table{every: 24 * time.Hour}
		b.look(t, 1, 5*time.Minute)
		if _, longest, mean := gaps(b.looks); longest > time.Second || mean < 500*time.Millisecond {
			t.Errorf("with nothing due, a look every %v, at most %v", mean, longest)
		}
	})
}

func TestTimetable_GoesOnAfterErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &table{err: errAway}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		Timetable(ctx, b, func(context.Context) (int, error) { return 0, errors.New("cannot count") })
		if n := len(b.looks); n < 60 || n > 120 {
			t.Errorf("%d looks in a minute of errors", n)
		}
	})
}
