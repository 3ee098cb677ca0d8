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

// fakeExchanger is a member that settles and fetches in one call.
type fakeExchanger struct{ *fakeMember }

var _ broker.Exchanger = fakeExchanger{}

func (m fakeExchanger) Exchange(ctx context.Context, outcomes []broker.Outcome, n, ahead int) (deliveries []*broker.Delivery, fetching, settling error) {
	if err := m.fake.begin(ctx, "exchange"); err != nil {
		return nil, err, err
	}
	settling = m.Settle(ctx, outcomes)
	deliveries, fetching = m.Fetch(ctx, n, ahead)
	return deliveries, fetching, settling
}

func exchanging(t *testing.T, settings ...func(*Conf)) *rig {
	r := prepare(t, settings...)
	r.fake.exchanges = true
	return r
}

func TestExchange_FetchTakesOutcomesAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := exchanging(t, oneSlot)
		r.lasting("x")
		r.push(lasting("x", "3ms", 200)...)
		r.start()
		pass(2 * time.Second)
		if n := count(r.settled(), zeroq.Succeeded); n != 200 || r.count("exchange") == 0 {
			t.Errorf("%d tasks have run, %d exchanges", n, r.count("exchange"))
		}
	})
}

func TestExchange_FailedOneIsSettledAgainWithTheSameOutcomes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &settler{}
		a := newAcker("default", s, 10, metrics.NewWorkers().Queue("default"), func() {}, func() bool { return true })
		first, later := outcomeOf("a", 1), outcomeOf("a", 2)
		a.add(first)
		if !a.along(maxAlong, func(batch []broker.Outcome) error {
			a.add(later)
			return errAway
		}) {
			t.Fatal("it was not taken along")
		}
		if !a.along(maxAlong, func(batch []broker.Outcome) error {
			if len(batch) != 1 || batch[0].Delivery != first.Delivery {
				t.Errorf("%d outcomes after a failure", len(batch))
			}
			return errAway
		}) {
			t.Fatal("it was forgotten")
		}
		var run sync.WaitGroup
		run.Go(func() { a.run(t.Context()) })
		pass(time.Second)
		a.close()
		run.Wait()
		if len(s.calls) != 2 || len(s.calls[0]) != 1 || s.calls[0][0].Delivery != first.Delivery || s.calls[1][0].Delivery != later.Delivery {
			t.Errorf("settled by %v", s.sizes())
		}
	})
}

func TestExchange_FailingOnesLoseNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := exchanging(t)
		r.lasting("x")
		calls := 0
		var mu sync.Mutex
		r.before(func(_ context.Context, op string) error {
			mu.Lock()
			defer mu.Unlock()
			if op != "exchange" {
				return nil
			}
			if calls++; calls%3 > 0 {
				return errAway
			}
			return nil
		})
		r.push(lasting("x", "3ms", 1000)...)
		r.start()
		pass(time.Hour)
		if n := count(r.settled(), zeroq.Succeeded); n != 1000 || len(r.settled()) != 1000 || calls < 3 {
			t.Errorf("%d of 1000 tasks have run by %d outcomes, %d exchanges", n, len(r.settled()), calls)
		}
	})
}

func TestExchange_WaitsForNoCallThatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &settler{settle: func(context.Context, []broker.Outcome) error { <-time.After(time.Second); return nil }}
		a := newAcker("default", s, 10, metrics.NewWorkers().Queue("default"), func() {}, func() bool { return false })
		var run sync.WaitGroup
		run.Go(func() { a.run(t.Context()) })
		a.add(outcomeOf("a", 1))
		synctest.Wait()
		a.add(outcomeOf("a", 1))
		if a.along(maxAlong, func([]broker.Outcome) error { t.Error("two calls at once"); return nil }) {
			t.Error("it was taken along")
		}
		a.close()
		run.Wait()
	})
}

func TestExchange_TakesSoManyAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &settler{}
		a := newAcker("default", s, 200, metrics.NewWorkers().Queue("default"), func() {}, func() bool { return true })
		for range 100 {
			a.add(outcomeOf("a", 1))
		}
		a.along(maxAlong, func(batch []broker.Outcome) error {
			if len(batch) != maxAlong {
				t.Errorf("%d went along", len(batch))
			}
			return nil
		})
		var run sync.WaitGroup
		run.Go(func() { a.run(t.Context()) })
		pass(linger)
		if got := s.sizes(); !slices.Equal(got, []int{100 - maxAlong}) {
			t.Errorf("the others are settled by %v", got)
		}
		a.close()
		run.Wait()
	})
}

func TestAcker_OutcomesComeTogetherWhileTasksRun(t *testing.T) {
	t.Parallel()
	for _, busy := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := &settler{}
			a := newAcker("default", s, 10, metrics.NewWorkers().Queue("default"), func() {}, func() bool { return busy })
			var run sync.WaitGroup
			run.Go(func() { a.run(t.Context()) })
			want := []int{1, 1}
			if busy {
				want = []int{2}
			}
			a.add(outcomeOf("a", 1))
			pass(linger / 2)
			if n := len(s.sizes()); busy != (n == 0) {
				t.Errorf("busy %t: %d calls at once", busy, n)
			}
			a.add(outcomeOf("a", 1))
			pass(linger / 2)
			if got := s.sizes(); !slices.Equal(got, want) {
				t.Errorf("busy %t: settled by %v", busy, got)
			}
			a.close()
			run.Wait()
		})
	}
}

// What is added before close is settled, whatever the acker does right then.
func TestAcker_CloseLosesNothingThatWasAddedBefore(t *testing.T) {
	t.Parallel()
	for range 5000 {
		settling := make(chan struct{}, 2)
		s := &settler{settle: func(context.Context, []broker.Outcome) error { settling <- struct{}{}; return nil }}
		a := newAcker("default", s, 10, metrics.NewWorkers().Queue("default"), func() {}, func() bool { return false })
		var run sync.WaitGroup
		run.Go(func() { a.run(t.Context()) })
		a.add(outcomeOf("a", 1))
		<-settling
		a.add(outcomeOf("a", 1))
		a.close()
		run.Wait()
		if got := s.sizes(); !slices.Equal(got, []int{1, 1}) {
			t.Fatalf("2 outcomes were settled by %v", got)
		}
	}
}
