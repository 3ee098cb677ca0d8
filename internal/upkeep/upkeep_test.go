package upkeep

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/core/logx/logtest"
	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) {
	logx.SetWriter(logx.NewWriter(io.Discard))
	goleak.VerifyTestMain(m, redistest.GoZero...)
}

var errAway = errors.New("away")

// keeper is a broker.Keeper that notes when it is called.
type keeper struct {
	broker.Keeper // nil: what is not overridden is not called

	mu      sync.Mutex
	workers int
	err     error
	hangs   bool
	swept   broker.Swept
	calls   map[string][]time.Time
}

func (k *keeper) call(ctx context.Context, what string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.calls == nil {
		k.calls = make(map[string][]time.Time)
	}
	k.calls[what] = append(k.calls[what], time.Now())
	if k.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return k.err
}

func (k *keeper) Promote(ctx context.Context, _ string) (int, error) {
	return 0, k.call(ctx, "promote")
}

func (k *keeper) LiveWorkers(ctx context.Context, _ string) (int, error) {
	return k.workers, k.call(ctx, "workers")
}

func (k *keeper) Sweep(ctx context.Context, _ string, _ broker.Keep) (broker.Swept, error) {
	return k.swept, k.call(ctx, "sweep")
}

func (k *keeper) Sample(ctx context.Context, _ string) error { return k.call(ctx, "sample") }

func (k *keeper) Recount(ctx context.Context, _ string) error { return k.call(ctx, "recount") }

func (k *keeper) Configure(ctx context.Context, _ string, _ zeroq.Limits) error {
	return k.call(ctx, "configure")
}

func (k *keeper) NewReaper(string, string, time.Duration) broker.Reaper { return reaper{k} }

type reaper struct{ k *keeper }

func (r reaper) Reap(ctx context.Context) (int, error) { return 1, r.k.call(ctx, "reap") }

func (k *keeper) Intake(ctx context.Context, _, _ string) error {
	if err := k.call(ctx, "drain"); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// noone is told of what comes back.
func noone(int) {}

// during runs upkeep for so long and returns when it made a call.
func (k *keeper) during(t *testing.T, d time.Duration, what string, run func(ctx context.Context)) []time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	run(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calls[what]
}

// gaps returns the shortest and the longest time between two calls, and how long they are on average.
func gaps(at []time.Time) (shortest, longest, mean time.Duration) {
	shortest = time.Hour
	for i := 1; i < len(at); i++ {
		gap := at[i].Sub(at[i-1])
		shortest, longest = min(shortest, gap), max(longest, gap)
	}
	return shortest, longest, at[len(at)-1].Sub(at[0]) / time.Duration(len(at)-1)
}

func TestScheduler_LooksMoreSeldomTheMoreWorkersThereAre(t *testing.T) {
	t.Parallel()
	for workers, period := range map[int]time.Duration{
		0: 250 * time.Millisecond, 1: 250 * time.Millisecond, 2: 500 * time.Millisecond,
		4: time.Second, 5: time.Second, 1000: time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			k := &keeper{workers: workers}
			at := k.during(t, 10*time.Minute, "promote", func(ctx context.Context) { Scheduler(ctx, k, "q") })
			shortest, longest, mean := gaps(at)
			if shortest < period*2/3-1 || longest > period*4/3 || mean < period*9/10 || mean > period*11/10 {
				t.Errorf("%d workers: a look every %v, from %v to %v; want %v give or take a third", workers, mean, shortest, longest, period)
			}
		})
	}
}

func TestScheduler_CountsWorkersSeldomAndLooksOnWhenItCannot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{workers: 1}
		if n := len(k.during(t, time.Minute, "workers", func(ctx context.Context) { Scheduler(ctx, k, "q") })); n < 10 || n > 13 {
			t.Errorf("%d counts in a minute", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{err: errAway}
		if n := len(k.during(t, time.Minute, "promote", func(ctx context.Context) { Scheduler(ctx, k, "q") })); n < 200 {
			t.Errorf("%d looks in a minute of errors", n)
		}
	})
}

func TestReaper_LooksSixTimesInALease(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errAway} {
		synctest.Test(t, func(t *testing.T) {
			k := &keeper{err: err}
			back := 0 // each look of the fake gives one task back, whether an error follows or not
			at := k.during(t, 10*time.Minute, "reap", func(ctx context.Context) {
				Reaper(ctx, k, "q", "w", 12*time.Second, func(n int) { back += n })
			})
			if back != len(at) {
				t.Errorf("%d looks gave a task back each, and %d were told of", len(at), back)
			}
			if _, longest, mean := gaps(at); mean < 1800*time.Millisecond || mean > 2200*time.Millisecond || longest > 2700*time.Millisecond {
				t.Errorf("error %v: a look every %v, at most %v", err, mean, longest)
			}
		})
	}
}

func TestBookkeeper_SamplesOftenWhateverFails(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errAway} {
		synctest.Test(t, func(t *testing.T) {
			k := &keeper{err: err}
			at := k.during(t, 10*time.Minute, "sample", func(ctx context.Context) { Bookkeeper(ctx, k, "q") })
			if _, longest, mean := gaps(at); mean < 4500*time.Millisecond || mean > 5500*time.Millisecond || longest > 7*time.Second {
				t.Errorf("error %v: a sample every %v, at most %v", err, mean, longest)
			}
		})
	}
}

func TestBookkeeper_WorkersShareTheCounting(t *testing.T) {
	t.Parallel()
	for workers, period := range map[int]time.Duration{0: time.Minute, 1: time.Minute, 5: 5 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			k := &keeper{workers: workers}
			at := k.during(t, time.Hour, "recount", func(ctx context.Context) { Bookkeeper(ctx, k, "q") })
			if shortest, longest, _ := gaps(at); shortest < period || longest > period+7*time.Second {
				t.Errorf("%d workers: each counts every %v to %v, want %v", workers, shortest, longest, period)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{err: errAway}
		if n := len(k.during(t, time.Minute, "workers", func(ctx context.Context) { Bookkeeper(ctx, k, "q") })); n < 9 {
			t.Errorf("%d tries to count in a minute of errors", n)
		}
	})
}

func TestLoops_GoOnWhenACallHangs(t *testing.T) {
	t.Parallel()
	for what, run := range map[string]func(context.Context, *keeper){
		"sweep":  func(ctx context.Context, k *keeper) { Janitor(ctx, k, "q", broker.Keep{}) },
		"reap":   func(ctx context.Context, k *keeper) { Reaper(ctx, k, "q", "w", 12*time.Second, noone) },
		"sample": func(ctx context.Context, k *keeper) { Bookkeeper(ctx, k, "q") },
	} {
		synctest.Test(t, func(t *testing.T) {
			k := &keeper{hangs: true}
			at := k.during(t, 5*time.Minute, what, func(ctx context.Context) { run(ctx, k) })
			if n := len(at); n < 20 || n > 30 {
				t.Errorf("%s: %d calls in five minutes, each given up after ten seconds", what, n)
			}
		})
	}
}

func TestLoops_EndWithTheirContext(t *testing.T) {
	t.Parallel()
	k := &keeper{}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	Scheduler(ended, k, "q")
	Reaper(ended, k, "q", "w", time.Second, noone)
	Janitor(ended, k, "q", broker.Keep{})
	Intake(ended, k, "list", "q")
	Bookkeeper(ended, k, "q")
	if len(k.calls) != 0 {
		t.Errorf("calls %v", k.calls)
	}
}

func TestIntake_IsOneCallUntilItFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{}
		if n := len(k.during(t, time.Hour, "drain", func(ctx context.Context) { Intake(ctx, k, "list", "q") })); n != 1 {
			t.Errorf("%d calls in an hour without an error", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{err: errAway}
		if n := len(k.during(t, time.Minute, "drain", func(ctx context.Context) { Intake(ctx, k, "list", "q") })); n < 45 || n > 80 {
			t.Errorf("%d calls in a minute of errors", n)
		}
	})
}

// These two read the log, which the process has one of, so they are not parallel.

func TestJanitor_SaysWhenDeadLettersGo(t *testing.T) {
	for deleted, want := range map[int]bool{0: false, 7: true} {
		log := logtest.NewCollector(t)
		synctest.Test(t, func(t *testing.T) {
			k := &keeper{swept: broker.Swept{Finished: 100, Dead: deleted}, err: errAway} // part of it was done
			k.during(t, time.Second, "sweep", func(ctx context.Context) {
				Janitor(ctx, k, "mail", broker.Keep{Dead: 5, DeadFor: time.Hour})
			})
		})
		if said := strings.Contains(log.String(), "queue mail: 7 dead letters deleted"); said != want {
			t.Errorf("%d dead letters deleted, and the log says: %s", deleted, log)
		}
	}
}

func TestLoop_LogsTheFirstErrorOfARowAndItsEnd(t *testing.T) {
	log := logtest.NewCollector(t)
	synctest.Test(t, func(t *testing.T) {
		fails := 12
		l := loop{what: "a loop", step: func(context.Context) (time.Duration, error) {
			if fails--; fails >= 0 {
				return 500 * time.Millisecond, errAway
			}
			return 500 * time.Millisecond, nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		l.run(ctx)
	})
	if text := log.String(); strings.Count(text, "trying again") != 1 || strings.Count(text, "works again") != 1 {
		t.Errorf("the log says: %s", text)
	}
}
