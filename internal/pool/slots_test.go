package pool

import (
	"context"
	"testing"
	"testing/synctest"
)

func TestSlots_WaitReturnsOnceOneIsFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(3)
		s.take(5) // a broker may hand over more than it was asked for
		got := make(chan int, 1)
		go func() { got <- s.wait(t.Context()) }()
		for range 2 {
			s.release(1)
			synctest.Wait()
			if len(got) > 0 {
				t.Fatalf("%d slots are free while as many or more tasks run as there are slots", <-got)
			}
		}
		s.release(2)
		if free := <-got; free != 2 {
			t.Errorf("%d slots are free, want 2", free)
		}
	})
}

func TestSlots_WaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newSlots(1)
	s.take(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if free := s.wait(ctx); free != 0 {
		t.Errorf("%d slots are free", free)
	}
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
		s.take(4)
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
