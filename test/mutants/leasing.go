package main

// leases are the suites of who owns what.
const leases = "TestConformance_Redis/^Lease_(Dead|LiveWorkerIs|Zombie|Leave|OneName)|TestReaper_|TestSteal_|TestBeat_|TestFetch_After"

// leasing is the life and death of workers.
var leasing = []Mutant{{
	Name: "steal-a-renewed-lease", Why: "a worker is robbed that beat between look and grasp", File: scripts + "steal.lua",
	Old: "tonumber(score) ~= tonumber(ARGV[2]) or ", New: "",
	Package: redisq, Run: leases,
}, {
	Name: "steal-a-live-lease", Why: "a lease is taken that is not over", File: scripts + "steal.lua",
	Old: " or tonumber(score) > now then", New: " then",
	Package: redisq, Run: leases,
}, {
	Name: "steal-again-refused", Why: "a thief whose call is sent again leaves the tasks to lie", File: scripts + "steal.lua",
	Old: "if not score and redis.call('ZSCORE', KEYS[1], ARGV[3]) then", New: "if false then",
	Package: redisq, Run: again,
}, {
	Name: "reap-at-first-sight", Why: "a worker is robbed as soon as its lease looks over", File: brokers + "reaper.go",
	Old: "if time.Since(now.first) < r.patience() {", New: "if false {",
	Package: redisq, Run: leases,
}, {
	Name: "reap-after-an-outage", Why: "an outage makes all workers look dead", File: brokers + "reaper.go",
	Old: "clear(r.seen)", New: "_ = r.seen",
	Package: redisq, Run: leases,
}, {
	Name: "reap-nobody", Why: "tasks of dead workers never come back", File: brokers + "reaper.go",
	Old: "n, err := r.steal(ctx, group, score)", New: "n, err := 0, ctx.Err()",
	Package: redisq, Run: leases,
}, {
	Name: "reap-one-page", Why: "of a dead worker's tasks the first hundreds come back", File: brokers + "reaper.go",
	Old: "if cursor = next; cursor == 0 {", New: "if cursor = next; true {",
	Package: redisq, Run: leases,
}, {
	Name: "landing-given-back-at-first-sight", Why: "what wakes a worker is taken from it", File: brokers + "reaper.go",
	Old: "if time.Since(r.landing.first) < r.patience() {", New: "if false {",
	Package: redisq, Run: leases,
}, {
	Name: "landing-never-given-back", Why: "what woke a worker that died lies there for ever", File: brokers + "reaper.go",
	Old: "return total, r.clearLanding(ctx)", New: "return total, nil",
	Package: redisq, Run: leases,
}, {
	Name: "beat-unfenced", Why: "a worker that was robbed goes on as if it had its tasks", File: scripts + "beat.lua",
	Old: "if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then", New: "if redis.call('ZREM', KEYS[1], ARGV[1]) < 0 then",
	Package: redisq, Run: leases,
}, {
	Name: "beat-trusts-redis", Why: "tasks that a power cut brought back to a living worker stay there for ever", File: scripts + "beat.lua",
	Old: "< tonumber(least) then", New: "< 0 then",
	Package: redisq, Run: "TestForgotten_",
}, {
	Name: "beat-renews-nothing", Why: "a live worker's lease runs out", File: scripts + "beat.lua",
	Old: "text(now + ARGV[2])", New: "text(now)",
	Package: redisq, Run: leases,
}, {
	Name: "leave-forgets-its-tasks", Why: "a worker that leaves takes its tasks along", File: scripts + "leave.lua",
	Old: "if held > 0 then", New: "if false then",
	Package: redisq, Run: leases,
}, {
	Name: "one-lease-for-one-name", Why: "two workers of one name share their tasks", File: brokers + "member.go",
	Old: "rand.Text()[:10]", New: "rand.Text()[:0]",
	Package: redisq, Run: leases,
}, {
	Name: "recount-skipped", Why: "a count of tasks in flight that is wrong stays wrong", File: scripts + "recount.lua",
	Old: "redis.call('HDEL', KEYS[1], 'inflight')\nif count > 0 then", New: "if false then",
	Package: redisq, Run: "TestRecount_",
}}

// timing is what the clock is: that of Redis.
var timing = []Mutant{{
	Name: "clock-of-the-worker", Why: "times are those of the worker's machine", File: brokers + "clock.go",
	Old: "return r.at(time.Now()).Truncate(time.Millisecond)", New: "return time.Now().UTC().Truncate(time.Millisecond)",
	Package: redisq, Run: "TestClock_",
}, {
	Name: "enqueued-by-the-producers-clock", Why: "tasks are stamped with the time of the producer's machine", File: brokers + "enqueue.go",
	Old: "task.EnqueuedAt = b.clock.now()", New: "task.EnqueuedAt = (&clock{}).now()",
	Package: redisq, Run: "TestClock_",
}, {
	Name: "clock-set-back", Why: "an answer that comes late sets the clock back", File: brokers + "clock.go",
	Old: "old.at(fresh.local).After(fresh.redis)", New: "old.at(fresh.local).Before(fresh.redis)",
	Package: redisq, Run: "TestClock_",
}, {
	Name: "time-stands-still", Why: "between answers of Redis no time passes", File: brokers + "clock.go",
	Old: "return r.redis.Add(local.Sub(r.local))", New: "return r.redis.Add(local.Sub(local))",
	Package: redisq, Run: "TestClock_",
}, {
	Name: "scripts-by-another-clock", Why: "scripts go by another clock than that of Redis", File: scripts + "prelude.lua",
	Old: "local time = redis.call('TIME')", New: "local time = {math.floor(os.clock()), 0}",
	Package: redisq, Run: "TestClock_",
}}
