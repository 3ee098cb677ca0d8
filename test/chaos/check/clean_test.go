package check_test

import (
	"testing"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
)

// figures are those of a report that tell what was seen, without the base's two tasks and three runs.
type figures struct {
	runs, duplicates, succeeded, dead, cancelled, forgiven, poisoned int
}

// right are histories in which no promise is broken, though much else is. Each begins with the base.
var right = []struct {
	name  string
	story string
	final check.Final
	rules check.Rules
	want  figures
}{
	{name: "a group in its order, of which one fails and one is killed", final: told(5), rules: check.Rules{Grouped: true},
		want: figures{runs: 5, duplicates: 1, succeeded: 3},
		story: `send 1 key 7; send 2 key 7; send 3 key 7; accept 1; accept 2; accept 3; start 1 p1; fail 1 p1; start 2 p1; kill p1;
			wait 5s; start 2 p2; ok 2 p2; start 1 p2 try 2; ok 1 p2; start 3 p2; ok 3 p2`},
	{name: "the next of a group beside one of a halted worker", final: told(4), rules: check.Rules{Grouped: true},
		want: figures{runs: 3, duplicates: 1, succeeded: 2},
		story: `send 1 key 7; send 2 key 7; accept 1; accept 2; start 1 p1; stop p1 for 12s; wait 11s; start 1 p2; ok 1 p2; start 2 p2;
			wait 2s; cut 1 p1; ok 2 p2`},
	{name: "two groups at the same time", final: told(4), rules: check.Rules{Grouped: true}, want: figures{runs: 2, succeeded: 2},
		story: "send 1 key 7; send 2 key 8; accept 1; accept 2; start 2 p1; start 1 p1; ok 2 p1; ok 1 p1"},
	{name: "killed in the handler", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; kill p1; wait 5s; start 1 p2; ok 1 p2"},
	{name: "killed when the outcome was on its way", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; ok 1 p1; kill p1; wait 5s; start 1 p2; ok 1 p2"},
	{name: "killed when a failure was on its way", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; fail 1 p1; kill p1; wait 5s; start 1 p2; ok 1 p2"},
	{name: "killed in the second attempt", final: told(3), want: figures{runs: 3, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; panic 1 p1; start 1 p1 try 2; kill p1; wait 5s; start 1 p2 try 2; ok 1 p2"},
	{name: "the handler ends the process", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; exit p1; wait 5s; start 1 p2; ok 1 p2"},
	{name: "another handler ends the process, which has noted it", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; exit p1; start 1 p1; wait 5s; start 1 p2; ok 1 p2"},
	{name: "the machine stood still, and the lease ran out", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; stall for 3s; wait 3s; cut 1 p1; start 1 p2; ok 1 p2"},
	{name: "the machine stood still where nothing else may cost a run", final: told(3), rules: check.Rules{Harmless: true},
		want:  figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; stall for 3s; wait 3s; cut 1 p1; start 1 p2; ok 1 p2"},
	{name: "forgotten, given to a worker that notices, and given up", final: told(3), want: figures{runs: 3, duplicates: 2, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; ok 1 p1; rediskill for 20ms reach 1s; start 1 p2; cut 1 p2; start 1 p2; ok 1 p2"},
	{name: "killed twice", final: told(3), want: figures{runs: 3, duplicates: 2, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; kill p1; wait 5s; start 1 p2; kill p2; wait 5s; start 1 p3; ok 1 p3"},
	{name: "stopped, and its late answer is refused", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; stop p1 for 6s; wait 5s; start 1 p2; ok 1 p2; wait 2s; ok 1 p1"},
	{name: "called off without an answer", final: told(2, calledOff(1)), want: figures{cancelled: 1},
		story: "send 1; accept 1; calling 1"},
	{name: "called off in vain", final: told(3), want: figures{runs: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; calling 1; ok 1 p1"},
	{name: "called off before it was sent", final: told(3), want: figures{runs: 1, succeeded: 1},
		story: "calling 1; send 1; accept 1; start 1 p1; ok 1 p1"},
	{name: "called off in its handler", final: told(2, calledOff(1)), want: figures{cancelled: 1, runs: 1},
		story: "send 1; accept 1; start 1 p1; calling 1; cut 1 p1"},
	{name: "two producers send the same", final: told(3), want: figures{runs: 1, succeeded: 1}, rules: check.Rules{Shared: true},
		story: "send 1; send 1; accept 1; start 1 p1; accept 1; ok 1 p1"},
	{name: "stopped, and its late failure asks for nothing", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; stop p1 for 6s; wait 5s; start 1 p2; wait 2s; fail 1 p1; ok 1 p2"},
	{name: "stopped, while the other fails", final: told(3), want: figures{runs: 3, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; stop p1 for 6s; wait 5s; start 1 p2; fail 1 p2; wait 2s; ok 1 p1; start 1 p3 try 2; ok 1 p3"},
	{name: "stopped before the handler, and begins when another is done", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; stop p1 for 6s; wait 5s; start 1 p2; ok 1 p2; wait 1s; start 1 p1; ok 1 p1"},
	{name: "stopped before the handler, and begins before another", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; stop p1 for 6s; wait 6s; start 1 p1; start 1 p2; ok 1 p2; ok 1 p1"},
	{name: "stopped before the handler, and begins between attempts", final: told(3), want: figures{runs: 3, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; stop p1 for 6s; wait 5s; start 1 p2; fail 1 p2; wait 1s; start 1 p1; start 1 p3 try 2; ok 1 p1; ok 1 p3"},
	{name: "stopped before the handler, and begins after the next attempt", final: told(3), want: figures{runs: 3, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; stop p1 for 6s; wait 5s; start 1 p2; fail 1 p2; start 1 p3 try 2; wait 1s; start 1 p1; ok 1 p1; ok 1 p3"},
	{name: "called off while the process was stopped that had fetched it", final: told(2, calledOff(1)), want: figures{cancelled: 1, runs: 1},
		story: "send 1 uncertain; accept 1; stop p1 for 6s; wait 5s; calloff 1; wait 1s; start 1 p1; cut 1 p1"},
	{name: "cut off from Redis", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; hole p1 for 6s; wait 5s; start 1 p2; cut 1 p1; ok 1 p2"},
	{name: "cut off from Redis, and it stops in time", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; hole p1 for 6s; wait 4s; cut 1 p1; wait 1s; start 1 p2; ok 1 p2"},
	{name: "the same process gets its task back under a new lease", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; hole p1 for 5s; wait 6s; start 1 p1; ok 1 p1; cut 1 p1"},
	{name: "a connection was reset with the outcome on it", final: told(3), rules: check.Rules{Spends: true}, want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; ok 1 p1; reset p1; wait 1s; start 1 p2; ok 1 p2"},
	{name: "a reply was lost", final: told(3), rules: check.Rules{Spends: true}, want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; ok 1 p1; reply p1; wait 1s; start 1 p2; ok 1 p2"},
	{name: "Redis was stopped for longer than the lease", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; redisstop for 6s; wait 6s; serving; start 1 p2; ok 1 p2; ok 1 p1"},
	{name: "handed back when the drain was over", final: told(3), want: figures{runs: 2, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; term p1; wait 2s; cut 1 p1; down p1; start 1 p2; ok 1 p2"},
	{name: "handed back with a handler that does not look", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; term p1; wait 2s; start 1 p2; down p1; ok 1 p2"},
	{name: "handed back, and the handler returns late", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; term p1; wait 2s; start 1 p2; ok 1 p1; down p1; ok 1 p2"},
	{name: "its time was over", final: told(3), want: figures{runs: 2, succeeded: 1},
		story: "send 1 limit 2s; accept 1; start 1 p1; wait 2s; cut 1 p1; wait 1s; start 1 p1 try 2; ok 1 p1"},
	{name: "cut as it was called off, and it ran on", final: told(3), want: figures{runs: 2, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; calling 1; cut 1 p1; wait 1s; start 1 p1; ok 1 p1"},
	{name: "killed when Redis had been stopped", final: told(3), want: figures{runs: 3, duplicates: 2, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; redisstop for 6s; wait 3s; kill p1; wait 4s; start 1 p2; wait 2s; start 1 p3; ok 1 p3; cut 1 p2"},
	{name: "told to end, with a handler that does not look", final: told(2, calledOff(1)), want: figures{runs: 1, cancelled: 1},
		story: "send 1 uncertain; accept 1; start 1 p1; wait 5s; term p1 for 2s; wait 1s; down p1"},
	{name: "who sends is told to end", final: told(2), story: "up p4; send 1 p4; unknown 1 p4; term p4; gone p4"},
	{name: "fails until it is dead", final: told(2, died(1)), want: figures{runs: 3, dead: 1},
		story: "send 1 dies; accept 1; start 1 p1; fail 1 p1; start 1 p2 try 2; panic 1 p2; start 1 p1 try 3; fail 1 p1"},
	{name: "three workers died with it, as they should", final: told(2, died(1)), want: figures{runs: 3, duplicates: 2, dead: 1},
		story: "send 1 dies; accept 1; start 1 p1; exit p1; start 1 p2; exit p2; start 1 p3; exit p3"},
	{name: "three workers died with it, by chance", final: told(2, died(1)), want: figures{runs: 3, duplicates: 2, dead: 1, poisoned: 1},
		story: "send 1; accept 1; start 1 p1; kill p1; start 1 p2; stop p2 for 9s; wait 5s; start 1 p3; kill p3; wait 5s; cut 1 p2"},
	{name: "of three workers that died with it one had not begun it", final: told(2, died(1)), want: figures{runs: 2, duplicates: 1, dead: 1, poisoned: 1},
		story: "send 1; accept 1; start 1 p1; kill p1; kill p2; start 1 p3; kill p3"},
	{name: "Redis forgot that it was accepted", final: told(2), want: figures{forgiven: 1},
		story: "send 1; accept 1; wait 1s; rediskill for 1s reach 2s"},
	{name: "Redis forgot it, though it ran", final: told(2), want: figures{runs: 1, forgiven: 1},
		story: "send 1; accept 1; start 1 p1; fail 1 p1; rediskill for 1s reach 2s"},
	{name: "Redis forgot that it was done", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; wait 5s; start 1 p1; ok 1 p1; wait 1500ms; rediskill for 1s reach 2s; wait 2s; start 1 p2; ok 1 p2"},
	{name: "Redis forgot that it had failed", final: told(3), want: figures{runs: 3, duplicates: 1, succeeded: 1},
		story: `send 1; accept 1; wait 5s; start 1 p1; fail 1 p1; start 1 p2 try 2; rediskill for 1s reach 2s; fail 1 p2; wait 2s;
			start 1 p3; ok 1 p3`},
	{name: "Redis forgot that it was fetched", final: told(3), want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; rediskill for 1s reach 2s; wait 1s; start 1 p1; start 1 p2; ok 1 p2; ok 1 p1"},
	{name: "Redis forgot a task and all that became of it", final: told(2), want: figures{runs: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; ok 1 p1; wait 1s; rediskill for 1s reach 2s"},
	{name: "Redis forgot that it was called off", final: told(3), want: figures{runs: 1, succeeded: 1},
		story: "send 1 uncertain; accept 1; calloff 1; rediskill for 1s reach 2s; wait 1s; start 1 p1; ok 1 p1"},
	{name: "never answered, and not in", final: told(2), story: "send 1; unknown 1"},
	{name: "never answered, and done", final: told(3), want: figures{runs: 1, succeeded: 1},
		story: "send 1; unknown 1; start 1 p1; ok 1 p1"},
	{name: "answered after some tries", final: told(3), want: figures{runs: 1, succeeded: 1},
		story: "send 1; unknown 1; start 1 p1; refuse 1 full; ok 1 p1; accept 1"},
	{name: "the try without an answer is what it was refused for", final: told(3), want: figures{runs: 1, succeeded: 1},
		story: "send 1; unknown 1; refuse 1 dup; start 1 p1; ok 1 p1"},
	{name: "accepted, and sent again", final: told(3), want: figures{runs: 1, succeeded: 1},
		story: "send 1; accept 1; refuse 1 dup; start 1 p1; ok 1 p1"},
	{name: "no room at first", final: told(3), want: figures{runs: 1, succeeded: 1},
		story: "send 1; refuse 1 full; accept 1; start 1 p1; ok 1 p1"},
	{name: "no room", final: told(2), story: "send 1; refuse 1 full"},
	{name: "called off", final: told(2, calledOff(1)), want: figures{cancelled: 1}, story: "send 1 uncertain; accept 1; calloff 1"},
	{name: "called off, and the process had begun it by then", final: told(2, calledOff(1)), want: figures{cancelled: 1, runs: 1},
		story: "send 1 uncertain; accept 1; start 1 p1; calloff 1; cut 1 p1"},
	{name: "nobody can read it", final: told(2, unread(1)), want: figures{dead: 1}, story: "garbage; send 1 unreadable; accept 1"},
	{name: "a system that does not tell of dead letters", want: figures{runs: 1},
		story: "send 1 dies; accept 1; start 1 p1; fail 1 p1; send 2 unreadable; accept 2; send 3 uncertain; accept 3"},
	{name: "a system whose deaths use up attempts", final: told(3), rules: check.Rules{Spends: true}, want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1 try 2; kill p1; wait 5s; start 1 p2 try 3; ok 1 p2"},
	{name: "an outcome that takes its time to settle", final: told(3), rules: check.Rules{Settle: 1e10}, want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1; accept 1; start 1 p1; ok 1 p1; wait 9s; kill p1; start 1 p2; ok 1 p2"},
	{name: "no order was promised", final: told(4), want: figures{runs: 2, succeeded: 2},
		story: "send 201; send 202; accept 201; accept 202; start 202 p1; start 201 p2; ok 201 p2; ok 202 p1"},

	{name: "one task after the other with a key", final: told(4), rules: check.Rules{Unique: true}, want: figures{runs: 2, succeeded: 2},
		story: "send 1 key 7; accept 1; start 1 p1; send 2 key 7; ok 1 p1; accept 2; start 2 p1; ok 2 p1"},
	{name: "no room for a task with a key", final: told(2), rules: check.Rules{Unique: true},
		story: "send 1 key 7; refuse 1 full"},
	{name: "keys that nobody has to hold", final: told(4), want: figures{runs: 2, succeeded: 2},
		story: "send 1 key 7; accept 1; send 2 key 7; accept 2; start 1 p1; ok 1 p1; start 2 p1; ok 2 p1; send 3 key 8; refuse 3 dup"},
	{name: "tasks without keys", final: told(4), rules: check.Rules{Unique: true}, want: figures{runs: 2, succeeded: 2},
		story: "send 1; accept 1; send 2; accept 2; start 1 p1; ok 1 p1; start 2 p1; ok 2 p1; send 3; refuse 3 dup"},
	{name: "refused for what was never answered, and is cancelled", final: told(2, calledOff(1)), rules: check.Rules{Unique: true}, want: figures{cancelled: 1},
		story: "send 1 key 7; unknown 1; send 2 key 7; refuse 2 dup"},
	{name: "refused for what Redis forgot", final: told(2), rules: check.Rules{Unique: true}, want: figures{},
		story: "send 1 key 7; unknown 1; send 2 key 7; refuse 2 dup; rediskill for 1s reach 2s"},
	{name: "a key is free when the taker is done, while who was stopped still runs", final: told(4), rules: check.Rules{Unique: true},
		want:  figures{runs: 3, duplicates: 1, succeeded: 2},
		story: "send 1 key 7; accept 1; start 1 p1; stop p1 for 6s; wait 3s; start 1 p2; ok 1 p2; send 2 key 7; accept 2; wait 5s; ok 1 p1; start 2 p2; ok 2 p2"},
	{name: "two keys", final: told(4), rules: check.Rules{Unique: true}, want: figures{runs: 2, succeeded: 2},
		story: "send 1 key 7; accept 1; send 2 key 8; accept 2; start 1 p1; ok 1 p1; start 2 p1; ok 2 p1"},
	{name: "refused while another has the key", final: told(3), rules: check.Rules{Unique: true}, want: figures{runs: 1, succeeded: 1},
		story: "send 1 key 7; accept 1; send 2 key 7; refuse 2 dup; start 1 p1; send 3 key 7; refuse 3 dup; ok 1 p1; send 4 key 7; refuse 4 dup"},
	{name: "refused while a dead worker has the key", final: told(3), rules: check.Rules{Unique: true}, want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "send 1 key 7; accept 1; start 1 p1; kill p1; wait 5s; send 2 key 7; refuse 2 dup; start 1 p2; ok 1 p2"},
	{name: "refused while Redis is away with the outcome", final: told(3), rules: check.Rules{Unique: true}, want: figures{runs: 1, succeeded: 1},
		story: "send 1 key 7; accept 1; start 1 p1; redisstop for 5s; ok 1 p1; wait 4s; send 2 key 7; wait 1s; refuse 2 dup"},
	{name: "refused for what was never answered", final: told(3), rules: check.Rules{Unique: true}, want: figures{runs: 1, succeeded: 1},
		story: "send 1 key 7; unknown 1; send 2 key 7; refuse 2 dup; start 1 p1; ok 1 p1"},
	{name: "cancelled on the list, as another has the key", final: told(3, calledOff(2)), rules: check.Rules{Unique: true}, want: figures{cancelled: 1, runs: 1, succeeded: 1},
		story: "send 1 key 7; accept 1; send 2 key 7; accept 2; start 1 p1; ok 1 p1"},
	{name: "Redis forgot who had the key", final: told(3), rules: check.Rules{Unique: true}, want: figures{runs: 2, succeeded: 2},
		story: "send 1 key 7; accept 1; start 1 p1; rediskill for 1s reach 2s; wait 1s; send 2 key 7; accept 2; start 2 p2; ok 2 p2; ok 1 p1"},

	{name: "each time of a schedule once", final: told(4), rules: check.Rules{Ticks: []uint64{60000, 120000}}, want: figures{runs: 2, succeeded: 2},
		story: "start 1 p1 key 60000; ok 1 p1; start 2 p1 key 120000; ok 2 p1"},
	{name: "a tick whose worker was killed", final: told(3), rules: check.Rules{Ticks: []uint64{60000}}, want: figures{runs: 2, duplicates: 1, succeeded: 1},
		story: "start 1 p1 key 60000; kill p1; wait 5s; start 1 p2 key 60000; ok 1 p2"},
	{name: "a tick whose workers died with it", final: told(2, died(0)), rules: check.Rules{Ticks: []uint64{60000}},
		want:  figures{runs: 3, duplicates: 2},
		story: `start 1 p1 key 60000; kill p1; wait 5s; start 1 p2 key 60000; kill p2; wait 5s; start 1 p3 key 60000; kill p3`},
	{name: "Redis forgot a tick", final: told(3), rules: check.Rules{Ticks: []uint64{60000}}, want: figures{runs: 2, succeeded: 2},
		story: "start 1 p1 key 60000; ok 1 p1; rediskill for 1s reach 2s; wait 1s; start 2 p1 key 60000; ok 2 p1"},
	{name: "memory within what may be", rules: check.Rules{Memory: 64},
		final: told(2, func(f *check.Final) { f.Before, f.After = 1000, 1064 })},
}

func TestCheck_BlamesNobodyForWhatMayHappen(t *testing.T) {
	t.Parallel()
	for _, tt := range right {
		r := check.Check(check.History{Records: story(base + tt.story), Final: tt.final, Rules: tt.rules})
		if !r.OK() {
			t.Errorf("%s:%s", tt.name, texts(r))
		}
		got := figures{
			runs: r.Runs - 3, duplicates: r.Duplicates, succeeded: r.Succeeded - 2, dead: r.Dead,
			cancelled: r.Cancelled, forgiven: r.Forgiven, poisoned: r.Poisoned,
		}
		if got != tt.want || r.Explained != r.Duplicates {
			t.Errorf("%s: got %+v, want %+v; explained %d", tt.name, got, tt.want, r.Explained)
		}
	}
}
