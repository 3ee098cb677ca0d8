//go:build linux

package suite

import (
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// ways are all ways to enqueue: each with its part of 1000 tasks, and how many are sent at once.
var ways = []struct {
	way         string
	part, batch int
}{
	{plan.Direct, 400, 50},
	{plan.ByHTTP, 250, 50},
	{plan.Plain, 229, 50},
	{plan.ByList, 100, 20},
	{plan.ByKey, 20, 1},
	{plan.Garbage, 1, 1},
}

// shares divides tasks among the ways.
func shares(tasks int, seed uint64, url string) []plan.Load {
	var loads []plan.Load
	first := uint64(1)
	for i, w := range ways {
		load := plan.Load{
			Way: w.way, URL: url, First: first, Count: max(tasks*w.part/1000, 1), Batch: w.batch, Seed: seed + uint64(i), Mix: mix(tasks),
		}
		first += uint64(load.Count)
		loads = append(loads, load)
	}
	return loads
}

// mix is what the tasks of a storm do. Some end their workers: of those there are as many as there
// are, not a part of all. Some take long, so that something is in flight whenever something breaks.
func mix(tasks int) []plan.Share {
	some := func(n int) int { return max(n*whole/tasks, 1) }
	return []plan.Share{
		{Weight: whole, Deed: deed.Deed{}},
		{Weight: whole / 2, Deed: deed.Deed{Nap: 5 * time.Millisecond}},
		{Weight: whole / 20, Deed: deed.Deed{Nap: 20 * time.Millisecond}},
		{Weight: whole / 1000, Deed: deed.Deed{Nap: time.Second}},
		{Weight: whole / 1000, Deed: deed.Deed{Nap: 3 * time.Second}},
		{Weight: whole / 50, Deed: deed.Deed{Do: deed.Fail, Times: 1}},
		{Weight: whole / 200, Deed: deed.Deed{Do: deed.Fail, Times: 3, Nap: time.Millisecond}},
		{Weight: whole / 200, Deed: deed.Deed{Do: deed.Panic, Times: 1}},
		{Weight: whole / 200, Deed: deed.Deed{Do: deed.Give}},
		{Weight: whole / 2000, Deed: deed.Deed{Do: deed.Hang, Nap: 1500 * time.Millisecond}, Timeout: time.Second},
		{Weight: whole / 50, Delay: 300 * time.Millisecond},
		{Weight: whole / 100, Deed: deed.Deed{Nap: time.Millisecond}, Delay: 3 * time.Second},
		{Weight: whole / 20, High: true},
		{Weight: some(1 + tasks/8000), Deed: deed.Deed{Do: deed.Exit}},
		{Weight: some(1 + tasks/30000), Deed: deed.Deed{Do: deed.Poison}},
	}
}

// whole is a weight that the others are parts of.
const whole = 100_000
