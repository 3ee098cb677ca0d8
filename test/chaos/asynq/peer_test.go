//go:build linux

package main

import (
	"testing"

	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

func TestPeer_LedgerAndFinalAgree(t *testing.T) {
	const tasks = 300
	p := newPeer(t)
	stop := p.work(plan.Work{})
	p.send(tasks, plan.Share{})
	p.until(tasks, ledger.Ended, ledger.OK)
	stop()
	p.counts(map[ledger.Kind]int{
		ledger.Sending: tasks, ledger.Accepted: tasks, ledger.Started: tasks, ledger.Ended: tasks,
		ledger.Unknown: 0, ledger.Refused: 0, ledger.Up: 2, ledger.Down: 2,
	})
	if state := p.final(); state.Succeeded != tasks || len(state.Stored)+len(state.Dead) != 0 {
		t.Errorf("in the end: %+v, want %d succeeded and nothing else", state, tasks)
	}
}

func TestPeer_RunsAgainWhatWentWrong(t *testing.T) {
	t.Parallel()
	for _, do := range []string{deed.Fail, deed.Panic} {
		t.Run(do, func(t *testing.T) {
			p := newPeer(t)
			stop := p.work(plan.Work{})
			p.send(3, plan.Share{Deed: deed.Deed{Do: do, Times: 1}})
			p.until(3, ledger.Ended, ledger.OK)
			stop()
			if n := p.count(ledger.Ended, ledger.Failed, ledger.Panicked); n != 3 {
				t.Errorf("%d runs went wrong, want 3", n)
			}
			if state := p.final(); state.Succeeded != 3 || len(state.Stored)+len(state.Dead) != 0 {
				t.Errorf("in the end: %+v, want 3 succeeded and nothing else", state)
			}
		})
	}
}

func TestPeer_GivesUpWhatIsHopeless(t *testing.T) {
	p := newPeer(t)
	stop := p.work(plan.Work{})
	p.send(2, plan.Share{Deed: deed.Deed{Do: deed.Give}})
	p.until(2, ledger.Ended, ledger.Failed)
	stop()
	p.counts(map[ledger.Kind]int{ledger.Started: 2})
	if n := p.count(ledger.Sending, ledger.Dies); n != 2 {
		t.Errorf("%d tasks were expected to die, want 2", n)
	}
	if state := p.final(); state.Succeeded != 0 || !state.Dead[1] || !state.Dead[2] || len(state.Stored) != 0 {
		t.Errorf("in the end: %+v, want 1 and 2 dead", state)
	}
}
