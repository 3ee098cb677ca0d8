package pool

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/metrics"
)

// settler is the part of a member that an acker needs.
type settler struct {
	broker.Member
	settle func(ctx context.Context, outcomes []broker.Outcome) error

	mu    sync.Mutex
	calls [][]broker.Outcome
}

func (s *settler) Settle(ctx context.Context, outcomes []broker.Outcome) error {
	s.mu.Lock()
	s.calls = append(s.calls, slices.Clone(outcomes))
	s.mu.Unlock()
	if s.settle == nil {
		return nil
	}
	return s.settle(ctx, outcomes)
}

func (s *settler) sizes() (sizes []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, call := range s.calls {
		sizes = append(sizes, len(call))
	}
	return sizes
}

func outcomeOf(lease string, bytes int) broker.Outcome {
	return broker.Outcome{Delivery: &broker.Delivery{Lease: lease, Raw: make([]byte, bytes)}, State: zeroq.Ready}
}

// settleAll has an acker settle what was added before it runs.
func settleAll(t *testing.T, s *settler, outcomes ...broker.Outcome) *acker {
	t.Helper()
	a := newAcker("default", s, len(outcomes)+1, metrics.NewWorkers().Queue("default"), func() {}, func() bool { return false })
	for _, o := range outcomes {
		a.add(o)
	}
	a.close()
	a.run(t.Context())
	return a
}

func TestAcker_SettlesTogetherWhatIsThereOfOneLease(t *testing.T) {
	t.Parallel()
	many := slices.Repeat([]broker.Outcome{outcomeOf("a", 1)}, 1100)
	large := slices.Repeat([]broker.Outcome{outcomeOf("a", 3<<20)}, 3)
	a, b := outcomeOf("a", 1), outcomeOf("b", 1)
	for _, want := range []struct {
		outcomes []broker.Outcome
		sizes    []int
	}{
		{nil, nil},
		{many[:1], []int{1}},
		{many, []int{512, 512, 76}},
		{large, []int{2, 1}}, // the second goes beyond the bytes
		{[]broker.Outcome{a, a, b, a, b, b}, []int{2, 1, 1, 2}},
	} {
		s := &settler{}
		settleAll(t, s, want.outcomes...)
		if got := s.sizes(); !slices.Equal(got, want.sizes) {
			t.Errorf("%d outcomes are settled by %v, want %v", len(want.outcomes), got, want.sizes)
		}
	}
}

func TestAcker_RepeatsAFailedCallWithTheSameOutcomes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fails := 3
		s := &settler{settle: func(context.Context, []broker.Outcome) error {
			if fails--; fails >= 0 {
				return errAway
			}
			return nil
		}}
		a := newAcker("default", s, 10, metrics.NewWorkers().Queue("default"), func() {}, func() bool { return false })
		var run sync.WaitGroup
		run.Go(func() { a.run(t.Context()) })
		first, later := outcomeOf("a", 1), outcomeOf("a", 2)
		a.add(first)
		synctest.Wait()
		a.add(later)
		pass(time.Minute)
		a.close()
		run.Wait()
		for i, call := range s.calls[:4] {
			if len(call) != 1 || call[0].Delivery != first.Delivery {
				t.Errorf("call %d settles %d outcomes", i+1, len(call))
			}
		}
		if len(s.calls) != 5 || s.calls[4][0].Delivery != later.Delivery {
			t.Errorf("%d calls", len(s.calls))
		}
	})
}

func TestAcker_RefusedOutcomesAreCountedAndGone(t *testing.T) {
	t.Parallel()
	s := &settler{settle: func(_ context.Context, outcomes []broker.Outcome) error {
		if outcomes[0].Delivery.Lease == "lost" {
			return zeroq.ErrLeaseLost
		}
		return nil
	}}
	lost, held := outcomeOf("lost", 1), outcomeOf("held", 1)
	a := settleAll(t, s, lost, lost, held)
	if got := s.sizes(); a.refused.Load() != 2 || !slices.Equal(got, []int{2, 1}) {
		t.Errorf("%d refused, calls of %v", a.refused.Load(), got)
	}
}

func TestAcker_GivesUpWithItsContextAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &settler{settle: func(ctx context.Context, _ []broker.Outcome) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		a := newAcker("default", s, 1, metrics.NewWorkers().Queue("default"), func() {}, func() bool { return false })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var adds, run sync.WaitGroup
		run.Go(func() { a.run(ctx) })
		for range 20 {
			adds.Go(func() { a.add(outcomeOf("a", 1)) })
		}
		began := time.Now()
		adds.Wait()
		a.close()
		run.Wait()
		if took := time.Since(began); took != time.Minute {
			t.Errorf("gave up after %v", took)
		}
		a.add(outcomeOf("a", 1)) // too late, and no panic
	})
}

func TestAcker_WhatComesDuringACallGoesOutWithTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) { c.Concurrency = 100 })
		r.handle("x", answers(nil))
		r.before(func(_ context.Context, op string) error {
			if op == "settle" {
				<-time.After(time.Second)
			}
			return nil
		})
		r.start()
		r.push(task("x"))
		pass(500 * time.Millisecond)
		r.push(tasks("x", 80)...)
		pass(2 * time.Second)
		if !slices.Equal(r.batches, []int{1, 80}) {
			t.Errorf("settled by %v", r.batches)
		}
	})
}
