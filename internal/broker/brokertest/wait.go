package brokertest

import (
	"context"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// waiting starts a Wait and returns what it answers.
func (r *rig) waiting(m broker.Member) <-chan bool {
	found := make(chan bool, 1)
	go func() {
		ok, err := m.Wait(r.ctx)
		if err != nil {
			r.t.Errorf("wait: %v", err)
		}
		found <- ok
	}()
	return found
}

func waitForTask(t *testing.T, r *rig) {
	for _, mode := range []broker.Mode{broker.AtLeastOnce, broker.AtMostOnce} {
		m := r.joinMode("w-"+string(mode), mode)
		found := r.waiting(m)
		r.enqueue(task())
		for !<-found {
			found = r.waiting(m) // it gave up before the task came
		}
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, r.fetch(m, 1)[0]))))
		r.must(m.Leave(r.ctx))
	}
}

func waitWoken(t *testing.T, r *rig) {
	m := r.join("w")
	r.none(m)
	ctx, cancel := context.WithCancel(r.ctx)
	found := make(chan bool, 1)
	go func() {
		ok, err := m.Wait(ctx)
		found <- ok || err != nil
	}()
	cancel()
	if <-found {
		t.Error("the wait found something, or failed")
	}
	again := r.waiting(m)
	m.Wake(r.ctx)
	m.Wake(r.ctx)
	if <-again {
		t.Error("the wait found something")
	}
}

func waitYield(t *testing.T, r *rig) {
	r.together()
	busy, idle := r.join("busy"), r.join("idle")
	found := r.waiting(busy)
	r.enqueue(task())
	for !<-found {
		found = r.waiting(busy)
	}
	info, err := r.Broker.Queue(r.ctx, "q")
	r.must(err)
	if info.Counts["ready"] != 1 {
		t.Errorf("what woke a worker is not counted as ready: %v", info.Counts)
	}
	found = r.waiting(idle)
	r.must(busy.Yield(r.ctx))
	for !<-found {
		found = r.waiting(idle)
	}
	r.fetch(idle, 1)
}
