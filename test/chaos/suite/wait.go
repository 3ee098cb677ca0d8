//go:build linux

package suite

import (
	"context"
	"time"
)

// lookEvery is the time between two looks at what is waited for, awaitFor the longest wait.
const (
	lookEvery = 5 * time.Millisecond
	awaitFor  = 30 * time.Second
)

// await asks until it is so.
func await(ctx context.Context, so func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, awaitFor)
	defer cancel()
	for {
		if ok, err := so(); ok || err != nil {
			return err
		}
		if rest(ctx, lookEvery); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// rest lets time pass: that between two faults, or that of a fault.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
