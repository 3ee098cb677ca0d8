package zeroq

import (
	"fmt"
	"math"
)

// Limits are what a queue may do at most, all its workers together. Zero: no limit.
type Limits struct {
	// Rate is how many tasks may start in a second, by a token bucket: 0.001 to 1,000,000.
	Rate float64 `json:",optional"`
	// Burst is how many tasks may start at once after a quiet time. Default: Rate, at least 1.
	Burst int `json:",optional"`
	// Concurrency is how many tasks may run at once.
	Concurrency int `json:",optional"`
	// MaxLength is how many tasks may wait: ready, scheduled and to be retried. Above it an enqueue is
	// refused with [ErrQueueFull]; what is pushed on the list directly, and retries, are not.
	MaxLength int `json:",optional"`
}

// Validate reports the first limit that is out of range, by the name it has in messages.
func (l Limits) Validate() error {
	const most = 1_000_000_000
	switch {
	case math.IsNaN(l.Rate) || l.Rate != 0 && (l.Rate < 0.001 || l.Rate > 1_000_000):
		return &FieldError{"rate", "must be 0.001 to 1000000 a second"}
	case l.Burst < 0 || l.Burst > most:
		return &FieldError{"burst", fmt.Sprintf("must be 1 to %d", most)}
	case l.Burst > 0 && l.Rate == 0:
		return &FieldError{"burst", "needs a rate"}
	case l.Concurrency < 0 || l.Concurrency > most:
		return &FieldError{"concurrency", fmt.Sprintf("must be 1 to %d", most)}
	case l.MaxLength < 0 || l.MaxLength > most:
		return &FieldError{"max_length", fmt.Sprintf("must be 1 to %d", most)}
	}
	return nil
}

// LimitsChange changes some limits: nil leaves one as it is, zero lifts it.
type LimitsChange struct {
	Rate        *float64
	Burst       *int
	Concurrency *int
	MaxLength   *int
}

// Apply returns the limits after the change. Lifting the rate lifts the burst.
func (c LimitsChange) Apply(l Limits) Limits {
	set(&l.Rate, c.Rate)
	set(&l.Burst, c.Burst)
	set(&l.Concurrency, c.Concurrency)
	set(&l.MaxLength, c.MaxLength)
	if c.Rate != nil && *c.Rate == 0 && c.Burst == nil {
		l.Burst = 0
	}
	return l
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
