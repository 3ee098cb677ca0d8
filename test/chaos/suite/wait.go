//go:build linux

package suite

import (
	"context"
	"time"
)

// rest lets time pass: that between two faults, or that of a fault.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
