package brokertest

import (
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// each is a schedule that comes every second.
func each(name string) zeroq.Schedule {
	return zeroq.Schedule{Name: name, Spec: "@every 1s", Task: zeroq.NewTask("echo", 1, zeroq.Queue("q"))}
}

func (r *rig) schedule(s zeroq.Schedule) (created bool) {
	r.t.Helper()
	created, err := r.Broker.PutSchedule(r.ctx, s)
	r.must(err)
	return created
}

// tickUntil ticks until so many tasks were enqueued.
func (r *rig) tickUntil(n int) {
	r.t.Helper()
	r.until("it ticks", func() bool {
		got, wait, err := r.Broker.Tick(r.ctx)
		r.must(err)
		if wait < 0 {
			r.t.Errorf("wait %v", wait)
		}
		n -= got
		return n <= 0
	})
}

func timetableTicks(t *testing.T, r *rig) {
	if !r.schedule(each("often")) {
		t.Error("it is not new")
	}
	r.tickUntil(2)
	m := r.join("w")
	both := r.fetch(m, 2)
	first, second := both[0].Task, both[1].Task
	var at [2]time.Time
	for i, task := range []*zeroq.Task{first, second} {
		var err error
		at[i], err = time.Parse(time.RFC3339, task.Headers["zeroq-scheduled-at"])
		r.must(err)
		if task.Type != "echo" || task.Headers["zeroq-schedule"] != "often" || at[i].After(m.Now()) {
			t.Errorf("enqueued %+v", task)
		}
	}
	if at[1].Sub(at[0]) != time.Second {
		t.Errorf("times %v", at)
	}
	s, err := r.Broker.Schedule(r.ctx, "often")
	r.must(err)
	if s.LastRun.Before(at[1]) || s.LastTask == "" || len(s.NextRuns) != 5 {
		t.Errorf("the schedule is %+v", s)
	}
	if r.schedule(each("often")) {
		t.Error("it is new when replaced")
	}
	if again, err := r.Broker.Schedule(r.ctx, "often"); err != nil || again.LastTask != s.LastTask {
		t.Errorf("replaced, it has forgotten its past: %+v, %v", again, err)
	}
}

func timetablePauses(t *testing.T, r *rig) {
	r.schedule(each("often"))
	for range 2 {
		r.must(r.Broker.PauseSchedule(r.ctx, "often"))
	}
	s, err := r.Broker.Schedule(r.ctx, "often")
	r.must(err)
	if !s.Paused || len(s.NextRuns) != 0 {
		t.Errorf("paused, it is %+v", s)
	}
	later := time.After(1200 * time.Millisecond)
	for over := false; !over; {
		n, _, err := r.Broker.Tick(r.ctx)
		r.must(err)
		if n > 0 {
			t.Fatal("it ticks while it is paused")
		}
		select {
		case <-later:
			over = true
		case <-time.After(20 * time.Millisecond):
		}
	}
	for range 2 {
		r.must(r.Broker.ResumeSchedule(r.ctx, "often"))
	}
	if n, _, err := r.Broker.Tick(r.ctx); err != nil || n > 1 {
		t.Errorf("what passed is made up for: %d, %v", n, err)
	}
	r.tickUntil(1)
	if s, err = r.Broker.Schedule(r.ctx, "often"); err != nil || s.Paused || s.Skipped != 0 {
		t.Errorf("resumed, it is %+v, %v", s, err)
	}
}

func timetableRuns(t *testing.T, r *rig) {
	s := each("yearly")
	s.Spec, s.Paused = "@yearly", true
	r.schedule(s)
	id, err := r.Broker.RunSchedule(r.ctx, "yearly")
	r.must(err)
	if task := r.fetch(r.join("w"), 1)[0].Task; task.ID != id || task.Headers["zeroq-schedule"] != "yearly" {
		t.Errorf("enqueued %+v", task)
	}
}

func timetableLists(t *testing.T, r *rig) {
	moved := each("b")
	for _, s := range []zeroq.Schedule{each("c"), moved, each("a")} {
		r.schedule(s)
	}
	moved.Task = zeroq.NewTask("echo", 1, zeroq.Queue("other"))
	if r.schedule(moved) {
		t.Error("a schedule that changes its queue is new")
	}
	r.must(r.Broker.DeleteSchedule(r.ctx, "c"))
	all, err := r.Broker.Schedules(r.ctx)
	r.must(err)
	if len(all) != 2 || all[0].Name != "a" || all[1].Name != "b" || all[1].Task.Queue != "other" || all[1].Timezone != "UTC" {
		t.Errorf("there are %+v", all)
	}
}

func timetableUnknown(t *testing.T, r *rig) {
	r.schedule(each("gone"))
	r.must(r.Broker.DeleteSchedule(r.ctx, "gone"))
	for _, name := range []string{"gone", "never"} {
		_, err := r.Broker.Schedule(r.ctx, name)
		_, failed := r.Broker.RunSchedule(r.ctx, name)
		for what, err := range map[string]error{
			"get": err, "run": failed, "delete": r.Broker.DeleteSchedule(r.ctx, name),
			"pause": r.Broker.PauseSchedule(r.ctx, name), "resume": r.Broker.ResumeSchedule(r.ctx, name),
		} {
			if !errors.Is(err, zeroq.ErrNotFound) {
				t.Errorf("%s %s: %v", what, name, err)
			}
		}
	}
	bad := each("bad")
	bad.Task.ID = "mine"
	var wrong *zeroq.FieldError
	if _, err := r.Broker.PutSchedule(r.ctx, bad); !errors.As(err, &wrong) || wrong.Field != "task.id" {
		t.Errorf("put: %v", err)
	}
}

func timetableConfigured(t *testing.T, r *rig) {
	r.schedule(each("by-hand"))
	r.must(r.Broker.Configured(r.ctx, "conf", []zeroq.Schedule{each("a"), each("b")}))
	r.must(r.Broker.PauseSchedule(r.ctx, "a"))
	r.must(r.Broker.Configured(r.ctx, "conf", []zeroq.Schedule{each("a")}))
	all, err := r.Broker.Schedules(r.ctx)
	r.must(err)
	if len(all) != 2 || all[0].Name != "a" || !all[0].Paused || all[1].Name != "by-hand" {
		t.Errorf("there are %+v", all)
	}
}
