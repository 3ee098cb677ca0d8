package main

const (
	verdicts = "./internal/verdict"
	verdictF = "internal/verdict/"
	wires    = "./internal/wire"
	wireF    = "internal/wire/"
)

// judging is what becomes of a task.
var judging = []Mutant{{
	Name: "verdict-one-attempt-more", Why: "a task runs once more than it may", File: verdictF + "verdict.go",
	Old: "t.Attempt >= t.MaxAttempts", New: "t.Attempt > t.MaxAttempts",
	Package: verdicts, Run: "Test",
}, {
	Name: "verdict-unknown-type-burns-an-attempt", Why: "waiting for a version that knows its type uses up a task", File: verdictF + "unknown.go",
	Old: "o.State, o.NextAttempt = zeroq.Retry, t.Attempt\n", New: "o.State, o.NextAttempt = zeroq.Retry, t.Attempt+1\n",
	Package: pools, Run: "TestUnknown_",
}, {
	Name: "verdict-snooze-burns-an-attempt", Why: "a snooze uses up a task", File: verdictF + "verdict.go",
	Old: "zeroq.Retry, t.Attempt, runAt", New: "zeroq.Retry, t.Attempt+1, runAt",
	Package: verdicts, Run: "Test",
}, {
	Name: "verdict-shutdown-is-a-failure", Why: "a deployment uses up an attempt of what it interrupts", File: verdictF + "verdict.go",
	Old: ", errors.Is(run.Cause, zeroq.ErrShutdown):", New: ":",
	Package: verdicts, Run: "Test",
}, {
	Name: "verdict-permanent-is-retried", Why: "what can never work is tried again", File: verdictF + "verdict.go",
	Old: "if zeroq.IsPermanent(err) || errors.Is(run.Cause, zeroq.ErrDeadline) ||", New: "if errors.Is(run.Cause, zeroq.ErrDeadline) ||",
	Package: verdicts, Run: "Test",
}, {
	Name: "verdict-once-is-retried", Why: "a task that must not start twice is retried", File: verdictF + "verdict.go",
	Old: "t.Attempt >= t.MaxAttempts || r.Mode == broker.AtMostOnce {", New: "t.Attempt >= t.MaxAttempts {",
	Package: verdicts, Run: "Test",
}, {
	Name: "verdict-once-is-handed-back", Why: "a task that must not start twice is given to another worker while it runs", File: verdictF + "verdict.go",
	Old: "	o := run.outcome()\n	if r.Mode == broker.AtMostOnce {", New: "	o := run.outcome()\n	if false {",
	Package: pools, Run: "TestDrain_",
}, {
	Name: "verdict-expires-after-its-start", Why: "a task that has run expires before its next attempt", File: verdictF + "verdict.go",
	Old: "t.Attempt == 1 && now.After(t.ExpiresAt)", New: "now.After(t.ExpiresAt)",
	Package: verdicts, Run: "Test",
}}

// writing is what becomes of a message.
var writing = []Mutant{{
	Name: "wire-writes-data-anew", Why: "large numbers, order and spaces of data change", File: wireF + "decode.go",
	Old: "{ t.Data = json.RawMessage(v); return nil }", New: "{ var x any; err := json.Unmarshal(v, &x); t.Data, _ = json.Marshal(x); return err }",
	Package: wires, Run: "Test",
}, {
	Name: "wire-drops-unknown-members", Why: "what a later version put into a message is lost", File: wireF + "encode.go",
	Old: "		default:\n			b = append", New: "		default:\n			if readers[m.name].read == nil {\n				return nil\n			}\n			b = append",
	Package: wires, Run: "Test",
}, {
	Name: "wire-member-twice", Why: "of two members with one name nobody knows which holds", File: wireF + "decode.go",
	Old: "if name == m.name {", New: "if false && name == m.name {",
	Package: wires, Run: "Test",
}, {
	Name: "wire-any-depth", Why: "a message nests as deep as it likes", File: wireF + "decode.go",
	Old: "if depth(raw) > MaxDepth {", New: "if false {",
	Package: wires, Run: "Test",
}, {
	Name: "wire-retry-forgets-its-time", Why: "a retried message says that it is due when it was at first", File: wireF + "encode.go",
	Old: "		{name: \"run_at\", value: appendString(nil, FormatTime(runAt))},\n", New: "",
	Package: wires, Run: "Test",
}}

// keeping is what goes on by itself.
var keeping = []Mutant{{
	Name: "upkeep-hangs", Why: "one call without an answer ends the upkeep of a queue", File: "internal/upkeep/loop.go",
	Old: "context.WithTimeout(ctx, callTimeout)", New: "context.WithCancel(ctx)",
	Package: "./internal/upkeep", Run: "TestLoops_",
}, {
	Name: "upkeep-ends-by-an-error", Why: "one error ends the upkeep of a queue", File: "internal/upkeep/loop.go",
	Old: "		l.note(err)\n", New: "		if l.note(err); err != nil {\n			return\n		}\n",
	Package: "./internal/upkeep", Run: "Test",
}, {
	Name: "upkeep-reaps-too-seldom", Why: "tasks of dead workers come back after several leases", File: "internal/upkeep/reaper.go",
	Old: "return lease / 6, err", New: "return lease, err",
	Package: "./internal/upkeep", Run: "TestReaper_",
}, {
	Name: "upkeep-never-recounts", Why: "what is in flight is never counted anew", File: "internal/upkeep/bookkeeper.go",
	Old: "counting = keeper.Recount(ctx, queue)", New: "counting = ctx.Err()",
	Package: "./internal/upkeep", Run: "TestBookkeeper_",
}, {
	Name: "sweep-forgets-too-early", Why: "results are gone before their time", File: scripts + "sweep_list.lua",
	Old: "  return ends <= now or place <= surplus", New: "  return true",
	Package: redisq, Run: "TestConformance_Redis/^Sweep_|TestSweep_",
}, {
	Name: "sweep-takes-the-record-of-another", Why: "a task that has the id of an old one is forgotten with it", File: scripts + "prelude.lua",
	Old: "if string.sub(record, 1, 1) ~= mark or (forget_at > now and not too_many) then", New: "if false then",
	Package: redisq, Run: "TestConformance_Redis/^Sweep_|TestSweep_",
}}
