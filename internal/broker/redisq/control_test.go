package redisq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// meddler does something once, just before a script is sent the first time: between a look at a task and
// what is done about it.
type meddler struct {
	mu     sync.Mutex
	script string
	do     func()
}

// before has do done just before the script is sent.
func (r *rig) before(script string, do func()) { r.AddHook(&meddler{script: script, do: do}) }

// AddHook puts a hook on the calls of the broker.
func (r *rig) AddHook(hook redis.Hook) { r.calls.AddHook(hook) }

func (m *meddler) DialHook(next redis.DialHook) redis.DialHook { return next }

func (m *meddler) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if name := cmd.Name(); (name == "eval" || name == "evalsha") && scriptOf(cmd.Args()[1].(string)) == m.script {
			m.mu.Lock()
			do := m.do
			m.do = nil
			m.mu.Unlock()
			if do != nil {
				do()
			}
		}
		return next(ctx, cmd)
	}
}

func (m *meddler) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// wants checks the state of a task, and that nothing was left behind.
func (r *rig) wants(id string, want zeroq.State) *zeroq.TaskInfo {
	r.Helper()
	info, err := r.Task(r.Context(), id, "q")
	r.must(err)
	if info.State != want {
		r.Errorf("task %s is %s, want %s", id, info.State, want)
	}
	r.sound()
	return info
}

func (r *rig) cancel(id string, want zeroq.State) {
	r.Helper()
	state, err := r.Cancel(r.Context(), id, "q")
	r.must(err)
	if state != want {
		r.Errorf("cancel answered %s, want %s", state, want)
	}
}

func (r *rig) refused(err error, want zeroq.State) {
	r.Helper()
	var wrong *zeroq.StateError
	if !errors.As(err, &wrong) || wrong.State != want {
		r.Errorf("answered %v, want that it is %s", err, want)
	}
}

// nothing checks that there is nothing to fetch, which drops what was called off.
func (r *rig) nothing(m broker.Member) {
	r.Helper()
	if d, err := m.Fetch(r.Context(), 5, 0); err != nil || len(d) > 0 {
		r.Fatalf("fetched %d, %v", len(d), err)
	}
}

// Whatever happens to the task between the look at it and the script, its state is told as it is.
func TestCancel_WhateverHappensMeanwhile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options   []zeroq.Option
		meanwhile func(r *rig, id string)
		check     func(r *rig, state zeroq.State, err error)
		ends      zeroq.State
	}{
		"it is fetched": {
			nil, func(r *rig, _ string) { r.fetch(r.join("w"), 1) },
			func(r *rig, state zeroq.State, err error) {
				if r.must(err); state != zeroq.Leased {
					r.Errorf("answered %s", state)
				}
			}, zeroq.Leased,
		},
		"it succeeds": {
			nil, func(r *rig, _ string) {
				m := r.join("w")
				r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Succeeded))
			}, func(r *rig, _ zeroq.State, err error) { r.refused(err, zeroq.Succeeded) }, zeroq.Succeeded,
		},
		"it fails and waits": {
			nil, func(r *rig, _ string) {
				m := r.join("w")
				r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Retry))
			}, func(r *rig, _ zeroq.State, err error) {
				r.must(err)
				// What was known of the attempt is not lost.
				if queue, err := r.Queue(r.Context(), "q"); err != nil || queue.Counts[zeroq.Cancelled] != 1 {
					r.Errorf("%+v, %v", queue, err)
				}
				for _, record := range r.records() {
					if !strings.Contains(record, "boom") || !strings.Contains(record, `"a":1`) {
						r.Errorf("the record is %s", record)
					}
				}
			}, zeroq.Cancelled,
		},
		"its time comes": {
			[]zeroq.Option{zeroq.Delay(time.Millisecond)}, func(r *rig, _ string) {
				r.until("it is promoted", func() bool {
					n, err := r.Promote(r.Context(), "q")
					r.must(err)
					return n == 1
				})
			}, func(r *rig, _ zeroq.State, err error) { r.must(err) }, zeroq.Cancelled,
		},
		"another cancels it": {
			nil, func(r *rig, id string) { r.must(errOf(r.another().Cancel(r.Context(), id, ""))) },
			func(r *rig, _ zeroq.State, err error) { r.must(err) }, zeroq.Cancelled,
		},
		"it is deleted": {
			nil, func(r *rig, id string) { r.must(r.another().Delete(r.Context(), id, "")) },
			func(r *rig, _ zeroq.State, err error) {
				if !errors.Is(err, zeroq.ErrNotFound) {
					r.Errorf("answered %v", err)
				}
			}, "",
		},
	} {
		for _, id := range []string{"", "mine"} {
			t.Run(name+" "+id, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				task := newTask(append(test.options, zeroq.ID(id))...)
				r.put(task)
				r.before("cancel", func() { test.meanwhile(r, task.ID) })
				state, err := r.Cancel(t.Context(), task.ID, "")
				test.check(r, state, err)
				if test.ends != "" {
					r.wants(task.ID, test.ends)
				}
				r.sound()
			})
		}
	}
}

// records are the records of all tasks.
func (r *rig) records() []string {
	var all []string
	for key, content := range r.dump() {
		if strings.HasPrefix(key, r.keys.prefix+"r:") || strings.HasPrefix(key, r.keys.prefix+"id:") {
			all = append(all, content)
		}
	}
	return all
}

func errOf[T any](_ T, err error) error { return err }

func TestRetry_WhateverHappensMeanwhile(t *testing.T) {
	t.Parallel()
	fetchNothing := func(r *rig, _ string) { r.nothing(r.join("w")) }
	for name, test := range map[string]struct {
		meanwhile func(r *rig, id string)
		want      error
		ends      zeroq.State
	}{
		"a fetch drops it": {fetchNothing, nil, zeroq.Ready},
		"another does it":  {func(r *rig, id string) { r.must(r.another().Retry(r.Context(), id, "")) }, nil, zeroq.Ready},
		"it is deleted":    {func(r *rig, id string) { r.must(r.another().Delete(r.Context(), id, "")) }, zeroq.ErrNotFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			task := newTask()
			r.put(task)
			r.cancel(task.ID, zeroq.Cancelled)
			r.before("revive", func() { test.meanwhile(r, task.ID) })
			if err := r.Retry(t.Context(), task.ID, ""); !errors.Is(err, test.want) {
				t.Errorf("answered %v", err)
			}
			if test.ends != "" {
				r.wants(task.ID, test.ends)
				if n := len(r.fetch(r.join("x"), 1)); n != 1 {
					t.Errorf("%d were fetched", n)
				}
			}
			r.sound()
		})
	}
}

func TestDelete_WhateverHappensMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask(zeroq.ID("fetched")))
	m := r.join("w")
	r.before("delete", func() { r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Dead)) })
	r.must(r.Delete(t.Context(), "fetched", ""))
	if _, err := r.Task(t.Context(), "fetched", ""); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("the dead letter is there: %v", err)
	}
	r.sound()
	r.put(newTask(zeroq.ID("taken")))
	r.before("delete", func() { r.fetch(m, 1) })
	r.refused(r.Delete(t.Context(), "taken", ""), zeroq.Leased)
	r.put(newTask(zeroq.ID("gone")))
	r.before("delete", func() { r.must(r.another().Delete(t.Context(), "gone", "")) })
	r.must(r.Delete(t.Context(), "gone", ""))
	r.sound()
}

// Two operators change different limits at once: both hold. What would not go together is refused.
func TestLimit_TwoOperatorsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	other, rate, burst, concurrency, none := r.another(), 5.0, 7, 3, 0.0
	r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Rate: &rate}))
	r.before("gate", func() { r.must(other.Limit(t.Context(), "q", zeroq.LimitsChange{Concurrency: &concurrency})) })
	r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Burst: &burst}))
	info, err := r.Queue(t.Context(), "q")
	r.must(err)
	if want := (zeroq.Limits{Rate: 5, Burst: 7, Concurrency: 3}); info.Limits != want {
		t.Errorf("the limits are %+v", info.Limits)
	}
	burst = 9
	r.before("gate", func() { r.must(other.Limit(t.Context(), "q", zeroq.LimitsChange{Rate: &none})) })
	var wrong *zeroq.FieldError
	if err := r.Limit(t.Context(), "q", zeroq.LimitsChange{Burst: &burst}); !errors.As(err, &wrong) || wrong.Field != "burst" {
		t.Errorf("a burst without a rate: %v", err)
	}
}

// A bucket that was filled under one rate is not that of another.
func TestLimit_NewRateBeginsWithAFullBucket(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(10)...)
	m, slow, burst, fast := r.joinFor("w", broker.AtLeastOnce, time.Minute), 0.001, 2, 0.002
	r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Rate: &slow, Burst: &burst}))
	limited := func() {
		t.Helper()
		var closed *broker.ClosedError
		if _, err := m.Fetch(t.Context(), 5, 0); !errors.As(err, &closed) || !errors.Is(err, broker.ErrLimited) {
			t.Errorf("answered %v", err)
		}
	}
	r.must(errOf(m.Fetch(t.Context(), 5, 0)))
	limited()
	concurrency := 100
	r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Concurrency: &concurrency, Rate: &slow}))
	limited() // the rate is what it was
	r.must(r.Limit(t.Context(), "q", zeroq.LimitsChange{Rate: &fast}))
	if d, err := m.Fetch(t.Context(), 5, 0); err != nil || len(d) != 2 {
		t.Errorf("%d were fetched, %v", len(d), err)
	}
}

func TestCancel_TellsTheWorker(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask(zeroq.ID("mine")))
	heard := r.client.Subscribe(t.Context(), r.keys.stop)
	defer heard.Close()
	r.must(errOf(heard.Receive(t.Context())))
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	r.cancel("mine", zeroq.Leased)
	message, err := heard.ReceiveMessage(t.Context())
	r.must(err)
	if message.Payload != "mine" {
		t.Errorf("heard %s", message.Payload)
	}
	// It fails, and would run again: it is cancelled.
	r.settle(m, outcome(m, d, zeroq.Retry))
	if info := r.wants("mine", zeroq.Cancelled); info.Attempt != 1 || string(info.Data) != `{"n":1}` {
		t.Errorf("the task is %+v", info)
	}
	r.must(r.Retry(t.Context(), "mine", ""))
	if again := r.fetch(m, 1)[0]; again.Task.Attempt != 2 {
		t.Errorf("the next attempt is number %d", again.Task.Attempt)
	}
}

// A task that was cancelled while its worker died does not come back.
func TestCancel_WhileItsWorkerDies(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask(zeroq.ID("mine")), newTask())
	dead := r.join("dead")
	r.fetch(dead, 2)
	r.must(dead.Leave(t.Context()))
	r.cancel("mine", zeroq.Leased)
	reaper := r.NewReaper("q", "undertaker", testLease)
	r.until("the tasks are taken from it", func() bool {
		n, err := reaper.Reap(t.Context())
		r.must(err)
		return n > 0
	})
	r.wants("mine", zeroq.Cancelled)
	r.fetch(r.join("w"), 1)
	r.wants("mine", zeroq.Cancelled)
}

// holder is who has the unique key k; "" when it is free.
func (r *rig) holder() string {
	r.Helper()
	keys := r.client.Keys(r.Context(), r.keys.unique+"*").Val()
	if len(keys) == 0 {
		return ""
	}
	return r.client.Get(r.Context(), keys[0]).Val()
}

func uniqueTask(mode zeroq.UniqueMode, options ...zeroq.Option) *zeroq.Task {
	task := newTask(options...)
	task.Unique = &zeroq.Unique{Key: "k", Mode: mode}
	if mode == zeroq.ForTime {
		task.Unique.For = time.Hour
	}
	return task
}

func TestControl_UniqueKeyIsFreedAndTakenAgain(t *testing.T) {
	t.Parallel()
	for mode, letter := range modeLetters {
		for _, how := range []string{"cancelled", "listed", "deleted", "cancelled later", "dead"} {
			if mode == zeroq.Debounce && (how == "listed" || how == "dead" || how == "cancelled") {
				continue // it waits
			}
			t.Run(string(mode)+" "+how, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				uniqueKeyIsFreed(r, mode, letter, how)
			})
		}
	}
}

func uniqueKeyIsFreed(r *rig, mode zeroq.UniqueMode, letter, how string) {
	var options []zeroq.Option
	if how == "cancelled later" || how == "deleted" {
		options = append(options, zeroq.Delay(time.Hour))
	}
	task := uniqueTask(mode, options...)
	r.put(task)
	if got := r.holder(); got != letter+task.ID {
		r.Fatalf("the key is held by %q", got)
	}
	m := r.join("w")
	switch how {
	case "dead":
		r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Dead))
	case "deleted":
		r.must(r.Delete(r.Context(), task.ID, ""))
	default:
		r.cancel(task.ID, zeroq.Cancelled)
	}
	if how == "cancelled" {
		r.nothing(m)
	}
	if got := r.holder(); got != "" && !(how == "dead" && mode == zeroq.ForTime) {
		r.Errorf("%s: the key is held by %q", how, got)
	}
	if how == "deleted" {
		return
	}
	r.must(r.Retry(r.Context(), task.ID, ""))
	want := letter + task.ID
	if mode == zeroq.Debounce || mode == zeroq.ForTime && how == "listed" {
		want = "" // it waits no more; its message, which knows for how long, is not at hand
	}
	if got := r.holder(); got != want {
		r.Errorf("run again, the key is held by %q, want %q", got, want)
	}
	r.sound()
}

func TestRetry_OfAKeyThatAnotherHoldsIsRefused(t *testing.T) {
	t.Parallel()
	for mode := range modeLetters {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			var options []zeroq.Option
			if mode == zeroq.Debounce {
				options = append(options, zeroq.Delay(time.Hour))
			}
			first, second := uniqueTask(mode, options...), uniqueTask(mode, options...)
			r.put(first)
			r.cancel(first.ID, zeroq.Cancelled)
			r.put(second)
			m := r.join("w")
			r.must(errOf(m.Fetch(t.Context(), 2, 0))) // drops the first
			var taken *zeroq.DuplicateError
			err := r.Retry(t.Context(), first.ID, "")
			switch {
			case mode == zeroq.Debounce:
				r.must(err) // it does not wait, so it needs no key
			case mode == zeroq.UntilStarted:
				if err != nil && (!errors.As(err, &taken) || taken.TaskID != second.ID) {
					t.Errorf("answered %v", err)
				}
			case !errors.As(err, &taken) || taken.TaskID != second.ID || !errors.Is(err, zeroq.ErrDuplicate):
				t.Errorf("answered %v", err)
			default:
				r.wants(first.ID, zeroq.Cancelled)
			}
		})
	}
}

func TestRetry_TakesTheKeyOverFromWhoHasFinished(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first, second := uniqueTask(zeroq.UntilFinished), uniqueTask(zeroq.UntilFinished)
	r.put(first)
	m := r.join("w")
	r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Dead))
	r.put(second)
	lock := r.client.Keys(t.Context(), r.keys.unique+"*").Val()[0]
	r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Dead))
	r.must(r.client.Set(t.Context(), lock, "f"+second.ID, 0).Err()) // as after a failover that lost its freeing
	r.must(r.Retry(t.Context(), first.ID, ""))
	if got := r.holder(); got != "f"+first.ID {
		t.Errorf("the key is held by %q", got)
	}
	r.sound()
}

func TestRetry_GoesByPriority(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := r.join("w")
	for _, priority := range zeroq.Priorities {
		id := "p-" + string(priority)
		r.put(newTask(zeroq.ID(id), zeroq.Prioritized(priority)))
		r.settle(m, outcome(m, r.fetch(m, 1)[0], zeroq.Dead))
		if info := r.wants(id, zeroq.Dead); info.Priority != priority {
			t.Errorf("%s has priority %q", id, info.Priority)
		}
		r.must(r.Retry(t.Context(), id, ""))
		list := r.keys.prefix + "ready"
		if priority != zeroq.Normal {
			list += ":" + string(priority)
		}
		if found := fmt.Sprint(r.client.LRange(t.Context(), list, 0, -1).Val()); !strings.Contains(found, id) {
			t.Errorf("%s has %s", list, found)
		}
		r.fetch(m, 1)
	}
}

// A dead letter leaves the index of its fingerprint, whichever that is, and takes the sample along when it
// was the last.
func TestControl_DeadLettersLeaveTheirFingerprint(t *testing.T) {
	t.Parallel()
	for _, verb := range []func(*rig, string) error{
		func(r *rig, id string) error { return r.Retry(r.Context(), id, "") },
		func(r *rig, id string) error { return r.Delete(r.Context(), id, "") },
	} {
		r := newRig(t)
		r.put(newTask(zeroq.ID("a")), newTask(zeroq.ID("b")), newTask(zeroq.ID("c")))
		m := r.join("w")
		for _, d := range r.fetch(m, 3) {
			r.settle(m, outcome(m, d, zeroq.Dead))
		}
		info := r.wants("a", zeroq.Dead)
		if info.Fingerprint == "" {
			t.Fatal("it has no fingerprint")
		}
		group := r.keys.deadOf + info.Fingerprint
		// One is among the others, as if there had been too many fingerprints.
		score := r.client.ZScore(t.Context(), group, "c").Val()
		r.must(r.client.ZRem(t.Context(), group, "c").Err())
		r.must(r.client.ZAdd(t.Context(), r.keys.deadOf+"other", redis.Z{Member: "c", Score: score}).Err())
		r.must(r.client.HSet(t.Context(), r.keys.errors, "other", "boom").Err())
		for left, id := range []string{"c", "b", "a"} {
			r.must(verb(r, id))
			r.sound()
			if n := r.client.ZCard(t.Context(), group).Val(); n != int64(2-left) {
				t.Errorf("%d of the fingerprint are left", n)
			}
		}
		if left := slices.DeleteFunc(r.names(), func(key string) bool {
			return !strings.Contains(key, ":dead") && key != r.keys.errors && key != r.keys.parked
		}); len(left) > 0 {
			t.Errorf("left are %v", left)
		}
	}
}
