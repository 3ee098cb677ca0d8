package backoff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

var errAway = errors.New("away")

func TestBackoff_DoublesUpToItsMostWithHalfAsMuchJitter(t *testing.T) {
	t.Parallel()
	b := Backoff{What: "a test"}
	want := First
	for n := range 12 {
		if got := b.Failed(errAway); got < want/2 || got > want+want/2 {
			t.Errorf("failure %d waits %v, want %v give or take a half", n+1, got, want)
		}
		want = min(2*want, Max)
	}
	b.Worked()
	if got := b.Failed(errAway); got > First+First/2 {
		t.Errorf("after a success the first failure waits %v", got)
	}
}

// Tasks start within 2 s after Redis is back, however long it was away.
func TestBackoff_NeverHoldsUpForTwoSeconds(t *testing.T) {
	t.Parallel()
	b := Backoff{What: "a test"}
	for range 100 {
		if got := b.Failed(errAway); got >= 2*time.Second {
			t.Fatalf("waits %v", got)
		}
	}
}

func TestBackoff_LogsTheFirstOfARowAndThenOneInTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := Backoff{What: "a test"}
		logged := 0
		for last := b.logged; logged < 4; {
			b.Failed(errAway)
			if b.logged != last {
				if logged++; logged > 1 && b.logged.Sub(last) < 10*time.Second {
					t.Errorf("two lines within %v", b.logged.Sub(last))
				}
				last = b.logged
			}
			time.Sleep(time.Second)
		}
	})
}

func TestPause_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if Pause(ctx, time.Minute) || time.Since(began) != time.Second {
			t.Errorf("paused for %v", time.Since(began))
		}
		if !Pause(t.Context(), time.Minute) {
			t.Error("a pause that nobody ended was cut short")
		}
	})
}
