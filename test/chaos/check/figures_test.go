package check_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

func report(text string) check.Report {
	return check.Check(check.History{Records: story(text)})
}

func TestCheck_CountsTasksByTheirLastAnswer(t *testing.T) {
	t.Parallel()
	r := report(`send 1; accept 1; send 2; refuse 2 dup; send 3; unknown 3; send 4; send 5; refuse 5 full; accept 5;
		send 6; unknown 6; accept 6`)
	if r.Sent != 6 || r.Accepted != 3 || r.Refused != 1 || r.Unknown != 2 {
		t.Errorf("sent %d, accepted %d, refused %d, unknown %d", r.Sent, r.Accepted, r.Refused, r.Unknown)
	}
}

func TestCheck_CountsFaultsByKind(t *testing.T) {
	t.Parallel()
	end := ledger.Record{At: ledger.Time(2 * time.Hour), Kind: ledger.Fault, Code: ledger.Term, Process: 3, Note: ledger.NoteOf(ledger.TheEnd)}
	r := check.Check(check.History{Records: append(story("kill p1; kill p2; rediskill for 1s; latency p3"), end)})
	want := map[ledger.Code]int{ledger.Kill: 2, ledger.RedisKill: 1, ledger.Latency: 1}
	if !maps.Equal(r.Faults, want) {
		t.Errorf("got %v, want %v", r.Faults, want)
	}
}

func TestCheck_UnexplainedAreTheDuplicatesWithoutAFault(t *testing.T) {
	t.Parallel()
	r := report("send 1; accept 1; start 1 p1; kill p1; start 1 p2; ok 1 p2; start 1 p3; ok 1 p3; start 1 p3; ok 1 p3")
	if r.Duplicates != 3 || r.Explained != 1 || r.Unexplained() != 2 {
		t.Errorf("%d duplicates, %d explained, %d unexplained", r.Duplicates, r.Explained, r.Unexplained())
	}
}

// What a fault hit could have run again and nobody would have been blamed.
func TestCheck_TellsOfHowManyRunsARepetitionWouldBeExcused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"send 1; accept 1; start 1 p1; ok 1 p1":                                                             0,
		"send 1; accept 1; start 1 p1; ok 1 p1; kill p1":                                                    1,
		"send 1; accept 1; start 1 p1; ok 1 p1; kill p2":                                                    0,
		"send 1; accept 1; start 1 p1; ok 1 p1; wait 3s; kill p1":                                           0,
		"send 1; accept 1; start 1 p1; fail 1 p1; redisstop for 1s; start 1 p2 try 2; ok 1 p2":              1,
		"send 1; accept 1; start 1 p1; fail 1 p1; start 1 p2 try 2; ok 1 p2; rediskill for 1s reach 1s":     2,
		"send 1; accept 1; start 1 p1; kill p1; wait 5s; start 1 p2; ok 1 p2; wait 5s; redisstop for 100ms": 1,
		"send 1; accept 1; start 1 p1; reply p1; reset p1; latency p1; ok 1 p1":                             0,
	} {
		if got := report(text).Excusable; got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
	r := check.Check(check.History{Records: story("send 1; accept 1; start 1 p1; stop p1 for 1s; ok 1 p1"), Rules: check.Rules{Harmless: true}})
	if r.Excusable != 0 {
		t.Errorf("%d are excused by what should cost nothing", r.Excusable)
	}
}

// Two faults, two runs more: that each can have its own is found though the first could explain both.
func TestCheck_GivesEachDuplicateAFaultOfItsOwn(t *testing.T) {
	t.Parallel()
	r := report("send 1; accept 1; start 1 p1; redisstop for 2s; wait 2s; start 1 p2; kill p1; kill p2; start 1 p3; ok 1 p3")
	if r.Duplicates != 2 || r.Explained != 2 {
		t.Errorf("%d of %d duplicates are explained:%s", r.Explained, r.Duplicates, texts(r))
	}
}

func TestCheck_RecoveryIsFromTheFaultToTheNextStartElsewhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, story string
		want        []time.Duration
	}{
		{"killed, with two tasks", `send 1; send 2; start 1 p1; start 2 p1; kill p1; wait 3s; start 2 p2; ok 2 p2; wait 1s;
			start 1 p2; ok 1 p2`, []time.Duration{3010 * time.Millisecond, 4030 * time.Millisecond}},
		{"stopped", "send 1; start 1 p1; stop p1 for 9s; wait 5s; start 1 p2; ok 1 p2; wait 5s; cut 1 p1", []time.Duration{5010 * time.Millisecond}},
		{"exited", "send 1; start 1 p1; exit p1; wait 2s; start 1 p2; ok 1 p2", []time.Duration{2010 * time.Millisecond}},
		{"began again where it was, then elsewhere", "send 1; start 1 p1; stop p1 for 1s; wait 1s; start 1 p1; wait 1s; start 1 p2; ok 1 p2",
			[]time.Duration{2020 * time.Millisecond}},
		{"nobody came", "send 1; start 1 p1; kill p1", nil},
		{"stopped for a moment", "send 1; start 1 p1; stop p1 for 1s; wait 1s; fail 1 p1; wait 9s; start 1 p2 try 2; ok 1 p2", nil},
		{"ended before it", "send 1; start 1 p1; ok 1 p1; kill p1; start 1 p2; ok 1 p2", nil},
		{"began after it", "send 1; stop p1 for 1s; wait 1s; start 1 p1; start 1 p2; ok 1 p1; ok 1 p2", nil},
		{"another fault", "send 1; start 1 p1; hole p1 for 9s; start 1 p2; ok 1 p1; ok 1 p2", nil},
	} {
		if got := report(tt.story).Recovery; !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestCheck_ResumeIsFromServingToTheFirstStart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, story string
		want        []time.Duration
	}{
		{"killed", "send 1; accept 1; rediskill for 1s; wait 1s; serving; wait 300ms; start 1 p1", []time.Duration{310 * time.Millisecond}},
		{"twice", `send 1; accept 1; send 2; accept 2; redisstop for 1s; wait 1s; serving; start 1 p1; rediskill for 1s; wait 1s;
			serving; wait 1s; start 2 p1`, []time.Duration{10 * time.Millisecond, 1010 * time.Millisecond}},
		{"what is sent later begins first", "send 1; accept 1; rediskill for 1s; wait 1s; serving; send 2; start 2 p1; start 1 p1",
			[]time.Duration{20 * time.Millisecond}},
		{"nothing was left", "rediskill for 1s; wait 1s; serving; wait 5s; send 1; accept 1; start 1 p1", nil},
		{"served for the first time", "send 1; accept 1; serving; start 1 p1", nil},
		{"no outage", "send 1; accept 1; kill p2; serving; start 1 p1", nil},
		{"nothing began", "send 1; accept 1; rediskill for 1s; wait 1s; serving", nil},
	} {
		if got := report(tt.story).Resume; !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestCheck_DisplacedIsByHowManyPlacesATaskBeganTooEarly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"send 1; send 2; send 3; start 1 p1; start 2 p1; start 3 p1":                                0,
		"send 1; send 2; send 3; start 3 p1; start 1 p1; start 2 p1":                                2,
		"send 1; send 2; send 3; start 2 p1; start 3 p1; start 1 p1":                                1,
		"send 1; send 2; send 3; start 3 p1; start 1 p1":                                            1, // 2 never began
		"send 1; send 2; start 1 p1; fail 1 p1; start 2 p1; start 1 p1 try 2":                       0, // first starts count
		"send 900; send 70000; send 80000; start 900 p1; start 70000 p1; ok 900 p1; start 80000 p1": 0,
	} {
		if got := report(text).Displaced; got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}

func TestCheck_SortsRecordsThatAreNotAndLeavesThemAlone(t *testing.T) {
	t.Parallel()
	records := story(base)
	slices.Reverse(records)
	before := slices.Clone(records)
	if r := check.Check(check.History{Records: records, Final: told(2)}); !r.OK() {
		t.Error(texts(r))
	}
	if !slices.Equal(records, before) {
		t.Error("the records were changed")
	}
}

func TestPercentile_IsTheTimeThatSoManyDoNotExceed(t *testing.T) {
	t.Parallel()
	ten := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for _, tt := range []struct {
		sorted []time.Duration
		p      float64
		want   time.Duration
	}{
		{ten, 50, 5}, {ten, 100, 10}, {ten, 0, 1}, {ten, 90, 9}, {ten, 91, 10}, {ten[:1], 50, 1}, {nil, 50, 0},
	} {
		if got := check.Percentile(tt.sorted, tt.p); got != tt.want {
			t.Errorf("%v of %v: got %d, want %d", tt.p, tt.sorted, got, tt.want)
		}
	}
}
