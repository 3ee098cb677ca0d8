package main

// Suites of what is fetched and claimed.
const (
	fetches = "TestConformance_Redis/^(Enqueue_Is|Bare_Taken|Queue_Paused|Priority_|Cancel_Ready|AtMostOnce_)|TestFetch_|TestWait_Woken"
	limits  = "TestConformance_Redis/^Limit_(Concurrency|Rate|Length)"
)

// fetching is the way of a task to a worker.
var fetching = []Mutant{{
	Name: "fetch-unfenced", Why: "a worker whose lease was taken takes more tasks under it", File: scripts + "fetch.lua",
	Old: "if not redis.call('ZSCORE', KEYS[1], group) then", New: "if false then",
	Package: redisq, Run: fetches,
}, {
	Name: "fetch-hides-its-limit", Why: "a queue with a limit seems empty to who asks ahead of slots", File: scripts + "fetch.lua",
	Old: "if room < 1 and unlimited > 0 then", New: "if wait > 0 then",
	Package: redisq, Run: fetches,
}, {
	Name: "fetch-paused", Why: "a paused queue gives out tasks", File: scripts + "fetch.lua",
	Old: "if not room then", New: "room = room or most\nif false then",
	Package: redisq, Run: fetches,
}, {
	Name: "fetch-again-takes-more", Why: "a fetch sent again takes other tasks, and nobody has the first ones", File: scripts + "fetch.lua",
	Old: "if answered == seq then", New: "if false then",
	Package: redisq, Run: again,
}, {
	Name: "fetch-straggler-takes", Why: "a fetch that comes late takes tasks that nobody reads", File: scripts + "fetch.lua",
	Old: "if tonumber(answered) > tonumber(seq) then", New: "if false then",
	Package: redisq, Run: again,
}, {
	Name: "fetch-empty-unmarked", Why: "an empty fetch that is sent again takes what nobody reads", File: scripts + "fetch.lua",
	Old: "  redis.call('HSET', inflight, '#f', seq)\n", New: "",
	Package: redisq, Run: again,
}, {
	Name: "fetch-newest-first", Why: "tasks are taken from the wrong end", File: scripts + "taking.lua",
	Old: "redis.call('RPOP', list, math.min(", New: "redis.call('LPOP', list, math.min(",
	Package: redisq, Run: fetches,
}, {
	Name: "fetch-withdrawn", Why: "a task that was called off while it was ready runs", File: scripts + "fetch.lua",
	Old: "if off[i] == 1 and redis.call('SREM', KEYS[9], fields[i]) == 1 then", New: "if false then",
	Package: redisq, Run: fetches,
}, {
	Name: "fetch-takes-what-wakes", Why: "what wakes a worker is taken for a task", File: scripts + "taking.lua",
	Old: "      if message ~= '' then", New: "      if true then",
	Package: redisq, Run: fetches,
}, {
	Name: "fetch-leaves-landing", Why: "what woke a worker is not taken", File: scripts + "fetch.lua",
	Old: "\npop_all(landing)\n", New: "\n",
	Package: redisq, Run: fetches,
}, {
	Name: "fetch-one-id-twice", Why: "of two messages with one id in flight one is lost", File: scripts + "fetch.lua",
	Old: "if held[i] or taken[fields[i]] then", New: "if false then",
	Package: redisq, Run: fetches,
}, {
	Name: "fetch-high-always-first", Why: "low priorities starve", File: scripts + "fetch.lua",
	Old: "local turn = tonumber(seq) % 8", New: "local turn = 1",
	Package: redisq, Run: fetches,
}, {
	Name: "fetch-any-concurrency", Why: "the limit of tasks in flight is each worker's own", File: scripts + "taking.lua",
	Old: "most = math.min(most, tonumber(concurrency) - tonumber(running or 0))", New: "most = math.min(most, tonumber(concurrency))",
	Package: redisq, Run: limits,
}, {
	Name: "fetch-any-rate", Why: "tokens are never used up", File: scripts + "taking.lua",
	Old: "string.format('%.6f', tokens - count)", New: "string.format('%.6f', tokens)",
	Package: redisq, Run: limits,
}, {
	Name: "fetch-any-size", Why: "a fetch is as large as its messages", File: scripts + "taking.lua",
	Old: "while #messages < most and bytes < most_bytes do", New: "while #messages < most do",
	Package: redisq, Run: fetches,
}, {
	Name: "wake-nobody-for-high", Why: "a worker that waits does not hear of tasks of high priority", File: scripts + "prelude.lua",
	Old: "if #lists[high] + #lists[low] > 0 and", New: "if false and",
	Package: redisq, Run: fetches,
}, {
	Name: "claim-again-refused", Why: "a claim sent again loses the task", File: scripts + "claim.lua",
	Old: "  if redis.call('HEXISTS', KEYS[1], id) == 1 then", New: "  if false then",
	Package: redisq, Run: again,
}, {
	Name: "claim-taken-id", Why: "a pushed message takes the id of another task", File: scripts + "claim.lua",
	Old: "if record_of(prefix, id) or redis.call('SISMEMBER', KEYS[6], id) == 1 then", New: "if false then",
	Package: redisq, Run: fetches,
}, {
	Name: "claim-trusts-redis", Why: "a message that a power cut brought back to a living worker stays there", File: scripts + "claim.lua",
	Old: "if claims < tonumber(least) then", New: "if false then",
	Package: redisq, Run: "TestForgotten_",
}, {
	Name: "claim-counts-nothing", Why: "what was claimed and lost is not noticed", File: scripts + "claim.lua",
	Old: "redis.call('HINCRBY', KEYS[1], '#c', 1)", New: "0",
	Package: redisq, Run: "TestForgotten_",
}, {
	Name: "commit-leaves-no-mark", Why: "a task that must not start twice does, once its worker has died", File: scripts + "commit.lua",
	Old: "'!' .. message", New: "message",
	Package: redisq, Run: fetches,
}, {
	Name: "commit-lets-all-start", Why: "who lost a task that must not start twice starts it", File: brokers + "commit.go",
	Old: "if flag == int64(1) {", New: "if flag == flag {",
	Package: redisq, Run: fetches,
}}
