package redisq

import (
	"errors"
	"slices"
	"testing"
	"time"

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

// Workers block on the normal list: a task of another priority that comes while it is empty wakes one,
// whichever way it comes.
func TestWait_WokenHoweverAPriorityComes(t *testing.T) {
	t.Parallel()
	for _, priority := range []zeroq.Priority{zeroq.High, zeroq.Low} {
		r := newRig(t)
		w := r.join("w")
		for way, come := range map[string]func(){
			"enqueued": func() { r.put(newTask(zeroq.Prioritized(priority))) },
			"named":    func() { r.put(newTask(zeroq.ID("named"), zeroq.Prioritized(priority))) },
			"due": func() {
				r.put(newTask(zeroq.Delay(time.Millisecond), zeroq.Prioritized(priority)))
				r.until("it is due", func() bool {
					n, err := r.Promote(t.Context(), "q")
					r.must(err)
					return n == 1
				})
			},
			"revived": func() {
				r.put(newTask(zeroq.ID("revived"), zeroq.Prioritized(priority)))
				r.settle(w, outcome(w, r.fetch(w, 1)[0], zeroq.Dead))
				r.fetch(w, 0) // what wakes is gone as well
				r.must(r.Retry(t.Context(), "revived", "q"))
			},
		} {
			come()
			if woken, err := w.Wait(t.Context()); !woken || err != nil {
				t.Errorf("%s, %s: woken %v, %v", priority, way, woken, err)
			}
			r.settle(w, outcome(w, r.fetch(w, 1)[0], zeroq.Succeeded))
			r.fetch(w, 0)
		}
	}
}
