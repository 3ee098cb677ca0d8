package pool

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// batchOf is what a batch handler got.
type batchOf struct {
	typ  string
	size int
	at   time.Duration // since the test began
}

// gather registers a batch handler that sends what it gets.
func (r *rig) gather(typ string, batch zeroq.Batch) <-chan batchOf {
	got, began := make(chan batchOf, 100), time.Now()
	r.mux.HandleBatch(typ, batch, zeroq.BatchHandlerFunc(func(_ context.Context, tasks []*zeroq.Task) []error {
		for _, task := range tasks {
			if task.Type != tasks[0].Type {
				r.t.Errorf("a batch has %s and %s", tasks[0].Type, task.Type)
			}
		}
		got <- batchOf{tasks[0].Type, len(tasks), time.Since(began)}
		return nil
	}))
	return got
}

func drainOf(got <-chan batchOf) (all []batchOf) {
	for len(got) > 0 {
		all = append(all, <-got)
	}
	return all
}

func TestBatch_StartsWhenItIsFullOrItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		got := r.gather("x", zeroq.Batch{Size: 4, Wait: 3 * time.Second})
		r.start()
		r.push(tasks("x", 6)...)
		pass(time.Second)
		if free := r.pool.Free(); free != 8 {
			t.Errorf("two gathered tasks leave %d slots of 10", free)
		}
		pass(4 * time.Second)
		want := []batchOf{{"x", 4, 0}, {"x", 2, 3 * time.Second}}
		if all := drainOf(got); !slices.Equal(all, want) || r.pool.Free() != 10 {
			t.Errorf("batches %v, want %v; %d slots are free", all, want, r.pool.Free())
		}
	})
}

func TestBatch_WithoutWaitTakesWhatIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		got := r.gather("x", zeroq.Batch{Size: 4})
		r.push(tasks("x", 6)...)
		r.start()
		if all := drainOf(got); !slices.Equal(all, []batchOf{{"x", 4, 0}, {"x", 2, 0}}) && !slices.Equal(all, []batchOf{{"x", 2, 0}, {"x", 4, 0}}) {
			t.Errorf("batches %v", all)
		}
	})
}

func TestBatch_IsOfOneTypeEvenUnderOnePattern(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		got := r.gather("x:*", zeroq.Batch{Size: 3, Wait: time.Second})
		r.handle("single", answers(nil))
		r.start()
		for range 3 {
			r.push(task("x:a"), task("single"), task("x:b"))
		}
		pass(2 * time.Second)
		sizes := map[string]int{}
		for _, b := range drainOf(got) {
			sizes[b.typ] = b.size
		}
		if len(sizes) != 2 || sizes["x:a"] != 3 || sizes["x:b"] != 3 || count(r.settled(), zeroq.Succeeded) != 9 {
			t.Errorf("batches %v", sizes)
		}
	})
}

func TestBatch_SlotsFullOfUnfinishedBatchesComeFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) { c.Concurrency = 3 })
		got := r.gather("*", zeroq.Batch{Size: 3, Wait: time.Second})
		r.start()
		r.push(task("a"), task("b"), task("c"), task("a"), task("b"), task("c"))
		pass(3 * time.Second)
		ran := 0
		for _, b := range drainOf(got) {
			ran += b.size
		}
		if ran != 6 || r.pool.Free() != 3 {
			t.Errorf("%d tasks ran, %d slots are free", ran, r.pool.Free())
		}
	})
}

func TestBatch_EachTaskHasItsOwnOutcome(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		handle  func(tasks []*zeroq.Task) []error
		states  [3]zeroq.State
		message string // of the second
	}{
		"one outcome each": {func([]*zeroq.Task) []error { return []error{nil, zeroq.Permanent(errHandler), errHandler} },
			[3]zeroq.State{zeroq.Succeeded, zeroq.Dead, zeroq.Retry}, "handler failed"},
		"none": {func([]*zeroq.Task) []error { return nil }, [3]zeroq.State{zeroq.Succeeded, zeroq.Succeeded, zeroq.Succeeded}, ""},
		"too few": {func([]*zeroq.Task) []error { return []error{nil, nil} },
			[3]zeroq.State{zeroq.Retry, zeroq.Retry, zeroq.Retry}, "2 outcomes for 3 tasks"},
		"too many": {func([]*zeroq.Task) []error { return make([]error, 4) },
			[3]zeroq.State{zeroq.Retry, zeroq.Retry, zeroq.Retry}, "4 outcomes for 3 tasks"},
		"a panic": {func([]*zeroq.Task) []error { panic("boom") }, [3]zeroq.State{zeroq.Retry, zeroq.Retry, zeroq.Retry}, "panic: boom"},
		"the end of its goroutine": {func([]*zeroq.Task) []error { runtime.Goexit(); return nil },
			[3]zeroq.State{zeroq.Retry, zeroq.Retry, zeroq.Retry}, "runtime.Goexit"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t)
			r.mux.HandleBatch("x", zeroq.Batch{Size: 3, Wait: time.Second}, zeroq.BatchHandlerFunc(
				func(_ context.Context, tasks []*zeroq.Task) []error { return want.handle(tasks) }))
			r.start()
			r.push(tasks("x", 3)...)
			r.outcome()
			all := r.settled()
			if len(all) != 3 {
				t.Fatalf("%s: %d outcomes", name, len(all))
			}
			for i, o := range all {
				if o.State != want.states[i] {
					t.Errorf("%s: task %d is %s, want %s", name, i+1, o.State, want.states[i])
				}
			}
			if f := all[1].Failure; (f == nil) != (want.message == "") || f != nil && !strings.Contains(f.Message, want.message) {
				t.Errorf("%s: failure %+v", name, f)
			}
			if r.pool.Free() != 10 || len(r.pool.Running()) != 0 {
				t.Errorf("%s: %d slots are free, %d tasks run", name, r.pool.Free(), len(r.pool.Running()))
			}
		})
	}
}

func TestBatch_EndsWithTheShortestTimeoutOfItsTasks(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		short zeroq.Option
		cause error
		state zeroq.State
	}{
		"timeout":  {zeroq.Timeout(2 * time.Second), zeroq.ErrTimeout, zeroq.Retry},
		"deadline": {nil, zeroq.ErrDeadline, zeroq.Dead},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t)
			r.mux.HandleBatch("x", zeroq.Batch{Size: 2, Wait: time.Second}, zeroq.BatchHandlerFunc(
				func(ctx context.Context, tasks []*zeroq.Task) []error {
					began := time.Now()
					<-ctx.Done()
					if took := time.Since(began); took != 2*time.Second || !errors.Is(context.Cause(ctx), want.cause) {
						t.Errorf("%s: %v after %v", name, context.Cause(ctx), took)
					}
					return []error{ctx.Err(), ctx.Err()}
				}))
			r.start()
			if want.short == nil {
				want.short = zeroq.Deadline(time.Now().Add(2 * time.Second))
			}
			r.push(task("x"), task("x", want.short))
			if o := r.outcome(); o.State != want.state {
				t.Errorf("%s: it is %s", name, o.State)
			}
		})
	}
}
