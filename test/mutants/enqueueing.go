package main

// enqueues are the suites of how tasks come in.
const enqueues = "TestConformance_Redis/^(Enqueue_(Is|Chosen|Delayed)|Priority_High|Unique_Until|Limit_Length|Cancel_Leased)|TestEnqueue_"

// enqueueing is the way of a task to its queue.
var enqueueing = []Mutant{{
	Name: "enqueue-in-front", Why: "new tasks are taken before older ones", File: scripts + "enqueue.lua",
	Old: "redis.call('LPUSH', KEYS[list], unpack(messages))", New: "redis.call('RPUSH', KEYS[list], unpack(messages))",
	Package: redisq, Run: enqueues,
}, {
	Name: "push-in-front", Why: "tasks with an id of their own, or that are due, are taken before older ones", File: scripts + "prelude.lua",
	Old: "redis.call('LPUSH', key, unpack(list))", New: "redis.call('RPUSH', key, unpack(list))",
	Package: redisq, Run: enqueues,
}, {
	Name: "enqueue-again-adds", Why: "an enqueue sent again adds its tasks twice", File: scripts + "enqueue.lua",
	Old: "if sent_again then", New: "if false then",
	Package: redisq, Run: again,
}, {
	Name: "enqueue-looks-at-first", Why: "an id given out twice is noticed only where it is the first of a call", File: scripts + "enqueue.lua",
	Old: "for i = 1, n do", New: "for i = 1, 1 do",
	Package: redisq, Run: enqueues,
}, {
	Name: "enqueue-forgets-lost-numbers", Why: "an id given out twice takes a new task for an old one", File: scripts + "enqueue.lua",
	Old: "return {'DUPLICATE', now}", New: "return {'OK', now}",
	Package: redisq, Run: enqueues,
}, {
	Name: "batcher-ends-for-one", Why: "a caller who leaves ends the call of others", File: brokers + "batcher.go",
	Old: "p.trip.callers == 0 {", New: "p.trip.callers >= 0 {",
	Package: redisq, Run: "TestBatcher_",
}, {
	Name: "batcher-hangs-with-a-call", Why: "a call that hangs stops all callers of its queue", File: brokers + "batcher.go",
	Old: "time.Since(b.begun) > patience", New: "false",
	Package: redisq, Run: "TestBatcher_",
}, {
	Name: "batcher-promises-too-much", Why: "a caller is told that tasks are in that a full queue has refused", File: brokers + "enqueueplain.go",
	Old: "case status == statusOK && room >= len(l.pieces):", New: "case status == statusOK:",
	Package: redisq, Run: "TestBatcher_",
}, {
	Name: "enqueue-one-without-nonce", Why: "a task whose id is taken is said to be in", File: scripts + "enqueue_one.lua",
	Old: "return {same_call(known) and 'OK' or 'DUPLICATE', now}", New: "return {'OK', now}",
	Package: redisq, Run: enqueues,
}, {
	Name: "enqueue-one-again-refused", Why: "an enqueue sent again is called a duplicate of itself", File: scripts + "enqueue_one.lua",
	Old: "return {same_call(known) and 'OK' or 'DUPLICATE', now}", New: "return {'DUPLICATE', now}",
	Package: redisq, Run: again,
}, {
	Name: "enqueue-one-again-after-its-run", Why: "an enqueue sent again after its task has run is called a duplicate of itself", File: scripts + "settle.lua",
	Old: "  if nonce then", New: "  if false then",
	Package: redisq, Run: again,
}, {
	Name: "enqueue-one-by-its-time", Why: "another task of an id, of the same millisecond, is said to be in", File: scripts + "enqueue_one.lua",
	Old: "if theirs or slot == '' then", New: "if theirs then",
	Package: redisq, Run: again,
}, {
	Name: "unique-for-nobody", Why: "two tasks have one unique key", File: scripts + "enqueue_one.lua",
	Old: "  elseif held then", New: "  elseif false then",
	Package: redisq, Run: enqueues,
}, {
	Name: "enqueue-overfills", Why: "a queue grows beyond its length", File: scripts + "prelude.lua",
	Old: "if most and n + more > tonumber(most) then", New: "if most and n > tonumber(most) then",
	Package: redisq, Run: enqueues,
}, {
	Name: "enqueue-checks-no-types", Why: "a key of another type stops an enqueue half-way", File: scripts + "enqueue.lua",
	Old: "if refused then", New: "if false then",
	Package: redisq, Run: types,
}, {
	Name: "enqueue-keeps-no-record", Why: "nothing is known of a task that waits", File: scripts + "enqueue.lua",
	Old: "redis.call('HSET', KEYS[key], unpack(buckets[key]))", New: "",
	Package: redisq, Run: enqueues,
}, {
	Name: "promote-drops-before-it-looks", Why: "due tasks are gone where a key has another type", File: scripts + "promote.lua",
	Old: "local refused = wrong_type", New: "redis.call('ZREM', KEYS[1], unpack(due))\nlocal refused = wrong_type",
	Package: redisq, Run: types,
}, {
	Name: "promote-too-early", Why: "tasks do not wait for their time", File: scripts + "promote.lua",
	Old: "'-inf', text(now), 'LIMIT'", New: "'-inf', '+inf', 'LIMIT'",
	Package: redisq, Run: enqueues,
}, {
	Name: "cancel-in-flight-is-over", Why: "the worker of a task that is called off is not told", File: scripts + "cancel.lua",
	Old: "if group_of(KEYS[2], prefix, id) then", New: "if false then",
	Package: redisq, Run: enqueues,
}, {
	Name: "tick-without-compare", Why: "of many that tick, each enqueues a task", File: scripts + "tick.lua",
	Old: "if string.sub(schedule, 1, #mark) ~= mark then", New: "if false then",
	Package: redisq, Run: "TestTick_|TestReplay_Tick",
}, {
	Name: "tick-overlaps", Why: "a schedule starts a task while its last one runs", File: scripts + "tick.lua",
	Old: "  runs = string.sub(redis.call('HGET', KEYS[10], last) or '', 1, 1) ~= '.'", New: "  runs = true",
	Package: redisq, Run: "TestTick_|TestReplay_Tick",
}, {
	Name: "producer-any-queue", Why: "a producer puts tasks where it must not", File: "producer/producer.go",
	Old: "admission.Gate{Queues: p.queues, Put", New: "admission.Gate{Put",
	Package: "./producer", Run: "TestEnqueue_",
}, {
	Name: "producer-one-task-twice", Why: "a task that is in is put in once more", File: "internal/admission/admission.go",
	Old: "return zeroq.ErrDuplicateID //", New: "task.ID = \"\" //",
	Package: "./producer", Run: "TestEnqueue_",
}, {
	Name: "refused-is-taken", Why: "a producer is told that a task is in which the broker refused", File: "internal/admission/admission.go",
	Old: "errs[i] = err; err == nil {", New: "err == nil {",
	Package: "./internal/admission", Run: "TestGate_",
}}
