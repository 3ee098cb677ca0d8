package pool

import (
	"context"
	"encoding/json"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// lasting registers a handler whose tasks last as long as their data says.
func (r *rig) lasting(typ string) {
	r.handle(typ, func(ctx context.Context, task *zeroq.Task) error {
		var text string
		if err := json.Unmarshal(task.Data, &text); err != nil {
			return err
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

func lasting(typ, d string, n int, options ...zeroq.Option) []*zeroq.Task {
	all := make([]*zeroq.Task, n)
	for i := range all {
		all[i] = zeroq.NewTask(typ, d, options...)
	}
	return all
}

func oneSlot(c *Conf) { c.Concurrency = 1 }

// warm has the pool know that tasks are short.
func (r *rig) warm(typ string) {
	r.t.Helper()
	r.push(lasting(typ, "1us", 1)...)
	r.start()
	pass(time.Second)
	if n := count(r.settled(), zeroq.Succeeded); n != 1 {
		r.t.Fatalf("%d tasks have run", n)
	}
}

func TestAhead_ShortTasksComeManyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, oneSlot)
		r.lasting("x")
		r.push(lasting("x", "1us", 3000)...)
		r.start()
		pass(time.Second)
		if n := count(r.settled(), zeroq.Succeeded); n != 3000 {
			t.Fatalf("%d tasks have run", n)
		}
		if n := r.count("fetch"); n > 20 {
			t.Errorf("%d fetches for 3000 short tasks", n)
		}
	})
}

func TestAhead_NothingIsKeptBehindLongTasks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Conf) { c.Concurrency = 2 })
		r.lasting("x")
		r.push(lasting("x", "1s", 20)...)
		r.start()
		for left := 18; left > 0; left -= 2 {
			pass(100 * time.Millisecond)
			if n := r.waiting("default"); n != left {
				t.Fatalf("%d tasks are left for others, of %d that this worker cannot start", n, left)
			}
			pass(900 * time.Millisecond)
		}
	})
}

func TestAhead_IsBoundedByTheTimeThatItTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.lasting("x")
		r.push(lasting("x", "5ms", 10)...)
		r.start()
		pass(time.Second)
		r.push(lasting("x", "5ms", 100)...)
		pass(time.Millisecond)
		if n := r.waiting("default"); n != 100-10-20 {
			t.Errorf("%d of 100 are left: ten slots get through 20 in 10 ms, beside the ten that run", n)
		}
	})
}

func TestAhead_WhatFindsNoSlotInTimeIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, oneSlot)
		r.lasting("x")
		r.warm("x")
		r.push(append(lasting("x", "1h", 1, zeroq.Timeout(2*time.Hour)), lasting("x", "1us", 30)...)...)
		pass(maxWait / 2)
		if n := r.waiting("default"); n != 0 {
			t.Fatalf("%d tasks are left for others, though they seem short", n)
		}
		pass(maxWait)
		if n := r.waiting("default"); n != 30 {
			t.Errorf("%d of 30 tasks are left for others while this worker is busy", n)
		}
		fetches := r.count("fetch")
		pass(10 * time.Minute)
		if n := r.count("fetch"); n != fetches || r.waiting("default") != 30 {
			t.Errorf("%d fetches for no slot", n-fetches)
		}
		for _, o := range r.settled()[1:] {
			if o.State != zeroq.Ready || !o.StartedAt.IsZero() || o.Crashes != 0 {
				t.Fatalf("given back as %+v", o)
			}
		}
	})
}

func TestAhead_SomeQueuesGiveOnlyWhatCanRun(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]struct {
		conf  func(*Conf)
		limit int
	}{
		"at most once": {conf: atMostOnce},
		"with a limit": {conf: func(*Conf) {}, limit: 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := prepare(t, oneSlot, set.conf)
				r.lasting("x")
				r.warm("x")
				r.fake.limit = set.limit
				r.push(append(lasting("x", "1h", 1), lasting("x", "1us", 30)...)...)
				pass(time.Millisecond)
				if n := r.waiting("default"); n != 30 {
					t.Errorf("%d of 30 tasks are left for others", n)
				}
			})
		})
	}
}

func TestAhead_KeyHeldUntilTheStartIsHeldUntilThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, oneSlot)
		r.lasting("x")
		r.warm("x")
		commits := r.count("commit")
		r.push(append(lasting("x", "50ms", 1), lasting("x", "1us", 1, zeroq.UniqueKey("k", zeroq.UntilStarted))...)...)
		pass(40 * time.Millisecond)
		if n := r.count("commit"); n != commits+1 || r.waiting("default") != 0 {
			t.Errorf("%d commits while the second waits here", n-commits)
		}
		pass(40 * time.Millisecond)
		if n := r.count("commit"); n != commits+2 || count(r.settled(), zeroq.Succeeded) != 3 {
			t.Errorf("%d commits, outcomes %+v", n-commits, r.settled())
		}
	})
}

func TestAhead_WhatIsCalledOffNeverStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, oneSlot)
		r.lasting("x")
		r.warm("x")
		r.push(append(lasting("x", "50ms", 1), lasting("x", "1us", 1, zeroq.ID("off"))...)...)
		pass(10 * time.Millisecond)
		r.callOff("off")
		pass(time.Second)
		if done := r.settled(); len(done) != 3 || done[1].State != zeroq.Cancelled || done[1].Delivery.Task.ID != "off" || r.pool.Free() != 1 {
			t.Errorf("outcomes %+v, %d slots are free", done, r.pool.Free())
		}
	})
}

func TestAhead_StopGivesItBackAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, oneSlot)
		r.lasting("x")
		r.warm("x")
		r.push(append(lasting("x", "90ms", 1), lasting("x", "1us", 30)...)...)
		pass(10 * time.Millisecond)
		if n := r.waiting("default"); n != 0 {
			t.Fatalf("%d wait", n)
		}
		r.stop()
		if done := r.settled(); count(done, zeroq.Ready) != 30 || count(done, zeroq.Succeeded) != 2 {
			t.Errorf("outcomes %+v", done)
		}
	})
}

func TestAhead_LostLeaseTakesItAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, oneSlot)
		started := 0
		r.lasting("x")
		r.handle("never", func(context.Context, *zeroq.Task) error { started++; return nil })
		r.warm("x")
		r.push(append(lasting("x", "90ms", 1), tasks("never", 3)...)...)
		pass(10 * time.Millisecond)
		r.steal()
		l := r.pool.lanes[0]
		l.lost(l.mark(), nil)
		pass(time.Second)
		if n := len(r.fake.refused); started != 0 || n != 4 {
			t.Errorf("%d started, %d were refused", started, n)
		}
	})
}

func TestAhead_HandlerThatEndsItsGoroutineMakesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, oneSlot)
		r.lasting("x")
		r.handle("exit", func(context.Context, *zeroq.Task) error { runtime.Goexit(); return nil })
		r.warm("x")
		r.push(append(tasks("exit", 3, zeroq.MaxAttempts(1)), lasting("x", "1us", 3)...)...)
		pass(time.Second)
		if done := r.settled(); count(done, zeroq.Dead) != 3 || count(done, zeroq.Succeeded) != 4 || r.pool.Free() != 1 {
			t.Errorf("outcomes %+v, %d slots are free", done, r.pool.Free())
		}
	})
}
