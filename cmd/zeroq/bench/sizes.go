package bench

import "time"

// sizes say how much is measured.
type sizes struct {
	// rounds is how often each contender runs each case, run about how long that takes; 0 is as short as can be.
	rounds int
	run    time.Duration
	// pickups is how many tasks an idle worker picks up.
	pickups int
	// small and large are the backlogs that are compared.
	small, large int
	// stored is how many tasks Redis holds when its memory is looked at.
	stored int
	// delays are the latencies that are added to Redis, the first of them none.
	delays []time.Duration
	// fsyncs are the settings of appendfsync; "" is no append-only file.
	fsyncs []string
}

var full = sizes{
	rounds: 3, run: 1500 * time.Millisecond, pickups: 500, small: 10_000, large: 1_000_000, stored: 100_000,
	delays: []time.Duration{0, time.Millisecond, 2 * time.Millisecond}, fsyncs: []string{"", "everysec", "always"},
}

var quick = sizes{
	rounds: 1, run: 200 * time.Millisecond, pickups: 100, small: 10_000, large: 200_000, stored: 10_000,
	delays: []time.Duration{0, 2 * time.Millisecond}, fsyncs: []string{"", "always"},
}
