package zeroq

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// RetryPolicy says how long a failed task waits before its next attempt: Base, doubled with every
// further failure, at most Max, spread by Jitter so that tasks that failed together do not come
// back together.
type RetryPolicy struct {
	// Base is the delay after the first failure.
	Base time.Duration `json:",default=1s"`
	// Max bounds the delay, before jitter.
	Max time.Duration `json:",default=1h"`
	// Jitter is the largest deviation, as a part of the delay, 0 to 1.
	Jitter float64 `json:",default=0.2,range=[0:1]"`
}

// DefaultRetryPolicy waits 1 s, 2 s, 4 s … at most an hour, ± 20 %.
var DefaultRetryPolicy = RetryPolicy{Base: time.Second, Max: time.Hour, Jitter: 0.2}

// Delay returns how long to wait after the given attempt, counted from 1, has failed.
func (p RetryPolicy) Delay(attempt int) time.Duration {
	delay := p.Base
	for n := 1; n < attempt && delay < p.Max; n++ {
		delay *= 2
	}
	delay = min(delay, p.Max)
	deviation := (2*rand.Float64() - 1) * p.Jitter
	return delay + time.Duration(deviation*float64(delay))
}

// Validate reports what is wrong with the policy.
func (p RetryPolicy) Validate() error {
	switch {
	case p.Base <= 0:
		return fmt.Errorf("retry base %v must be positive", p.Base)
	case p.Max < p.Base:
		return fmt.Errorf("retry max %v is less than base %v", p.Max, p.Base)
	case p.Max > MaxDelay:
		return fmt.Errorf("retry max %v is more than a year", p.Max)
	case !(p.Jitter >= 0 && p.Jitter <= 1): // NaN too
		return fmt.Errorf("retry jitter %v is not within 0 to 1", p.Jitter)
	}
	return nil
}
