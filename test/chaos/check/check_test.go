package check_test

import (
	"slices"
	"testing"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
)

// What each planted history begins with: a task that is done, and one that takes two attempts.
const base = `up p1; up p2; up p3;
	send 100; accept 100; start 100 p1; ok 100 p1;
	send 101; accept 101; start 101 p2; fail 101 p2; wait 1s; start 101 p1 try 2; ok 101 p1; wait 5s;`

// planted are histories that break one rule, once. Each begins with the base, which breaks none.
var planted = []struct {
	name  string
	story string
	final check.Final
	rules check.Rules
	want  string
}{
	{name: "accepted and gone", want: check.Lost,
		story: "send 1; accept 1", final: told(2)},
	{name: "failed and gone", want: check.Lost,
		story: "send 1; accept 1; start 1 p1; fail 1 p1", final: told(2)},
	{name: "killed and gone", want: check.Lost,
		story: "send 1; accept 1; start 1 p1; kill p1", final: told(2)},
	{name: "never answered, but it ran, and is gone", want: check.Lost,
		story: "send 1; unknown 1; start 1 p1; fail 1 p1", final: told(2)},
	{name: "accepted before what Redis may forget", want: check.Lost,
		story: "send 1; accept 1; wait 3s; rediskill for 1s reach 2s", final: told(2)},
	{name: "accepted after Redis served again", want: check.Lost,
		story: "rediskill for 1s reach 2s; wait 2s; send 1; accept 1", final: told(2)},
	{name: "gone with a Redis that forgets nothing", want: check.Lost,
		story: "send 1; accept 1; rediskill for 1s", final: told(2)},
	{name: "a dead letter that is gone", want: check.Lost,
		story: "send 1 dies; accept 1; start 1 p1; fail 1 p1", final: told(2)},
	{name: "bytes that nobody can read are gone", want: check.Lost,
		story: "send 1 unreadable; accept 1", final: told(2)},
	{name: "called off and gone", want: check.Lost,
		story: "send 1 uncertain; accept 1; calloff 1", final: told(2)},

	{name: "waits still", want: check.Stuck,
		story: "send 1; accept 1", final: told(2, waits(1))},
	{name: "done, and runs still", want: check.Stuck,
		story: "send 1; accept 1; start 1 p1; ok 1 p1", final: told(2, waits(1))},

	{name: "done twice", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "runs twice at a time", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; start 1 p2; ok 1 p1; ok 1 p2", final: told(3)},
	{name: "done twice in one process", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; ok 1 p1; start 1 p1; ok 1 p1", final: told(3)},
	{name: "another process was killed", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; kill p3; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "a lost reply that should cost nothing", want: check.Unexplained, rules: check.Rules{Harmless: true},
		story: "send 1; accept 1; start 1 p1; reply p1; ok 1 p1; wait 1s; start 1 p2; ok 1 p2", final: told(3)},
	{name: "killed long after the outcome was recorded", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; ok 1 p1; wait 3s; kill p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "killed after the second run had begun", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; start 1 p2; kill p1; ok 1 p2", final: told(3)},
	{name: "a fault that was over before the run", want: check.Unexplained,
		story: "hole p1 for 1s; wait 3s; send 1; accept 1; start 1 p1; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "Redis was killed and forgot nothing that far back", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; ok 1 p1; wait 5s; rediskill for 1s reach 2s; wait 1s; start 1 p2; ok 1 p2", final: told(3)},
	{name: "full Redis repeats nothing", want: check.Unexplained,
		story: "send 1; accept 1; redisfull for 9s; start 1 p1; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "forgotten scripts repeat nothing", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; flush; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "latency repeats nothing", want: check.Unexplained,
		story: "send 1; accept 1; latency p1 for 9s; start 1 p1; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "a wrong clock repeats nothing", want: check.Unexplained,
		story: "send 1; accept 1; clock p1 for 9s; start 1 p1; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "garbage repeats nothing", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; garbage; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "a reply that was lost repeats nothing", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; ok 1 p1; reply p1; wait 1s; start 1 p2; ok 1 p2", final: told(3)},
	{name: "a beat whose reply was lost repeats nothing", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; reply p1; wait 3s; start 1 p2; ok 1 p2; ok 1 p1", final: told(3)},
	{name: "connections that were reset repeat nothing", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; ok 1 p1; reset p1; wait 1s; start 1 p2; ok 1 p2", final: told(3)},
	{name: "Redis was stopped long after the first worker was dead and another had it done", want: check.TooOften,
		story: `send 1; accept 1; start 1 p1; kill p1; wait 1s; start 1 p2; ok 1 p2; wait 60s; redisstop for 300ms; wait 1s;
			start 1 p3; ok 1 p3`, final: told(3)},
	{name: "Redis was stopped long after the first worker had ended in order", want: check.TooOften,
		story: `send 1; accept 1; start 1 p1; term p1; wait 1s; start 1 p2; down p1; ok 1 p2; wait 60s; redisstop for 300ms; wait 1s;
			start 1 p3; ok 1 p3`, final: told(3)},
	{name: "cut, and nothing asked for it", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; cut 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "cut long before its time was over", want: check.Unexplained,
		story: "send 1 limit 5s; accept 1; start 1 p1; wait 1s; cut 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "cut before its process was told to end", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; cut 1 p1; start 1 p2; ok 1 p2; term p1", final: told(3)},
	{name: "cut before it was called off", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; cut 1 p1; start 1 p2; ok 1 p2; calling 1", final: told(3)},
	{name: "cut, when another process was told to end", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; term p3; cut 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "ended in order, and done again", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; term p1; ok 1 p1; down p1; start 1 p2; ok 1 p2", final: told(3)},

	{name: "a drain repeats what was handed back, not what came of it", want: check.Unexplained,
		story: `send 1; accept 1; start 1 p1; term p1; cut 1 p1; start 1 p2; fail 1 p2; start 1 p3 try 2; ok 1 p3;
			start 1 p3 try 2; ok 1 p3`, final: told(3)},

	{name: "two runs more for one kill", want: check.TooOften,
		story: "send 1; accept 1; start 1 p1; kill p1; start 1 p2; ok 1 p2; start 1 p3; ok 1 p3", final: told(3)},
	{name: "what an overtaken run answers asks for nothing", want: check.TooOften,
		story: `send 1; accept 1; start 1 p1; stop p1 for 3s; wait 2s; start 1 p2; ok 1 p2; wait 1s; cut 1 p1;
			start 1 p3; ok 1 p3`, final: told(3)},
	{name: "three runs more for two faults", want: check.TooOften,
		story: `send 1; accept 1; start 1 p1; stop p1 for 1s; start 1 p2; hole p2 for 1s; start 1 p3; wait 2s;
			ok 1 p1; ok 1 p2; ok 1 p3; start 1 p2; ok 1 p2`, final: told(3)},

	{name: "counted twice", want: check.Acked, final: told(3)},
	{name: "not counted", want: check.Acked, final: told(1)},
	{name: "counted though it is dead", want: check.Acked,
		story: "send 1 dies; accept 1; start 1 p1; fail 1 p1", final: told(3, died(1))},
	{name: "counted twice after a second run that is explained", want: check.Acked,
		story: "send 1; accept 1; start 1 p1; ok 1 p1; kill p1; start 1 p2; ok 1 p2", final: told(4)},
	{name: "counted twice, and Redis forgot", want: check.Acked,
		story: "send 1; accept 1; start 1 p1; ok 1 p1; rediskill for 1s reach 2s; start 1 p2; ok 1 p2", final: told(4)},
	{name: "not counted, long before Redis forgot", want: check.Acked,
		story: "wait 9s; rediskill for 1s reach 2s", final: told(1)},

	{name: "dead, and should not be", want: check.WrongEnd,
		story: "send 1; accept 1; start 1 p1; fail 1 p1", final: told(2, died(1))},
	{name: "poison after one death", want: check.WrongEnd,
		story: "send 1; accept 1; start 1 p1; kill p1; kill p2; kill p3", final: told(2, died(1))},
	{name: "poison after one death, and two times without Redis later", want: check.WrongEnd,
		story: "send 1; accept 1; start 1 p1; kill p1; wait 60s; redisstop for 100ms; wait 60s; redisstop for 100ms", final: told(2, died(1))},
	{name: "poison, of two deaths in all", want: check.WrongEnd,
		story: "send 1; accept 1; start 1 p1; kill p1; start 1 p2; kill p2", final: told(2, died(1))},
	{name: "poison, of faults that cost no lease", want: check.WrongEnd,
		story: "send 1; accept 1; start 1 p1; reset p1; reply p1; latency p1; flush; fail 1 p1", final: told(2, died(1))},
	{name: "poison, of faults before it ran", want: check.WrongEnd,
		story: "hole p1; hole p1; hole p1; wait 2s; send 1; accept 1; start 1 p1; fail 1 p1", final: told(2, died(1))},
	{name: "poison, of faults after it ran", want: check.WrongEnd,
		story: "send 1; accept 1; start 1 p1; fail 1 p1; wait 2s; hole p1; hole p1; hole p1", final: told(2, died(1))},
	{name: "poison, of two deaths and one before it was sent", want: check.WrongEnd,
		story: "hole p3; send 1; accept 1; start 1 p1; hole p1; hole p1; fail 1 p1", final: told(2, died(1))},
	{name: "cancelled after it ran, and nobody called it off", want: check.WrongEnd, rules: check.Rules{Unique: true},
		story: "send 1 key 7; accept 1; start 1 p1; fail 1 p1", final: told(2, calledOff(1))},
	{name: "cancelled as a duplicate, without a key", want: check.WrongEnd, rules: check.Rules{Unique: true},
		story: "send 1; accept 1", final: told(2, calledOff(1))},
	{name: "done, and dead", want: check.WrongEnd,
		story: "send 1; accept 1; start 1 p1; ok 1 p1", final: told(2, died(1))},
	{name: "should be dead, and is done", want: check.WrongEnd,
		story: "send 1 dies; accept 1; start 1 p1; ok 1 p1", final: told(3)},
	{name: "should be dead, and is cancelled", want: check.WrongEnd,
		story: "send 1 dies; accept 1; start 1 p1; fail 1 p1", final: told(2, calledOff(1))},
	{name: "forgotten once, and run three times", want: check.TooOften,
		story: "send 1; accept 1; start 1 p1; ok 1 p1; rediskill for 20ms reach 1s; start 1 p2; cut 1 p2; start 1 p2; cut 1 p2; start 1 p2; ok 1 p2", final: told(3)},
	{name: "cancelled, and nobody called it off", want: check.WrongEnd,
		story: "send 1; accept 1", final: told(2, calledOff(1))},
	{name: "called off, and dead", want: check.WrongEnd,
		story: "send 1; accept 1; calling 1", final: told(2, died(1))},
	{name: "a handler got what nobody can read", want: check.WrongEnd,
		story: "send 1 unreadable; accept 1; start 1 p1; fail 1 p1", final: told(2, unread(1))},
	{name: "nobody can read what could be read", want: check.WrongEnd,
		story: "send 1; accept 1", final: told(2, unread(1))},

	{name: "ran, and nobody sent it", want: check.Phantom,
		story: "start 1 p1; ok 1 p1", final: told(3)},
	{name: "Redis holds what nobody sent", want: check.Phantom, final: told(2, died(1))},

	{name: "a duplicate that ran", want: check.AfterRefusal,
		story: "send 1; refuse 1 dup; start 1 p1; ok 1 p1", final: told(2)},
	{name: "no room, and it ran", want: check.AfterRefusal,
		story: "send 1; start 1 p1; ok 1 p1; refuse 1 full", final: told(2)},
	{name: "no room, and half of it was written", want: check.AfterRefusal,
		story: "send 1; refuse 1 full", final: told(2, waits(1))},

	{name: "started after it was called off", want: check.AfterCancel,
		story: "send 1 uncertain; accept 1; calloff 1; start 1 p1; ok 1 p1", final: told(3)},
	{name: "the next attempt after it was called off", want: check.AfterCancel,
		story: "send 1 uncertain; accept 1; start 1 p1; fail 1 p1; calloff 1; start 1 p1 try 2; ok 1 p1", final: told(3)},
	{name: "called off long before Redis forgot", want: check.AfterCancel,
		story: "send 1 uncertain; accept 1; calloff 1; wait 5s; rediskill for 1s reach 2s; wait 1s; start 1 p1; ok 1 p1", final: told(3)},
	{name: "called off before the process was stopped", want: check.AfterCancel,
		story: "send 1 uncertain; accept 1; calloff 1; stop p1 for 1s; wait 1s; start 1 p1; ok 1 p1", final: told(3)},

	{name: "an attempt left out", want: check.Attempts,
		story: "send 1; accept 1; start 1 p1; fail 1 p1; start 1 p1 try 3; ok 1 p1", final: told(3)},
	{name: "the same attempt after a failure", want: check.Attempts,
		story: "send 1; accept 1; start 1 p1; fail 1 p1; start 1 p1; ok 1 p1", final: told(3)},
	{name: "an attempt that falls back", want: check.Attempts,
		story: `send 1; accept 1; start 1 p1; fail 1 p1; start 1 p2 try 2; panic 1 p2; wait 2s; start 1 p1; ok 1 p1`, final: told(3)},
	{name: "begins with the second attempt", want: check.Attempts,
		story: "send 1; accept 1; start 1 p1 try 2; ok 1 p1", final: told(3)},
	{name: "a death that used up an attempt", want: check.Attempts,
		story: "send 1; accept 1; start 1 p1; kill p1; start 1 p2 try 2; ok 1 p2", final: told(3)},
	{name: "a death that gave an attempt back", want: check.Attempts,
		story: "send 1; accept 1; start 1 p1; fail 1 p1; start 1 p2 try 2; kill p2; start 1 p3; ok 1 p3", final: told(3)},
	{name: "a death that used up two", want: check.Attempts,
		story: "send 1; accept 1; start 1 p1; fail 1 p1; start 1 p2 try 2; kill p2; start 1 p3 try 4; ok 1 p3", final: told(3)},
	{name: "handed back with two attempts used", want: check.Attempts,
		story: "send 1; accept 1; start 1 p1; term p1; cut 1 p1; start 1 p2 try 3; ok 1 p2", final: told(3)},

	{name: "began before what was sent earlier", want: check.Disorder, rules: check.Rules{Ordered: true},
		story: "send 201; send 202; accept 201; accept 202; start 202 p1; ok 202 p1; start 201 p1; ok 201 p1", final: told(4)},

	{name: "a group began with the second", want: check.Overtaken, rules: check.Rules{Grouped: true},
		story: "send 201 key 7; send 202 key 7; accept 201; accept 202; start 202 p1; ok 202 p1; start 201 p1; ok 201 p1", final: told(4)},
	{name: "a group changed its order, as the broker was killed", want: check.Overtaken, rules: check.Rules{Grouped: true},
		story: `send 1 key 7; send 2 key 7; accept 1; accept 2; brokerkill for 1s; wait 2s; start 2 p1; ok 2 p1; start 1 p1;
			ok 1 p1`, final: told(4)},
	{name: "a group changed its order, as its worker was killed", want: check.Overtaken, rules: check.Rules{Grouped: true},
		story: "send 1 key 7; send 2 key 7; accept 1; accept 2; kill p1; start 2 p2; ok 2 p2; start 1 p2; ok 1 p2", final: told(4)},
	{name: "two of a group at the same time", want: check.Together, rules: check.Rules{Grouped: true},
		story: "send 1 key 7; send 2 key 7; accept 1; accept 2; start 1 p1; start 2 p2; ok 2 p2; ok 1 p1", final: told(4)},
	{name: "two of a group at the same time in one process", want: check.Together, rules: check.Rules{Grouped: true},
		story: "send 1 key 7; send 2 key 7; accept 1; accept 2; start 1 p1; start 2 p1; ok 2 p1; ok 1 p1", final: told(4)},
	{name: "two of a group at the same time, as a way to the broker was cut", want: check.Together, rules: check.Rules{Grouped: true},
		story: "send 1 key 7; send 2 key 7; accept 1; accept 2; start 1 p1; brokerhole p1 for 12s; wait 12s; start 2 p2; ok 2 p2; ok 1 p1", final: told(4)},
	{name: "a second attempt beside another of its group", want: check.Together, rules: check.Rules{Grouped: true},
		story: `send 1 key 7; send 2 key 7; accept 1; accept 2; start 1 p1; fail 1 p1; start 2 p2; start 1 p1 try 2; ok 1 p1;
			ok 2 p2`, final: told(4)},
	{name: "ran again as the broker was killed", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; brokerkill for 1s; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "ran again as the connections to the broker were reset", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; brokerreset p1; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},
	{name: "ran again as the broker could not be heard", want: check.Unexplained,
		story: "send 1; accept 1; start 1 p1; brokerhole p1 for 12s; wait 12s; ok 1 p1; start 1 p2; ok 1 p2", final: told(3)},

	{name: "two tasks with one key", want: check.TwoHolders, rules: check.Rules{Unique: true},
		story: "send 1 key 7; accept 1; send 2 key 7; accept 2; start 1 p1; ok 1 p1; start 2 p1; ok 2 p1", final: told(4)},
	{name: "accepted between the attempts of another", want: check.TwoHolders, rules: check.Rules{Unique: true},
		story: `send 1 key 7; accept 1; start 1 p1; fail 1 p1; send 2 key 7; accept 2; start 1 p1 try 2; ok 1 p1; start 2 p1;
			ok 2 p1`, final: told(4)},
	{name: "accepted between the attempts of what dies", want: check.TwoHolders, rules: check.Rules{Unique: true},
		story: `send 1 dies key 7; accept 1; start 1 p1; fail 1 p1; send 2 key 7; accept 2; start 1 p1 try 2; fail 1 p1;
			start 2 p1; ok 2 p1`, final: told(3, died(1))},

	{name: "refused for a key that was never taken", want: check.LockLeft, rules: check.Rules{Unique: true},
		story: "send 1 key 7; refuse 1 dup", final: told(2)},
	{name: "refused for the key of what was never in", want: check.LockLeft, rules: check.Rules{Unique: true},
		story: "send 1 key 7; unknown 1; send 2 key 7; refuse 2 dup", final: told(2)},
	{name: "refused though all faults were over when the last one had the key", want: check.LockLeft, rules: check.Rules{Unique: true},
		story: `redisstop for 1s; wait 5s; send 1 key 7; accept 1; start 1 p1; ok 1 p1; wait 2s; send 2 key 7; refuse 2 dup;
			redisstop for 9s`, final: told(3)},
	{name: "refused for the key of a task that is over", want: check.LockLeft, rules: check.Rules{Unique: true},
		story: "send 1 key 7; accept 1; start 1 p1; ok 1 p1; wait 2s; send 2 key 7; refuse 2 dup", final: told(3)},
	{name: "refused for the key of a dead task", want: check.LockLeft, rules: check.Rules{Unique: true},
		story: "send 1 dies key 7; accept 1; start 1 p1; fail 1 p1; wait 2s; send 2 key 7; refuse 2 dup", final: told(2, died(1))},
	{name: "refused for the key of a cancelled task", want: check.LockLeft, rules: check.Rules{Unique: true},
		story: "send 1 uncertain key 7; accept 1; calloff 1; wait 2s; send 2 key 7; refuse 2 dup", final: told(2, calledOff(1))},
	{name: "refused for the key of what came later", want: check.LockLeft, rules: check.Rules{Unique: true},
		story: "send 2 key 7; refuse 2 dup; send 1 key 7; accept 1; start 1 p1; ok 1 p1", final: told(3)},

	{name: "a time without a run", want: check.MissedTick, rules: check.Rules{Ticks: []uint64{60000, 120000}},
		story: "start 1 p1 key 60000; ok 1 p1", final: told(3)},
	{name: "a time whose run came to no end", want: check.MissedTick, rules: check.Rules{Ticks: []uint64{60000}},
		story: "start 1 p1 key 60000; kill p1", final: told(2)},
	{name: "two tasks for a time", want: check.DoubleTick, rules: check.Rules{Ticks: []uint64{60000}},
		story: "start 1 p1 key 60000; ok 1 p1; start 2 p2 key 60000; ok 2 p2", final: told(4)},
	{name: "two tasks for a time, before Redis forgot", want: check.DoubleTick, rules: check.Rules{Ticks: []uint64{60000}},
		story: "start 1 p1 key 60000; ok 1 p1; start 2 p2 key 60000; ok 2 p2; rediskill for 1s reach 2s", final: told(4)},
	{name: "a time that the schedule does not have", want: check.StrayTick, rules: check.Rules{Ticks: []uint64{60000}},
		story: "start 1 p1 key 60000; ok 1 p1; start 2 p1 key 90000; ok 2 p1", final: told(4)},
	{name: "a task that ran twice for a time", want: check.Unexplained, rules: check.Rules{Ticks: []uint64{60000}},
		story: "start 1 p1 key 60000; ok 1 p1; start 1 p2 key 60000; ok 1 p2", final: told(3)},
	{name: "a tick that is dead", want: check.WrongEnd, rules: check.Rules{Ticks: []uint64{60000}},
		story: "start 1 p1 key 60000; ok 1 p1", final: told(3, died(0))},
	{name: "a tick that is dead, while another was killed once", want: check.WrongEnd, rules: check.Rules{Ticks: []uint64{60000}},
		story: "start 1 p1 key 60000; kill p1; wait 5s; start 1 p2 key 60000; ok 1 p2", final: told(3, died(0))},
	{name: "a tick that waits still", want: check.Stuck, rules: check.Rules{Ticks: []uint64{60000}},
		story: "start 1 p1 key 60000; ok 1 p1", final: told(3, waits(0))},
	{name: "a cancelled tick", want: check.Phantom, rules: check.Rules{Ticks: []uint64{60000}},
		story: "start 1 p1 key 60000; ok 1 p1", final: told(3, calledOff(0))},
	{name: "what nobody sent, in a run with schedules", want: check.Phantom, rules: check.Rules{Ticks: []uint64{}},
		final: told(2, died(1))},
	{name: "a task without a time, in a run with schedules", want: check.Phantom, rules: check.Rules{Ticks: []uint64{}},
		story: "start 1 p1; ok 1 p1", final: told(3)},

	{name: "a key that should be gone", want: check.KeyLeft,
		final: told(2, func(f *check.Final) { f.Keys = []string{"zq:{q}:if:1"} })},
	{name: "memory that is not free", want: check.MemoryLeft, rules: check.Rules{Memory: 64},
		final: told(2, func(f *check.Final) { f.Before, f.After = 1000, 1065 })},

	{name: "a handler that hangs for ever", want: check.Unended,
		story: "send 1 uncertain; accept 1; start 1 p1", final: told(2, calledOff(1))},
	{name: "a handler that was left in an orderly end", want: check.Unended,
		story: "send 1 uncertain; accept 1; start 1 p1; down p1", final: told(2, calledOff(1))},
	{name: "a handler that hung until the end of the run", want: check.Unended,
		story: "send 1 uncertain; accept 1; start 1 p1; wait 60s; term p1; down p1", final: told(2, calledOff(1))},
	{name: "a stop ends no process", want: check.Unended,
		story: "send 1; accept 1; start 1 p1; stop p1 for 3s; wait 2s; start 1 p2; ok 1 p2", final: told(3)},
	{name: "killed, yet it ended in order", want: check.Unended,
		story: "send 1 uncertain; accept 1; start 1 p1; down p1; kill p1", final: told(2, calledOff(1))},

	{name: "a process that ended by itself", want: check.Crashed, story: "up p4; gone p4", final: told(2)},
	{name: "a process that did not end in order when it was told to", want: check.Crashed,
		story: "up p4; send 1; accept 1; start 1 p4; ok 1 p4; term p4; gone p4", final: told(3)},
	{name: "a process that ended by itself when another was killed", want: check.Crashed,
		story: "up p4; send 1; accept 1; start 1 p4; ok 1 p4; kill p3; reset p4; stop p4 for 1s; redisstop for 1s; gone p4", final: told(3)},

	{name: "ended, and never began", want: check.Damaged,
		story: "send 1 uncertain; accept 1; ok 1 p1", final: told(2, calledOff(1))},
	{name: "ended twice", want: check.Damaged,
		story: "send 1; accept 1; start 1 p1; ok 1 p1; ok 1 p1", final: told(3)},
	{name: "sent twice", want: check.Damaged,
		story: "send 1; send 1; accept 1; start 1 p1; ok 1 p1", final: told(3)},
	{name: "accepted twice", want: check.Damaged,
		story: "send 1; accept 1; accept 1; start 1 p1; ok 1 p1", final: told(3)},
	{name: "accepted, and never sent", want: check.Damaged,
		story: "accept 1", final: told(2)},
	{name: "accepted, then no room", want: check.Damaged,
		story: "send 1; accept 1; refuse 1 full; start 1 p1; ok 1 p1", final: told(3)},
	{name: "a duplicate, then accepted", want: check.Damaged,
		story: "send 1; refuse 1 dup; accept 1; start 1 p1; ok 1 p1", final: told(3)},
	{name: "refused, nobody knows why", want: check.Damaged,
		story: "send 1; refuse 1 other", final: told(2)},
	{name: "began in a process that had ended", want: check.Damaged,
		story: "down p1; send 1; accept 1; start 1 p1; ok 1 p1", final: told(3)},
	{name: "dead and cancelled at once", want: check.Damaged,
		story: "send 1 dies; accept 1; start 1 p1; fail 1 p1", final: told(2, died(1), calledOff(1))},
}

func TestCheck_FindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	for _, tt := range planted {
		r := check.Check(check.History{Records: story(base + tt.story), Final: tt.final, Rules: tt.rules})
		if got := rules(r); !slices.Equal(got, []string{tt.want}) {
			t.Errorf("%s: got %q, want %q:%s", tt.name, got, tt.want, texts(r))
		}
		if (r.Lost == 1) != (tt.want == check.Lost) {
			t.Errorf("%s: %d are lost", tt.name, r.Lost)
		}
	}
}

func TestCheck_BlamesNobodyForTheBase(t *testing.T) {
	t.Parallel()
	r := check.Check(check.History{Records: story(base), Final: told(2), Rules: check.Rules{Ordered: true, Unique: true, Memory: 1}})
	if !r.OK() || r.Sent != 2 || r.Accepted != 2 || r.Succeeded != 2 || r.Runs != 3 || r.Duplicates != 0 {
		t.Errorf("got %+v", r)
	}
}
