package redisq

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

func (r *rig) configured(origin string, schedules ...zeroq.Schedule) {
	r.Helper()
	r.must(r.Configured(r.Context(), origin, schedules))
}

func TestConfigured_WhatChangedAtRuntimeHoldsUntilTheConfigurationChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := hourly("one")
	r.configured("worker", one)
	r.rewind("one", 0)
	r.tick()
	ran := r.schedules()["one"].LastTask

	r.must(r.PauseSchedule(r.Context(), "one"))
	r.schedule(hourly("one", func(s *zeroq.Schedule) { s.Spec, s.Paused = "@every 5m", true }))
	r.another().configured("worker", one)
	if s := r.schedules()["one"]; !s.Paused || s.Spec != "@every 5m" || s.LastTask != ran {
		t.Errorf("after a restart it is %+v", s)
	}
	r.another().configured("worker", hourly("one", func(s *zeroq.Schedule) { s.Spec = "@every 2h" }))
	if s := r.schedules()["one"]; s.Paused || s.Spec != "@every 2h" || s.LastTask != ran {
		t.Errorf("after a change of the configuration it is %+v", s)
	}
	for what, change := range map[string]func(*zeroq.Schedule){
		"data":   func(s *zeroq.Schedule) { s.Task = zeroq.NewTask("echo", 2, zeroq.Queue("q")) },
		"queue":  func(s *zeroq.Schedule) { s.Task = zeroq.NewTask("echo", 2, zeroq.Queue("other")) },
		"paused": func(s *zeroq.Schedule) { s.Paused = true },
	} {
		r.configured("worker", one)
		r.configured("worker", hourly("one", change))
		s, want := r.schedules()["one"], hourly("one", change)
		if string(s.Task.Data) != string(want.Task.Data) || s.Task.Queue != want.Task.Queue || s.Paused != want.Paused {
			t.Errorf("%s: it is %+v", what, s)
		}
	}
}

func TestConfigured_DeletesOnlyWhatItsOriginHadMade(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.schedule(hourly("by-hand"))
	r.configured("a", hourly("a1"), hourly("a2"))
	r.configured("b", hourly("b1"))
	r.configured("a", hourly("a2"))
	var names []string
	for name := range r.schedules() {
		names = append(names, name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"a2", "b1", "by-hand"}) {
		t.Errorf("there are %v", names)
	}
}

func TestConfigured_SaysWhichIsWrong(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	err := r.Configured(r.Context(), "a", []zeroq.Schedule{hourly("fine"), hourly("bad", func(s *zeroq.Schedule) { s.Spec = "often" })})
	if !errors.Is(err, zeroq.ErrInvalidTask) || !strings.Contains(err.Error(), "bad") {
		t.Errorf("%v", err)
	}
}

func TestConfigured_ByManyAtTheSameTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	list := []zeroq.Schedule{hourly("one"), hourly("two"), hourly("three", func(s *zeroq.Schedule) { s.Task.Queue = "other" })}
	r.schedule(hourly("three")) // and it moves
	var all sync.WaitGroup
	for range 6 {
		process := r.another()
		all.Go(func() {
			if err := process.Configured(r.Context(), "worker", list); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := r.schedules(); len(got) != 3 || got["three"].Task.Queue != "other" {
		t.Errorf("there are %v", got)
	}
	for queue, want := range map[string]int64{"q": 2, "other": 1} {
		keys := keysOf(queue)
		if n, times := r.client.HLen(r.Context(), keys.schedules).Val(), r.client.ZCard(r.Context(), keys.schedNext).Val(); n != want || times != want {
			t.Errorf("queue %s has %d schedules, %d times", queue, n, times)
		}
	}
}
