//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

func TestWorker_EndsWhatRunsTooLong(t *testing.T) {
	p := newPeer(t)
	stop := p.work(plan.Work{})
	p.send(1, plan.Share{Deed: deed.Deed{Nap: time.Hour}, Timeout: time.Millisecond})
	p.until(1, ledger.Ended, ledger.Cut)
	stop()
}

func TestWorker_HandsBackWhatDoesNotEndInTime(t *testing.T) {
	p := newPeer(t)
	stop := p.work(plan.Work{Drain: time.Millisecond})
	p.send(1, plan.Share{Deed: deed.Deed{Nap: time.Hour}})
	p.until(1, ledger.Started, 0)
	stop()
	if state := p.final(); state.Stored[1] != "pending" {
		t.Errorf("in the end: %+v, want 1 pending", state)
	}
}

func TestWorker_TellsRedisOfPlaces(t *testing.T) {
	p := newPeer(t)
	stop := p.work(plan.Work{Places: true})
	p.send(1, plan.Share{})
	p.until(1, ledger.Ended, ledger.OK)
	stop()
	stats := p.server.Client().InfoMap(t.Context(), "commandstats").Item("Commandstats", "cmdstat_echo")
	if want := "calls=3,"; len(stats) < len(want) || stats[:len(want)] != want {
		t.Errorf("ECHO: %q, want %q", stats, want)
	}
}

func TestSoon_GrowsToASecond(t *testing.T) {
	for n, want := range []time.Duration{100, 200, 400, 800, 1000, 1000} {
		if got := soon(n, nil, nil); got != want*time.Millisecond {
			t.Errorf("after %d attempts: %v, want %v", n, got, want*time.Millisecond)
		}
	}
}
