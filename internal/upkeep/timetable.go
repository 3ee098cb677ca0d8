package upkeep

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

const (
	// tickAtLeast is how soon a schedule is noticed that somebody makes meanwhile.
	tickAtLeast = time.Second
	// tickApart is the least time between the looks of all workers together.
	tickApart = 20 * time.Millisecond
)

// Timetable enqueues the tasks of schedules until ctx ends. It looks again before the next time is
// due, sooner the nearer that is: one worker alone is 20 ms late or so. Workers share the looking: the
// more there are, the more seldom each looks, up to once a second. workers says how many there are.
func Timetable(ctx context.Context, table broker.Timetable, workers func(context.Context) (int, error)) {
	n, counted := 1, time.Time{}
	l := loop{what: "timetable", step: func(ctx context.Context) (time.Duration, error) {
		if time.Since(counted) > 5*time.Second {
			if found, err := workers(ctx); err == nil {
				n, counted = max(found, 1), time.Now()
			}
		}
		_, wait, err := table.Tick(ctx)
		// The loop adds up to a third: three quarters of the wait are never too late.
		return max(min(wait, tickAtLeast)*3/4, min(tickApart*time.Duration(n), tickAtLeast)), err
	}}
	l.run(ctx)
}
