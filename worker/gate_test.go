package worker

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errNotYet = errors.New("not yet")

// failing is a check that fails the first n times, and a count of its calls.
func failing(n int64) (check func(context.Context) error, calls *atomic.Int64) {
	calls = new(atomic.Int64)
	return func(context.Context) error {
		if calls.Add(1) <= n {
			return errNotYet
		}
		return nil
	}, calls
}

func TestGate_ChecksOnceForAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		check, calls := failing(3)
		g := newGate(check)
		began := time.Now()
		var waiting sync.WaitGroup
		for range 5 {
			waiting.Go(func() {
				if !g.wait(t.Context()) {
					t.Error("it did not let through")
				}
			})
		}
		waiting.Wait()
		if took := time.Since(began); took != 3*checkEvery || calls.Load() != 4 {
			t.Errorf("%d checks in %v", calls.Load(), took)
		}
		g.close()
	})
}

func TestGate_OpenAfterTheFirstTry(t *testing.T) {
	t.Parallel()
	check, calls := failing(1)
	g := newGate(check)
	if err := g.try(t.Context()); !errors.Is(err, errNotYet) {
		t.Errorf("err = %v", err)
	}
	if err := g.try(t.Context()); err != nil {
		t.Error(err)
	}
	if !g.wait(t.Context()) || calls.Load() != 2 {
		t.Errorf("%d checks", calls.Load())
	}
	g.close()
}

func TestGate_CloseEndsTheChecking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which fails when a goroutine is left
		check, calls := failing(1 << 30)
		g := newGate(check)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		if g.wait(ctx) {
			t.Error("it let through")
		}
		if g.wait(ctx) {
			t.Error("it let through what was told to stop")
		}
		g.close()
		g.close()
		if calls.Load() != 2 {
			t.Errorf("%d checks", calls.Load())
		}
	})
}

func TestGate_CloseBeforeAnybodyWaits(t *testing.T) {
	t.Parallel()
	check, calls := failing(0)
	g := newGate(check)
	g.close()
	if calls.Load() != 0 {
		t.Errorf("%d checks", calls.Load())
	}
}
