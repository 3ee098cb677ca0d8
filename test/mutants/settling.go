package main

const (
	redisq  = "./internal/broker/redisq"
	scripts = "internal/broker/redisq/lua/"
	brokers = "internal/broker/redisq/"
)

// Suites of the broker on a real Redis.
const (
	settles = "TestConformance_Redis/^(Settle|CallOff)_|TestReplay_Settle|TestSettle_"
	again   = "TestConformance_EveryScriptSentTwice/^Settle_|TestReplay_|TestSameCall_"
	poisons = "TestConformance_Redis/^Poison_|TestReaper_|TestFetch_OneSuspect|TestSettle_Suspect"
	types   = "TestScripts_KeyOfAnotherType|TestByHand_KeyOfAnotherType|TestLedger_KeyOfAnotherType"
)

// settling is the end of a task's run.
var settling = []Mutant{{
	Name: "settle-unfenced", Why: "who lost its lease settles all the same", File: scripts + "settle.lua",
	Old: "if count == 0 then\n  return {'FENCED', now}\nend\nif count < #fields then\n  return {'PARTIAL', now, owned}\nend\n", New: "",
	Package: redisq, Run: settles,
}, {
	Name: "settle-hides-what-redis-forgot", Why: "a settlement after a power cut hides that those before it are lost", File: scripts + "settle.lua",
	Old: "if tonumber(mark or 0) < tonumber(least) then", New: "if false then",
	Package: redisq, Run: "TestForgotten_",
}, {
	Name: "settle-writes-before-fence", Why: "the replay mark is written before the fence is looked at", File: scripts + "settle.lua",
	Old: "if count == 0 then\n  return {'FENCED', now}", New: "redis.call('HSET', KEYS[1], '#a', seq)\nif count == 0 then\n  return {'FENCED', now}",
	Package: redisq, Run: again,
}, {
	Name: "settle-counts-before-fence", Why: "totals are counted before the fence is looked at", File: scripts + "settle.lua",
	Old: "if count == 0 then\n  return {'FENCED', now}", New: "redis.call('HINCRBY', KEYS[15], 'succeeded', #fields)\nif count == 0 then\n  return {'FENCED', now}",
	Package: redisq, Run: settles,
}, {
	Name: "settle-foreign-of-a-batch", Why: "one task of its own lets a worker settle those of others", File: scripts + "settle.lua",
	Old: "if count < #fields then", New: "if false then",
	Package: redisq, Run: settles,
}, {
	Name: "settle-again-refused", Why: "a settlement sent again is refused, though it was done", File: scripts + "settle.lua",
	Old: "if mark == seq then", New: "if false then",
	Package: redisq, Run: again,
}, {
	Name: "settle-straggler-counts", Why: "a settlement that comes late is done after the next one", File: scripts + "settle.lua",
	Old: "if tonumber(mark) > tonumber(seq) then", New: "if false then",
	Package: redisq, Run: again,
}, {
	Name: "settle-called-off-runs-again", Why: "a task that is called off while it runs is retried", File: scripts + "settle.lua",
	Old: "  if any > 0 then", New: "  if false then",
	Package: redisq, Run: settles,
}, {
	Name: "settle-rings-nobody", Why: "who waits for a task is not told of its end", File: scripts + "settle.lua",
	Old: "ring(KEYS[17], channel, ended)", New: "",
	Package: redisq, Run: settles,
}, {
	Name: "settle-frees-no-limit", Why: "tasks that ended still count against the limit", File: scripts + "settle.lua",
	Old: "redis.call('HINCRBY', KEYS[16], 'inflight', -#fields)", New: "",
	Package: redisq, Run: "TestConformance_Redis/^Limit_",
}, {
	Name: "settle-frees-no-unique-key", Why: "a task that succeeded keeps its unique key", File: brokers + "settle.go",
	Old: "	s.over = append(s.over, o.Delivery.Receipt)\n	s.unlock(id, o)\n	retention", New: "	s.over = append(s.over, o.Delivery.Receipt)\n	retention",
	Package: redisq, Run: "TestConformance_Redis/^Unique_|TestUnique_",
}, {
	Name: "unlock-by-anybody", Why: "a unique key is freed by a task that does not have it", File: scripts + "prelude.lua",
	Old: "if owner and string.sub(owner, 2) == id then", New: "if owner then",
	Package: redisq, Run: "TestConformance_Redis/^Unique_|TestUnique_",
}, {
	Name: "hand-back-last", Why: "tasks that are handed back go behind all others", File: scripts + "prelude.lua",
	Old: "redis.call('RPUSH', ready, unpack(messages))", New: "redis.call('LPUSH', ready, unpack(messages))",
	Package: redisq, Run: settles,
}, {
	Name: "hand-back-turned-round", Why: "tasks that are handed back change their order", File: brokers + "settle.go",
	Old: "slices.Reverse(s.back)", New: "slices.All(s.back)",
	Package: redisq, Run: settles,
}, {
	Name: "hand-back-uses-an-attempt", Why: "a task that is handed back has one attempt less", File: brokers + "settle.go",
	Old: "	raw := o.Delivery.Raw\n", New: "	raw, _ := wire.Retry(o.Delivery.Raw, 2, nil, o.FinishedAt)\n",
	Package: redisq, Run: settles,
}, {
	Name: "crashes-never-grow", Why: "a task kills workers for ever", File: brokers + "reaper.go",
	Old: "o.Crashes = n + 1;", New: "o.Crashes = min(n, 0) + 1;",
	Package: redisq, Run: poisons,
}, {
	Name: "crash-of-a-thief-counts", Why: "a task is blamed for a reaper that died", File: brokers + "reaper.go",
	Old: "if strings.HasSuffix(dead, thief) || len(outcomes) == 0 {", New: "if len(outcomes) == 0 {",
	Package: redisq, Run: poisons,
}, {
	Name: "suspects-together", Why: "a worker takes several suspects at once", File: scripts + "fetch.lua",
	Old: "  busy = held and redis.call('HEXISTS', inflight, held) == 1", New: "  busy = false",
	Package: redisq, Run: poisons,
}, {
	Name: "suspect-cleared-by-hand-back", Why: "a suspect that is handed back is none any more", File: scripts + "settle.lua",
	Old: "if crashed and is_suspect(message) then", New: "if false then",
	Package: redisq, Run: poisons,
}, {
	Name: "suspect-wakes-nobody", Why: "who is done with a suspect sleeps while the next one waits", File: scripts + "settle.lua",
	Old: "elsewhere = elsewhere or not held or redis.call('HEXISTS', KEYS[1], held) == 0", New: "",
	Package: redisq, Run: poisons,
}, {
	Name: "settle-checks-no-types", Why: "a key of another type stops a settlement half-way", File: scripts + "settle.lua",
	Old: "if refused then\n  return refused\nend\nlocal function take_counted", New: "local function take_counted",
	Package: redisq, Run: types,
}}
