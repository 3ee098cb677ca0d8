package app_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// fakeControl is what a test wants the verbs of a fake to answer, and what they were asked.
type fakeControl struct {
	// asked are the verbs with what they were given, in order.
	asked []string
	// fail is what a verb answers, by its name.
	fail map[string]error
	// state is what Cancel answers.
	state zeroq.State
	// watched is what WatchTask shows, until it is closed.
	watched chan *zeroq.TaskInfo
	// gone tells that a WatchTask ended because its context did.
	gone chan struct{}

	query     zeroq.TaskQuery
	page      zeroq.TaskPage
	groups    []zeroq.DeadGroup
	change    zeroq.LimitsChange
	op        zeroq.Operation
	selection zeroq.Selection
	schedules map[string]zeroq.Schedule
}

// asks notes a verb and answers as the test wants.
func (f *fake) asks(verb string, args ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.control.asked = append(f.control.asked, strings.Join(append([]string{verb}, args...), " "))
	if f.down != nil {
		return f.down
	}
	return f.control.fail[verb]
}

func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.control.asked)
}

func (f *fake) WatchTask(ctx context.Context, id, queue string, see func(*zeroq.TaskInfo) error) error {
	if err := f.asks("watch", id, queue); err != nil {
		return err
	}
	for {
		select {
		case info, more := <-f.control.watched:
			if !more {
				return nil
			}
			if err := see(info); err != nil {
				return err
			}
		case <-ctx.Done():
			close(f.control.gone)
			return nil
		}
	}
}

func (f *fake) Tasks(_ context.Context, query zeroq.TaskQuery) (zeroq.TaskPage, error) {
	err := f.asks("tasks", query.Queue)
	f.control.query = query
	return f.control.page, err
}

func (f *fake) DeadGroups(_ context.Context, queue string) ([]zeroq.DeadGroup, error) {
	return f.control.groups, f.asks("groups", queue)
}

func (f *fake) Cancel(_ context.Context, id, queue string) (zeroq.State, error) {
	return f.control.state, f.asks("cancel", id, queue)
}

func (f *fake) Retry(_ context.Context, id, queue string) error  { return f.asks("retry", id, queue) }
func (f *fake) Delete(_ context.Context, id, queue string) error { return f.asks("delete", id, queue) }
func (f *fake) Pause(_ context.Context, queue string) error      { return f.asks("pause", queue) }
func (f *fake) Resume(_ context.Context, queue string) error     { return f.asks("resume", queue) }
func (f *fake) Drain(_ context.Context, queue string) error      { return f.asks("drain", queue) }

func (f *fake) Limit(_ context.Context, queue string, change zeroq.LimitsChange) error {
	f.control.change = change
	return f.asks("limit", queue)
}

func (f *fake) Matched(_ context.Context, queue string, selection zeroq.Selection) (int64, error) {
	f.control.selection = selection
	return 42, f.asks("matched", queue)
}

func (f *fake) Begin(_ context.Context, op zeroq.Operation) (zeroq.Operation, error) {
	op.ID, op.Status, op.Matched, op.CreatedAt = "op~"+op.Queue+"~0123456789", zeroq.OperationRunning, 7, someTime
	f.control.op = op
	return op, f.asks("begin", op.Queue, string(op.Verb))
}

func (f *fake) Operation(_ context.Context, id string) (zeroq.Operation, error) {
	return f.control.op, f.asks("operation", id)
}

func (f *fake) Abort(_ context.Context, id string) error { return f.asks("abort", id) }

func (f *fake) Work(context.Context) (bool, error) { return false, nil }

func (f *fake) Schedules(context.Context) (all []zeroq.Schedule, err error) {
	for _, s := range f.control.schedules {
		all = append(all, s)
	}
	return all, f.asks("schedules")
}

func (f *fake) Schedule(_ context.Context, name string) (zeroq.Schedule, error) {
	s, known := f.control.schedules[name]
	if err := f.asks("schedule", name); err != nil || known {
		return s, err
	}
	return s, zeroq.ErrNotFound
}

func (f *fake) PutSchedule(_ context.Context, s zeroq.Schedule) (bool, error) {
	if err := f.asks("put", s.Name); err != nil {
		return false, err
	}
	_, known := f.control.schedules[s.Name]
	f.control.schedules[s.Name] = s
	return !known, nil
}

func (f *fake) DeleteSchedule(_ context.Context, name string) error {
	return f.asks("unschedule", name)
}

func (f *fake) PauseSchedule(_ context.Context, name string) error {
	return f.pauseSchedule("pauseschedule", name, true)
}

func (f *fake) ResumeSchedule(_ context.Context, name string) error {
	return f.pauseSchedule("resumeschedule", name, false)
}

func (f *fake) pauseSchedule(verb, name string, paused bool) error {
	s, known := f.control.schedules[name]
	if !known {
		return zeroq.ErrNotFound
	}
	s.Paused = paused
	f.control.schedules[name] = s
	return f.asks(verb, name)
}

func (f *fake) RunSchedule(_ context.Context, name string) (string, error) {
	return "mail~0~0000000001", f.asks("run", name)
}

func (f *fake) Configured(context.Context, string, []zeroq.Schedule) error { return nil }

func (f *fake) Tick(context.Context) (int, time.Duration, error) { return 0, time.Hour, nil }
