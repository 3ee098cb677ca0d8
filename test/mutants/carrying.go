package main

// Suites of queues whose tasks a carrier takes to the workers.
const (
	relays = "TestOutbox_|TestCarr"
	admits = "TestAdmit_|TestReplay_Admit|TestCarried_"
)

// carrying is the way of a task by a carrier.
var carrying = []Mutant{{
	Name: "relay-two-at-once", Why: "two processes move the tasks of a queue", File: scripts + "relay_take.lua",
	Old: "if held and held ~= owner and", New: "if false and",
	Package: redisq, Run: relays,
}, {
	Name: "relay-takes-over-what-was-begun", Why: "a batch that was begun is lost with the process that began it", File: scripts + "relay_take.lua",
	Old: "if #messages > 0 then\n  return", New: "if false then\n  return",
	Package: redisq, Run: relays,
}, {
	Name: "relay-low-first", Why: "tasks of low priority go first", File: scripts + "relay_take.lua",
	Old: "{KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]}) do", New: "{KEYS[3], KEYS[4], KEYS[7], KEYS[6], KEYS[5]}) do",
	Package: redisq, Run: relays,
}, {
	Name: "relay-late-done", Why: "a batch that nobody published is forgotten for the one before", File: scripts + "relay_done.lua",
	Old: "if held ~= owner or last ~= batch then", New: "if held ~= owner then",
	Package: redisq, Run: relays,
}, {
	Name: "relay-done-by-anybody", Why: "a process that lost the queue forgets what the next one publishes", File: scripts + "relay_done.lua",
	Old: "if held ~= owner or last ~= batch then", New: "if last ~= batch then",
	Package: redisq, Run: relays,
}, {
	Name: "relay-counts-nothing", Why: "tasks at the carrier fill no queue", File: scripts + "relay_done.lua",
	Old: "  redis.call('HINCRBY', KEYS[3], 'away', moved)\n", New: "",
	Package: redisq, Run: relays,
}, {
	Name: "carry-leaves-tasks", Why: "a queue's broker changes while tasks are at the one before", File: brokers + "carry.go",
	Old: "if n := there + relaying; n > 0 {", New: "if n := there + relaying; n > there+relaying {",
	Package: redisq, Run: relays,
}, {
	Name: "admit-unfenced", Why: "a worker whose lease was taken begins tasks under it", File: scripts + "admit.lua",
	Old: "if not redis.call('ZSCORE', groups, group) then", New: "if false then",
	Package: redisq, Run: admits,
}, {
	Name: "admit-again-judges-anew", Why: "an answer that was lost is another one when it is asked for again", File: scripts + "admit.lua",
	Old: "if answered == seq then", New: "if false then",
	Package: redisq, Run: admits,
}, {
	Name: "admit-straggler-begins", Why: "a call that comes late begins tasks that nobody runs", File: scripts + "admit.lua",
	Old: "if tonumber(answered) > tonumber(seq) then", New: "if false then",
	Package: redisq, Run: admits,
}, {
	Name: "admit-refusal-unmarked", Why: "a call that was refused begins tasks later, and nobody runs them", File: scripts + "admit.lua",
	Old: "  note('PAUSED', wait, '')\n", New: "",
	Package: redisq, Run: admits,
}, {
	Name: "admit-finished", Why: "what a carrier brings again runs again", File: scripts + "admit.lua",
	Old: "(string.sub(record, 1, 1) ~= '.' or has_run(record, attempt, time))", New: "has_run(record, attempt, time)",
	Package: redisq, Run: admits,
}, {
	Name: "admit-old-attempt", Why: "an attempt that failed runs again beside the next one", File: scripts + "admit.lua",
	Old: "or has_run(record, attempt, time))", New: "or false)",
	Package: redisq, Run: admits,
}, {
	Name: "admit-for-another", Why: "an old message runs in the place of a new task of its id", File: scripts + "admit.lua",
	Old: " or at and time ~= '0' and at ~= time", New: "",
	Package: redisq, Run: admits,
}, {
	Name: "admit-deleted", Why: "a task that was deleted runs when a carrier brings it twice", File: scripts + "admit.lua",
	Old: "if marked and not record and redis.call('ZSCORE', deleted, id) then", New: "if false then",
	Package: redisq, Run: admits,
}, {
	Name: "relay-waits-for-the-clock", Why: "nobody moves tasks for as long as the clock was set back", File: scripts + "relay_take.lua",
	Old: " and ends_in <= lease then", New: " then",
	Package: redisq, Run: relays,
}, {
	Name: "beat-trusts-admissions", Why: "a task is run of which Redis does not know, and is forgotten by all", File: scripts + "beat.lua",
	Old: "['#f'] = ARGV[5]", New: "['#f'] = 0",
	Package: redisq, Run: "TestForgotten_",
}, {
	Name: "admit-forgets-what-was-put-off", Why: "a task that was put off never runs", File: scripts + "admit.lua",
	Old: "last == attempt and name ~= 'z'", New: "last == attempt",
	Package: redisq, Run: admits,
}, {
	Name: "admit-withdrawn", Why: "a task that was called off while it was at the carrier runs", File: scripts + "admit.lua",
	Old: "dropped[id] or marked and called_off(id, messages[i])", New: "false",
	Package: redisq, Run: admits,
}, {
	Name: "admit-retry", Why: "a task that waits for its next attempt runs at once", File: scripts + "admit.lua",
	Old: "return marked and (redis.call('ZSCORE', retry, id)", New: "return marked and (false",
	Package: redisq, Run: admits,
}, {
	Name: "admit-busy", Why: "a task runs twice at the same time", File: scripts + "admit.lua",
	Old: "flown[i] == 1 and group_of(groups, prefix, id) then", New: "false then",
	Package: redisq, Run: admits,
}, {
	Name: "admit-any-limit", Why: "tasks that a carrier brings are without limits", File: scripts + "admit.lua",
	Old: "  if #granted >= room then", New: "  if false then",
	Package: redisq, Run: admits,
}, {
	Name: "admit-suspects-together", Why: "a worker has several suspects at once", File: scripts + "admit.lua",
	Old: "    if suspect then\n", New: "    if false then\n",
	Package: redisq, Run: admits,
}, {
	Name: "admit-forgets-its-suspect", Why: "a worker that has a suspect takes another", File: scripts + "admit.lua",
	Old: "entries[#entries + 1], entries[#entries + 2] = '#s', suspect", New: "",
	Package: redisq, Run: admits,
}, {
	Name: "admit-drops-a-lost-answer", Why: "what a lost answer granted is run by nobody", File: brokers + "admit.go",
	Old: "if one.verdict == broker.Granted || one.verdict == broker.Stale {", New: "if one.verdict == broker.Stale {",
	Package: redisq, Run: admits,
}, {
	Name: "settle-leaves-taken", Why: "ids stay among those that a carrier brought for ever", File: scripts + "settle.lua",
	Old: "  redis.call('SREM', KEYS[21], unpack(fields))\n", New: "",
	Package: redisq, Run: admits,
}}
