package zeroq

import (
	"strings"
	"testing"
	"time"
)

func TestRetryPolicy_DelayDoublesUpToMax(t *testing.T) {
	t.Parallel()
	p := RetryPolicy{Base: time.Second, Max: 10 * time.Second}
	for attempt, want := range map[int]time.Duration{
		-1: time.Second, 0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 8 * time.Second,
		5: 10 * time.Second, 6: 10 * time.Second, 1000: 10 * time.Second, 1 << 30: 10 * time.Second,
	} {
		if got := p.Delay(attempt); got != want {
			t.Errorf("after attempt %d: %s, want %s", attempt, got, want)
		}
	}
	flat := RetryPolicy{Base: time.Minute, Max: time.Minute}
	if got := flat.Delay(7); got != time.Minute {
		t.Errorf("a policy that does not grow: %s", got)
	}
}

func TestRetryPolicy_JitterStaysWithinItsBoundsAndFillsThem(t *testing.T) {
	t.Parallel()
	const draws = 20_000
	for _, p := range []RetryPolicy{DefaultRetryPolicy, {Base: time.Second, Max: time.Hour, Jitter: 1}} {
		for _, attempt := range []int{1, 4, 100} {
			middle := RetryPolicy{Base: p.Base, Max: p.Max}.Delay(attempt)
			spread := time.Duration(p.Jitter * float64(middle))
			low, high := middle, middle
			for range draws {
				got := p.Delay(attempt)
				if got < middle-spread || got > middle+spread {
					t.Fatalf("jitter %v, attempt %d: %s is further than %s from %s", p.Jitter, attempt, got, spread, middle)
				}
				low, high = min(low, got), max(high, got)
			}
			// That 20,000 even draws all miss an outer tenth has odds of one in e^1000.
			if low > middle-spread*9/10 || high < middle+spread*9/10 {
				t.Errorf("jitter %v, attempt %d: draws lie within %s and %s only", p.Jitter, attempt, low, high)
			}
		}
	}
}

func TestRetryPolicy_WithoutJitterIsExact(t *testing.T) {
	t.Parallel()
	p := RetryPolicy{Base: 3 * time.Second, Max: time.Hour}
	for range 100 {
		if got := p.Delay(2); got != 6*time.Second {
			t.Fatalf("delay %s", got)
		}
	}
}

func TestRetryPolicy_ValidateNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for word, p := range map[string]RetryPolicy{
		"":       DefaultRetryPolicy,
		"base 0": {Max: time.Hour},
		"base -": {Base: -1, Max: time.Hour},
		"max":    {Base: time.Second, Max: time.Second - 1},
		"jitter": {Base: time.Second, Max: time.Second, Jitter: -0.01},
		"1.01":   {Base: time.Second, Max: time.Second, Jitter: 1.01},
	} {
		err := p.Validate()
		if word == "" && err != nil || word != "" && (err == nil || !strings.Contains(err.Error(), word)) {
			t.Errorf("%+v: %v, want %q", p, err, word)
		}
	}
	for _, p := range []RetryPolicy{{Base: 1, Max: 1}, {Base: 1, Max: 1, Jitter: 1}} {
		if err := p.Validate(); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
