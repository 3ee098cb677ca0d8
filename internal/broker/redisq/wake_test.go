package redisq

import (
	"errors"
	"slices"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

// A worker that has no room left for a suspect wakes another for it.
func TestFetch_SuspectThatWasLeftWakesAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.suspects(newTask())
	w := r.join("w")
	if woken, err := w.Wait(t.Context()); !woken || err != nil {
		t.Fatalf("woken %v, %v", woken, err)
	}
	r.push(`{"type":"bare"}`)
	if woken, err := w.Wait(t.Context()); !woken || err != nil {
		t.Fatalf("woken %v, %v", woken, err)
	}
	r.fetch(w, 1)
	if got := r.client.LRange(t.Context(), r.keys.ready, 0, -1).Val(); !slices.Equal(got, []string{""}) {
		t.Errorf("ready holds %q, want what wakes a worker", got)
	}
}

// What woke a worker and lies in landing is no task: neither does it fill a queue nor keep one draining.
func TestEnqueue_WhatWakesIsNoTask(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one, w := 1, r.join("w")
	r.put(newTask(zeroq.ID("high"), zeroq.Prioritized(zeroq.High)))
	if woken, err := w.Wait(t.Context()); !woken || err != nil {
		t.Fatalf("woken %v, %v", woken, err)
	}
	r.must(r.Delete(t.Context(), "high", "q"))
	r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{MaxLength: &one}))
	r.put(newTask())
	if err := r.Enqueue(t.Context(), newTasks(1))[0]; !errors.Is(err, zeroq.ErrQueueFull) {
		t.Errorf("a full queue answers %v", err)
	}
}
