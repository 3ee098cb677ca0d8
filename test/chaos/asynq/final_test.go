//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

func TestFinal_OfAQueueThatNeverWas(t *testing.T) {
	if state := newPeer(t).final(); !state.Counted || state.Succeeded != 0 || len(state.Stored)+len(state.Dead) != 0 {
		t.Errorf("in the end: %+v, want nothing", state)
	}
}

func TestFinal_ListsAllPagesOfAllStates(t *testing.T) {
	const tasks = pageSize + 500
	p := newPeer(t)
	p.produce(plan.Load{Count: tasks, Batch: 16, Mix: []plan.Share{{Weight: 1}, {Weight: 1, Delay: time.Hour}}})
	states := map[string]int{}
	for _, state := range p.final().Stored {
		states[state]++
	}
	if states["pending"] == 0 || states["scheduled"] == 0 || states["pending"]+states["scheduled"] != tasks {
		t.Errorf("%v, want %d tasks pending or scheduled", states, tasks)
	}
}
