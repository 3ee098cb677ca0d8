//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// noRoom are settings of a Redis that takes nothing.
var noRoom = []string{"--maxmemory", "1"}

func TestProducer_GivesUpWhatAFullRedisRefused(t *testing.T) {
	p := newPeer(t, noRoom...)
	p.produce(plan.Load{Count: 3, GiveUp: true})
	if n := p.count(ledger.Refused, ledger.Full); n != 3 {
		t.Errorf("%d tasks refused, want 3", n)
	}
	p.counts(map[ledger.Kind]int{ledger.Sending: 3, ledger.Accepted: 0, ledger.Unknown: 0})
	if n := p.server.Client().DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("the refused tasks left %d keys", n)
	}
}

func TestProducer_SendsAgainUntilThereIsRoom(t *testing.T) {
	p := newPeer(t, noRoom...)
	cmd, _ := p.start(plan.Plan{Role: plan.Producer, Load: plan.Load{Way: plan.Direct, First: 1, Count: 1}})
	p.until(1, ledger.Sending, ledger.Succeeds)
	must(t, p.server.Client().ConfigSet(t.Context(), "maxmemory", "0").Err())
	must(t, cmd.Wait())
	p.counts(map[ledger.Kind]int{ledger.Sending: 1, ledger.Accepted: 1, ledger.Refused: 0})
}

func TestProducer_TellsThatNobodyAnswers(t *testing.T) {
	p := newPeer(t)
	p.server.Kill()
	cmd, _ := p.start(plan.Plan{Role: plan.Producer, Load: plan.Load{Way: plan.Direct, First: 1, Count: 1}})
	p.until(1, ledger.Unknown, 0)
	p.server.Restart()
	must(t, cmd.Wait())
	p.counts(map[ledger.Kind]int{ledger.Sending: 1, ledger.Accepted: 1, ledger.Unknown: 1})
}

func TestProducer_TakesWhatIsInAsAccepted(t *testing.T) {
	p := newPeer(t)
	for range 2 {
		p.send(1, plan.Share{})
	}
	p.counts(map[ledger.Kind]int{ledger.Accepted: 2})
	if state := p.final(); len(state.Stored) != 1 {
		t.Errorf("in the end: %+v, want 1 stored once", state)
	}
}

func TestWholeSeconds_RoundUp(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		time.Millisecond: time.Second, time.Second: time.Second, time.Second + 1: 2 * time.Second,
	} {
		if got := wholeSeconds(d); got != want {
			t.Errorf("%v: %v, want %v", d, got, want)
		}
	}
}
