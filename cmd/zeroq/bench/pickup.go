package bench

import (
	"context"
	"strconv"
	"time"

	"github.com/zeroq-dev/zeroq/internal/contender"
)

// gap is the mean time between two tasks that are picked up.
const gap = 20 * time.Millisecond

func pickUpSuite(ctx context.Context, l *lab) ([]sheet, error) {
	s := sheet{
		title: "Idle pick-up",
		about: "One idle worker of concurrency 10, and a task every 10 to 30 ms, both in one process: how long until the task starts. " +
			"A task that starts before the call has returned waited 0 from then on.",
		head: []string{"contender", "from", "p50 ms", "p99 ms", "longest ms", "tasks"}, words: 2,
	}
	for _, who := range l.all() {
		result, err := l.pickUp(ctx, who)
		if err != nil {
			return nil, entry{work: "pick-up", contender: who.name}.failed(err)
		}
		l.note(result)
		for _, from := range []struct {
			name  string
			times []time.Duration
		}{{"the call", result.FromCall}, {"its return", result.FromReturn}} {
			s.rows = append(s.rows, []string{
				who.name, from.name, millis(percentile(from.times, 0.5)), millis(percentile(from.times, 0.99)),
				millis(percentile(from.times, 1)), whole(float64(len(from.times))),
			})
		}
	}
	return []sheet{s}, nil
}

func (l *lab) pickUp(ctx context.Context, who contestant) (contender.Result, error) {
	p, err := site{}.open()
	if err != nil {
		return contender.Result{}, err
	}
	defer p.close()
	return who.carry(ctx, contender.Order{
		Role: contender.PickUp, Redis: p.addr, Tasks: l.pickups, Payload: payload, Concurrency: 10, Gap: gap,
	})
}

func millis(d time.Duration) string { return strconv.FormatFloat(d.Seconds()*1000, 'f', 2, 64) }
