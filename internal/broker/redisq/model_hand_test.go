package redisq

import (
	"errors"
	"math"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// someID is the id of a task in any state, or of one that is gone, or never was.
func (m *model) someID() string {
	for range 5 {
		if len(m.tasks) > 0 {
			// Mostly of the last ones, as most of those before are over.
			back := m.rng.IntN(len(m.tasks))
			if m.chance(2) {
				back = m.rng.IntN(min(len(m.tasks), 60))
			}
			if id := m.tasks[len(m.tasks)-1-back].id; id != "" {
				return id
			}
		}
	}
	return "nobody"
}

func (m *model) wantAnswer(verb, id string, got, want error) {
	m.Helper()
	if !sameError(got, want) {
		m.Fatalf("%s of %s answered %v, want %v", verb, id, got, want)
	}
}

func (m *model) cancel() { m.cancelID(m.someID()) }

func (m *model) cancelID(id string) {
	state, err := m.Cancel(m.Context(), id, "q")
	task := m.byID[id]
	var want error
	switch {
	case task == nil:
		want = zeroq.ErrNotFound
	case task.state == zeroq.Cancelled:
	case task.state.Finished():
		want = &zeroq.StateError{State: task.state}
	case task.state == zeroq.Leased:
		task.stopping = true
	default:
		m.finish(task, zeroq.Cancelled)
	}
	m.wantAnswer("cancel", id, err, want)
	if want == nil && state != task.state {
		m.Fatalf("cancel of %s answered %s, it is %s", id, state, task.state)
	}
	if task != nil && m.chance(2) {
		m.lookUp(id, task)
	}
}

func (m *model) lookUp(id string, task *modelTask) {
	info, err := m.Task(m.Context(), id, "")
	m.must(err)
	if info.State != task.state || info.CancelRequested != task.stopping {
		m.Fatalf("%s is %s (called off: %v), want %s (%v)", id, info.State, info.CancelRequested, task.state, task.stopping)
	}
}

func (m *model) retryOne() {
	id := m.someID()
	err := m.Retry(m.Context(), id, "q")
	task := m.byID[id]
	var want error
	switch {
	case task == nil:
		want = zeroq.ErrNotFound
	case task.state == zeroq.Ready:
	case task.state != zeroq.Dead && task.state != zeroq.Cancelled && task.state != zeroq.Expired:
		want = &zeroq.StateError{State: task.state}
	case task.unreadable:
		if !errors.Is(err, zeroq.ErrUnreadable) {
			m.Fatalf("an unreadable one runs again: %v", err)
		}
		return
	default:
		want = m.revive(task)
	}
	m.wantAnswer("retry", id, err, want)
}

// revive makes a finished task ready. It takes its unique key again: but for that of a delay, which is
// over, and for a time that stands in a message that is not at hand.
func (m *model) revive(task *modelTask) error {
	relock := task.unique != nil && task.unique.Mode != zeroq.Debounce && !(task.unique.Mode == zeroq.ForTime && task.listed)
	if holder, held := m.holder(task.unique); relock && held && holder.id != task.id {
		return &zeroq.DuplicateError{TaskID: holder.id}
	}
	if relock {
		m.lock(task)
	}
	if task.listed {
		task.state = zeroq.Ready
	} else {
		m.append(task)
	}
	return nil
}

func (m *model) deleteOne() {
	id := m.someID()
	err := m.Delete(m.Context(), id, "q")
	task := m.byID[id]
	var want error
	switch {
	case task == nil:
		want = zeroq.ErrNotFound
	case task.state == zeroq.Leased:
		want = &zeroq.StateError{State: zeroq.Leased}
	default:
		m.unlock(task)
		m.forget(id)
		task.state, task.crashes = "", 0
	}
	m.wantAnswer("delete", id, err, want)
}

// pause pauses the queue, or mostly ends that.
func (m *model) pause() {
	if m.paused = m.chance(3); m.paused {
		m.must(m.Pause(m.Context(), "q"))
		return
	}
	m.must(m.Resume(m.Context(), "q"))
	m.draining = false
}

func (m *model) drain() {
	m.must(m.Drain(m.Context(), "q"))
	m.draining = true
}

// limit sets or lifts limits. Rates are so low that no token comes while the test lasts.
func (m *model) limit() {
	limits := m.limits
	switch m.rng.IntN(6) {
	case 0:
		limits.Concurrency = 1 + m.rng.IntN(12)
	case 1:
		limits.MaxLength = 1 + m.rng.IntN(60)
	case 2:
		limits.Rate, limits.Burst = []float64{0.001, 0.002}[m.rng.IntN(2)], m.rng.IntN(20)
	case 3:
		limits.Rate, limits.Burst = 0, 0
	default:
		limits = zeroq.Limits{}
	}
	m.setLimits(limits)
}

func (m *model) setLimits(limits zeroq.Limits) {
	m.must(m.Limit(m.Context(), "q", zeroq.LimitsChange{
		Rate: &limits.Rate, Burst: &limits.Burst, Concurrency: &limits.Concurrency, MaxLength: &limits.MaxLength,
	}))
	if limits.Rate != m.limits.Rate {
		m.tokens = -1
	}
	m.limits = limits
	m.must(m.Recount(m.Context(), "q")) // it changes nothing
}

// sweepBrief forgets what is over, now and then all dead letters too.
func (m *model) sweepBrief() {
	keep := broker.Keep{Finished: math.MaxInt32, Dead: math.MaxInt32, DeadFor: time.Hour}
	if m.chance(3) {
		keep.DeadFor = 0
	}
	m.sweepOver(keep, func(task *modelTask) bool {
		return task.brief && (task.state == zeroq.Succeeded || task.state == zeroq.Cancelled || task.state == zeroq.Expired)
	}, keep.DeadFor == 0)
}

// sweepAll forgets everything that has finished.
func (m *model) sweepAll() {
	m.sweepOver(broker.Keep{}, func(task *modelTask) bool { return task.state.Finished() && task.state != zeroq.Dead }, true)
}

func (m *model) sweepOver(keep broker.Keep, over func(*modelTask) bool, dead bool) {
	var want broker.Swept
	for _, task := range m.tasks {
		switch {
		case over(task):
			want.Finished++
		case dead && task.state == zeroq.Dead:
			want.Dead++
		default:
			continue
		}
		if m.byID[task.id] == task {
			delete(m.byID, task.id)
		}
		delete(m.fading, task.id)
		task.state = ""
	}
	var swept broker.Swept
	m.until("what is over is swept", func() bool {
		n, err := m.Sweep(m.Context(), "q", keep)
		m.must(err)
		swept.Finished += n.Finished
		swept.Dead += n.Dead
		return swept.Finished >= want.Finished && swept.Dead >= want.Dead
	})
	if swept != want {
		m.Fatalf("%+v were swept, want %+v", swept, want)
	}
}
