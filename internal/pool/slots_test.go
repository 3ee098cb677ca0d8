package pool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestSlots_WaitReturnsOnceOneIsFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1)
		s.add(make([]fetched, 1))
		s.take()
		woke := make(chan bool, 1)
		go func() {
			s.wait(t.Context())
			woke <- true
		}()
		synctest.Wait()
		if len(woke) > 0 {
			t.Fatal("nothing is wanted while all slots are taken")
		}
		s.release(1)
		<-woke
		if now, more := s.want(); now != 1 || more != 0 {
			t.Errorf("wants %d and %d more", now, more)
		}
	})
}

func TestSlots_WaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newSlots(1)
	s.add(make([]fetched, 1))
	s.take()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.wait(ctx)
	if s.drained(ctx) {
		t.Error("drained while a task runs")
	}
	s.release(1)
	if !s.drained(ctx) {
		t.Error("not drained though nothing runs")
	}
}

func TestSlots_ManyWaitersSeeEveryRelease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(4)
		s.add(make([]fetched, 4))
		s.take()
		drained := make(chan bool, 8)
		for range 8 {
			go func() { drained <- s.drained(t.Context()) }()
		}
		for range 4 {
			go s.release(1)
		}
		for range 8 {
			if !<-drained {
				t.Error("a waiter missed the end")
			}
		}
	})
}

func TestSlots_WhatDidNotRunSaysNothingOfOthers(t *testing.T) {
	t.Parallel()
	s := newSlots(1)
	s.add(make([]fetched, 3))
	s.take()
	s.next(0)
	if s.pace.known {
		t.Error("a task that did not run tells how long tasks take")
	}
	s.next(time.Second)
	if s.next(0); s.pace.took != time.Second {
		t.Errorf("tasks are taken to last %v", s.pace.took)
	}
}
