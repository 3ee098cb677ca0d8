package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// run is what one run showed.
type run struct {
	tasks int
	took  time.Duration
	// redis, program and server are the CPU time of the Redis, of the contender's processes and of what answers HTTP.
	redis, program, server time.Duration
}

func (r run) rate() float64 { return float64(r.tasks) / r.took.Seconds() }

// entry is a row to be measured.
type entry struct {
	// work is what is done, with under which condition; by whom is contender. Rows of equal work and with
	// are compared with the one of zeroq; rows of equal work and contender with the first of them.
	work, with, contender string
	measure               func(ctx context.Context, tasks int) (run, error)
}

// figure is an entry and what its runs showed.
type figure struct {
	entry
	runs []run
}

// The bounds of how many tasks a run has.
const (
	firstTasks = 200
	mostTasks  = 2_000_000
)

// compare measures all entries: it finds out how many tasks take the time of a run, and then has all of
// them run in turn, round by round.
func (l *lab) compare(ctx context.Context, entries []entry) ([]figure, error) {
	figures, tasks := make([]figure, len(entries)), make([]int, len(entries))
	for i, e := range entries {
		var err error
		if tasks[i], err = l.calibrate(ctx, e); err != nil {
			return nil, e.failed(err)
		}
		figures[i].entry = e
	}
	for range l.rounds {
		for i, e := range entries {
			r, err := e.measure(ctx, tasks[i])
			if err != nil {
				return nil, e.failed(err)
			}
			figures[i].runs = append(figures[i].runs, r)
		}
	}
	return figures, nil
}

func (e entry) failed(err error) error { return fmt.Errorf("%s, %s: %w", e.work, e.contender, err) }

// calibrate finds out how many tasks take about the time of a run. Few tasks show a rate that is too low, and a
// single run may be held up, so it goes on until they took a third of it, and does two at least.
func (l *lab) calibrate(ctx context.Context, e entry) (int, error) {
	if l.sizes.run == 0 {
		return firstTasks, nil
	}
	best := 0.0
	for n, again := firstTasks, false; ; again = true {
		r, err := e.measure(ctx, n)
		if err != nil {
			return 0, err
		}
		best = max(best, r.rate())
		want := rounded(best * l.sizes.run.Seconds())
		if again && (r.took >= l.sizes.run/3 || want <= n) {
			return want, nil
		}
		n = min(want, 20*n)
	}
}

// rounded has two digits, and is a number of tasks that a run can have.
func rounded(n float64) int {
	step := 1
	for n/float64(step) >= 100 {
		step *= 10
	}
	return min(max(int(n)/step*step, firstTasks), mostTasks)
}

// of returns what each of the runs has of something.
func (f figure) of(what func(run) float64) []float64 {
	all := make([]float64, len(f.runs))
	for i, r := range f.runs {
		all[i] = what(r)
	}
	return all
}

func (f figure) rate() float64 { return median(f.of(run.rate)) }

// ratio is how many times as fast a is as b, in the median of the rounds: what slows the machine down for a
// while slows both down.
func ratio(a, b figure) float64 {
	all := make([]float64, min(len(a.runs), len(b.runs)))
	for i := range all {
		all[i] = a.runs[i].rate() / b.runs[i].rate()
	}
	return median(all)
}

// seconds is the median of what 100,000 tasks take of some time, in seconds.
func (f figure) seconds(what func(run) time.Duration) float64 {
	return median(f.of(func(r run) float64 { return what(r).Seconds() / float64(r.tasks) * 100_000 }))
}

// median is the middle of some numbers.
func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// percentile is the smallest of some times that a share of them does not exceed.
func percentile(all []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	if len(sorted) == 0 {
		return 0
	}
	at := int(share*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(at, 0), len(sorted)-1)]
}
