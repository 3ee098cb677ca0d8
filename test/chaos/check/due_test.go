package check_test

import (
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
)

// Histories under the rules that not all runs have. want is the rule that is broken; "" is none.
var ruled = []struct {
	name  string
	story string
	final check.Final
	rules check.Rules
	want  string
}{
	{name: "began when it was due", final: told(1),
		story: "send 1 due 3s; accept 1; wait 3s; start 1 p1; ok 1 p1"},
	{name: "began before it was due", want: check.Early, final: told(1),
		story: "send 1 due 3s; accept 1; wait 2s; start 1 p1; ok 1 p1"},
	{name: "began before it was due, by as long as the machine had stood still when it was sent", final: told(1),
		story: "stall for 500ms; wait 600ms; send 1 due 3s; accept 1; wait 2350ms; start 1 p1; ok 1 p1"},
	{name: "began before it was due, by longer than the machine had stood still", want: check.Early, final: told(1),
		story: "stall for 500ms; wait 600ms; send 1 due 3s; accept 1; wait 2s; start 1 p1; ok 1 p1"},
	{name: "began before it was due, and the machine had stood still long before it was sent", want: check.Early, final: told(1),
		story: "stall for 500ms; wait 2s; send 1 due 3s; accept 1; wait 2350ms; start 1 p1; ok 1 p1"},
	{name: "began before it was due, and the machine stood still after it was sent", want: check.Early, final: told(1),
		story: "send 1 due 3s; accept 1; stall for 500ms; wait 2350ms; start 1 p1; ok 1 p1"},
	{name: "began before it was due, by less than Redis was halted when it was sent", final: told(1),
		story: "redisstop for 2s; wait 2s; send 1 due 3s; accept 1; wait 1s; start 1 p1; ok 1 p1"},
	{name: "tried again after the pause", rules: check.Rules{Pause: time.Second}, final: told(1),
		story: "send 1; accept 1; start 1 p1; fail 1 p1; wait 1s; start 1 p2 try 2; ok 1 p2"},
	{name: "tried again too soon", rules: check.Rules{Pause: time.Second}, want: check.Early, final: told(1),
		story: "send 1; accept 1; start 1 p1; fail 1 p1; wait 600ms; start 1 p2 try 2; ok 1 p2"},
	{name: "run again, without a failure", rules: check.Rules{Pause: time.Second}, final: told(1),
		story: "send 1; accept 1; start 1 p1; kill p1; start 1 p2; ok 1 p2"},

	{name: "may start once, and its worker died", rules: check.Rules{Once: true}, final: told(0, died(1)),
		story: "send 1; accept 1; start 1 p1; kill p1"},
	{name: "may start once, and its worker died before the outcome was recorded", rules: check.Rules{Once: true}, final: told(0, died(1)),
		story: "send 1; accept 1; start 1 p1; ok 1 p1; kill p1"},
	{name: "may start once, and its worker died when it was about to start", rules: check.Rules{Once: true}, final: told(0, died(1)),
		story: "send 1; unknown 1; kill p1"},
	{name: "may start once, and started twice", rules: check.Rules{Once: true}, want: check.Twice, final: told(1),
		story: "send 1; accept 1; start 1 p1; kill p1; wait 2s; start 1 p2; ok 1 p2"},
	{name: "may start once, ran to its end, and is dead", rules: check.Rules{Once: true}, want: check.WrongEnd, final: told(0, died(1)),
		story: "send 1; accept 1; start 1 p1; ok 1 p1; wait 3s; kill p1"},
	{name: "may start once, and is dead though no worker died", rules: check.Rules{Once: true}, want: check.WrongEnd, final: told(0, died(1)),
		story: "kill p1; wait 3s; send 1; accept 1"},

	{name: "answered, each in its way", rules: check.Rules{Answered: true}, final: told(1),
		story: "send 1; accept 1; send 2; refuse 2 full; start 1 p1; ok 1 p1"},
	{name: "answered at the second try", rules: check.Rules{Answered: true}, want: check.Unanswered, final: told(1),
		story: "send 1; unknown 1; accept 1; start 1 p1; ok 1 p1"},
	{name: "neither accepted nor refused", rules: check.Rules{Answered: true}, want: check.Unanswered,
		story: "send 1", final: told(0)},

	{name: "dead with its workers, which may be", final: told(0, died(1)),
		story: "send 1; accept 1; start 1 p1; kill p1; wait 2s; start 1 p2; kill p2; wait 2s; start 1 p3; kill p3"},
	{name: "dead with its workers, and should be spared", rules: check.Rules{Spared: true}, want: check.WrongEnd, final: told(0, died(1)),
		story: "send 1; accept 1; start 1 p1; kill p1; wait 2s; start 1 p2; kill p2; wait 2s; start 1 p3; kill p3"},
}

func TestCheck_JudgesByTheRulesOfTheRun(t *testing.T) {
	t.Parallel()
	for _, tt := range ruled {
		var want []string
		if tt.want != "" {
			want = []string{tt.want}
		}
		r := check.Check(check.History{Records: story("up p1; up p2; up p3;" + tt.story), Final: tt.final, Rules: tt.rules})
		if got := rules(r); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q:%s", tt.name, got, want, texts(r))
		}
	}
}

func TestCheck_TellsHowLateTasksBegan(t *testing.T) {
	t.Parallel()
	r := check.Check(check.History{Records: story(`up p1; send 1 due 3s; accept 1; wait 4s; start 1 p1; ok 1 p1;
		send 2; accept 2; wait 80ms; start 2 p1; ok 2 p1; send 3 due 1s; refuse 3 full`), Final: told(2)})
	if want := []time.Duration{90 * time.Millisecond, 1020 * time.Millisecond}; !slices.Equal(r.Late, want) {
		t.Errorf("got %v, want %v", r.Late, want)
	}
}
