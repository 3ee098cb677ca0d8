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
			"A task that starts before the call has returned waited 0 from then on. asynq looks for tasks each second, unless it is told to more often.",
		head: []string{"contender", "from", "p50 ms", "p99 ms", "longest ms", "tasks"}, words: 2,
	}
	for _, idle := range l.idlers() {
		result, err := l.pickUp(ctx, idle)
		if err != nil {
			return nil, entry{work: "pick-up", contender: idle.name}.failed(err)
		}
		l.note(result)
		for _, from := range []struct {
			name  string
			times []time.Duration
		}{{"the call", result.FromCall}, {"its return", result.FromReturn}} {
			s.rows = append(s.rows, []string{
				idle.name, from.name, millis(percentile(from.times, 0.5)), millis(percentile(from.times, 0.99)),
				millis(percentile(from.times, 1)), whole(float64(len(from.times))),
			})
		}
	}
	return []sheet{s}, nil
}

// idler is who picks tasks up, and how often it looks for them, where that is a setting; 0 is its default.
type idler struct {
	contestant
	poll time.Duration
}

// idlers are all contenders, and the peers again with the shortest poll that is sensible.
func (l *lab) idlers() (all []idler) {
	for _, who := range l.all() {
		all = append(all, idler{contestant: who})
	}
	for _, who := range l.peers {
		who.name += ", polls each 10 ms"
		all = append(all, idler{who, 10 * time.Millisecond})
	}
	return all
}

func (l *lab) pickUp(ctx context.Context, who idler) (contender.Result, error) {
	p, err := site{}.open()
	if err != nil {
		return contender.Result{}, err
	}
	defer p.close()
	return who.carry(ctx, contender.Order{
		Role: contender.PickUp, Redis: p.addr, Tasks: l.pickups, Payload: payload, Concurrency: 10, Gap: gap, Poll: who.poll,
	})
}

func millis(d time.Duration) string { return strconv.FormatFloat(d.Seconds()*1000, 'f', 2, 64) }
