//go:build linux

package suite

import (
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// Work that takes its time.
var (
	long     = []plan.Share{{Weight: 1, Deed: deed.Deed{Nap: 300 * time.Millisecond}}}
	longer   = []plan.Share{{Weight: 1, Deed: deed.Deed{Nap: 2500 * time.Millisecond}}}
	failing  = []plan.Share{{Weight: 1, Deed: deed.Deed{Do: deed.Fail, Times: 1}}}
	delayed  = []plan.Share{{Weight: 1, Delay: 100 * time.Millisecond}}
	places   = plan.Work{Places: true}
	handBack = plan.Work{Places: true, Concurrency: 8, Drain: 20 * time.Millisecond}
)

// points are all of them, those first whose runs take longest.
var points = []point{
	{name: "idempotency key reserved", trap: executed("reserve"), skips: 5,
		load: plan.Load{Way: plan.ByKey}, lead: (*cell).byAPI, slow: true},
	{name: "idempotent answer kept", trap: executed("answer"), skips: 5,
		load: plan.Load{Way: plan.ByKey}, lead: (*cell).byAPI},
	{name: "stolen", trap: executed("steal"), lead: (*cell).afterDeath},
	{name: "handing back what was stolen", trap: firstKey(aReaper).of(sent("settle")), lead: (*cell).afterDeath},
	{name: "tick", trap: executed("tick"), skips: 1, lead: (*cell).ticking, finish: (*cell).stopTicking},
	{name: "enqueued by the API", trap: executed("enqueue_one"), skips: 5,
		load: plan.Load{Way: plan.ByHTTP}, lead: (*cell).byAPI},
	{name: "enqueued with a unique key", trap: executed("enqueue_one"), skips: 5,
		load: plan.Load{Way: plan.ByHTTP, Keys: 8}, lead: (*cell).byAPI, rules: check.Rules{Unique: true}},
	{name: "enqueued with a unique key and no id", trap: executed("enqueue_one"), skips: 5,
		load: plan.Load{Way: plan.Plain, Keys: 8}, lead: (*cell).byProducer, rules: check.Rules{Unique: true}},
	{name: "enqueued by a producer", trap: executed("enqueue_one"), skips: 5,
		load: plan.Load{Way: plan.Direct}, lead: (*cell).byProducer},
	{name: "enqueued without ids", trap: executed("enqueue"), skips: 3,
		load: plan.Load{Way: plan.Plain, Batch: 5}, lead: (*cell).byProducer},
	{name: "joined", trap: executed("join"), lead: (*cell).waiting},
	{name: "woken", trap: executed("blmove"), skips: 3,
		load: plan.Load{Way: plan.Direct, Rate: 15}, lead: (*cell).idle, met: (*cell).landed},
	{name: "fetched", trap: executed("fetch"), skips: 2, lead: (*cell).waiting},
	{name: "claimed", trap: executed("claim"), skips: 10,
		load: plan.Load{Way: plan.ByList, Batch: 10}, lead: (*cell).waiting},
	{name: "marked as started", trap: executed("commit"), skips: 2,
		work: plan.Work{Once: true}, lead: (*cell).waiting, rules: check.Rules{Once: true}},
	{name: deed.Before, trap: sent(deed.Before), skips: 15, work: places, lead: (*cell).waiting},
	{name: deed.During, trap: sent(deed.During), skips: 15, work: places, lead: (*cell).waiting},
	{name: deed.After, trap: sent(deed.After), skips: 15, work: places, lead: (*cell).waiting},
	{name: "settling", trap: sent("settle"), skips: 3, lead: (*cell).waiting},
	{name: "settled", trap: executed("settle"), skips: 3, lead: (*cell).waiting},
	{name: "settled a failure", trap: matching(givesBack).of(executed("settle")), skips: 3,
		load: plan.Load{Mix: failing}, lead: (*cell).waiting},
	{name: "heartbeat", trap: executed("beat"), skips: 1,
		load: plan.Load{Mix: long}, work: plan.Work{Concurrency: 8}, lead: (*cell).waiting},
	{name: "made ready", trap: firstKey(scheduled).of(executed("promote")),
		load: plan.Load{Mix: delayed}, lead: (*cell).onceDue},
	{name: "handing back at SIGTERM", trap: matching(givesBack).of(executed("settle")),
		load: plan.Load{Mix: longer, Count: 8}, work: handBack, lead: (*cell).draining},
	{name: "left at SIGTERM", trap: executed("leave"), work: places, lead: (*cell).draining},
}
