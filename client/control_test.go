package client_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// control is what an engine is told by hand. What is not below is not asked for.
type control struct {
	broker.Inspector
	broker.Controller
	broker.Operator
	broker.Timetable
	ledger ledger

	mu    sync.Mutex
	asked []string
	// fail is what all answer.
	fail      error
	operation zeroq.Operation
	schedule  zeroq.Schedule
}

func (c *control) ask(words ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, fmt.Sprintln(words...))
	return c.fail
}

func (c *control) Cancel(_ context.Context, id, queue string) (zeroq.State, error) {
	return zeroq.Leased, c.ask("cancel", id, queue)
}
func (c *control) Retry(_ context.Context, id, queue string) error { return c.ask("retry", id, queue) }
func (c *control) Delete(_ context.Context, id, queue string) error {
	return c.ask("delete", id, queue)
}
func (c *control) Pause(_ context.Context, queue string) error  { return c.ask("pause", queue) }
func (c *control) Resume(_ context.Context, queue string) error { return c.ask("resume", queue) }
func (c *control) Drain(_ context.Context, queue string) error  { return c.ask("drain", queue) }

func (c *control) Limit(_ context.Context, queue string, change zeroq.LimitsChange) error {
	return c.ask("limit", queue, change.Apply(zeroq.Limits{Burst: 9, Concurrency: 9}))
}

func (c *control) WatchTask(_ context.Context, id, queue string, see func(*zeroq.TaskInfo) error) error {
	running := someTask
	running.State = zeroq.Leased
	return errors.Join(c.ask("watch", id, queue), see(&running), see(&someTask))
}

func (c *control) Tasks(_ context.Context, query zeroq.TaskQuery) (zeroq.TaskPage, error) {
	page := zeroq.TaskPage{Tasks: []*zeroq.TaskInfo{&someTask}}
	if query.Cursor == "" {
		page.Next = "next"
	}
	return page, c.ask("tasks", query)
}

func (c *control) DeadGroups(_ context.Context, queue string) ([]zeroq.DeadGroup, error) {
	return []zeroq.DeadGroup{someGroup}, c.ask("groups", queue)
}

var someGroup = zeroq.DeadGroup{Fingerprint: "f1", Count: 2, FirstSeen: someTime, LastSeen: someTime, Sample: "boom"}

func (c *control) Matched(_ context.Context, queue string, selection zeroq.Selection) (int64, error) {
	return 7, c.ask("matched", queue, selection)
}

func (c *control) Begin(_ context.Context, op zeroq.Operation) (zeroq.Operation, error) {
	err := c.ask("begin", op.Queue, op.Verb, op.Selection, op.Rate)
	op.ID, op.Status, op.CreatedAt = "op~mail~0123456789", zeroq.OperationRunning, someTime
	c.mu.Lock()
	defer c.mu.Unlock()
	c.operation = op
	return op, err
}

func (c *control) Operation(_ context.Context, id string) (zeroq.Operation, error) {
	err := c.ask("operation", id)
	c.mu.Lock()
	defer c.mu.Unlock()
	op := c.operation
	c.operation.Status = zeroq.OperationDone
	return op, err
}

func (c *control) Abort(_ context.Context, id string) error { return c.ask("abort", id) }

func (c *control) Schedules(context.Context) ([]zeroq.Schedule, error) {
	return []zeroq.Schedule{c.schedule}, c.ask("schedules")
}

func (c *control) Schedule(_ context.Context, name string) (zeroq.Schedule, error) {
	return c.schedule, c.ask("schedule", name)
}

func (c *control) PutSchedule(_ context.Context, s zeroq.Schedule) (bool, error) {
	created := c.schedule.Name == ""
	c.schedule = s
	return created, c.ask("put", s.Name)
}

func (c *control) DeleteSchedule(_ context.Context, name string) error {
	return c.ask("unschedule", name)
}
func (c *control) PauseSchedule(_ context.Context, name string) error  { return c.ask("hold", name) }
func (c *control) ResumeSchedule(_ context.Context, name string) error { return c.ask("go on", name) }

func (c *control) RunSchedule(_ context.Context, name string) (string, error) {
	return "mail~0~0000000001", c.ask("run", name)
}

// ledger keeps answers in memory, one request at a time.
type ledger struct {
	mu      sync.Mutex
	answers map[string][]byte
}

func (l *ledger) Reserve(_ context.Context, key, _ string, _ time.Duration) (broker.Reservation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return broker.Reservation{Owner: "o", Base: "i-1", Answer: l.answers[key]}, nil
}

func (l *ledger) Renew(context.Context, string, string, time.Duration) error { return nil }
func (l *ledger) Release(context.Context, string, string) error              { return nil }
func (l *ledger) Forget(context.Context, string, string) error               { return nil }

func (l *ledger) Complete(_ context.Context, key, _ string, answer []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answers == nil {
		l.answers = make(map[string][]byte)
	}
	l.answers[key] = answer
	return nil
}

func TestControl_VerbsReachTheEngine(t *testing.T) {
	c, e := start(t)
	ctx, rate, none := t.Context(), 2.5, 0
	state, err := c.Cancel(ctx, "a", "mail")
	if err != nil || state != zeroq.Leased {
		t.Errorf("got %s, %v", state, err)
	}
	_, err1 := c.Pause(ctx, "mail")
	_, err2 := c.Resume(ctx, "mail")
	_, err3 := c.Drain(ctx, "mail")
	info, err4 := c.Limit(ctx, "mail", zeroq.LimitsChange{Rate: &rate, Concurrency: &none})
	if err := errors.Join(c.Retry(ctx, "a", ""), c.Delete(ctx, "a", ""), err1, err2, err3, err4); err != nil {
		t.Error(err)
	}
	if !reflect.DeepEqual(info, someQueue()) {
		t.Errorf("got %+v", info)
	}
	want := []string{
		"cancel a mail\n", "pause mail\n", "resume mail\n", "drain mail\n", "limit mail {2.5 9 0 0}\n",
		"retry a \n", "delete a \n",
	}
	if asked := e.control.asked; !slices.Equal(slices.Compact(asked), want) {
		t.Errorf("asked %q", asked)
	}
}

func TestControl_ErrorsComeBack(t *testing.T) {
	c, e := start(t)
	for _, fail := range []error{
		&zeroq.StateError{State: zeroq.Succeeded}, &zeroq.DuplicateError{TaskID: "first"}, zeroq.ErrUnreadable,
		zeroq.ErrNotFound, zeroq.ErrAmbiguousID, zeroq.ErrUnavailable, zeroq.ErrUnsupported,
	} {
		e.control.fail = fail
		err := c.Retry(t.Context(), "a", "")
		var state *zeroq.StateError
		var duplicate *zeroq.DuplicateError
		switch {
		case errors.As(fail, &state):
			state = nil
			if !errors.As(err, &state) || state.State != zeroq.Succeeded || !errors.Is(err, zeroq.ErrWrongState) {
				t.Error(err)
			}
		case errors.As(fail, &duplicate):
			duplicate = nil
			if !errors.As(err, &duplicate) || duplicate.TaskID != "first" || !errors.Is(err, zeroq.ErrDuplicate) {
				t.Error(err)
			}
		case !errors.Is(err, fail):
			t.Errorf("%v came back as %v", fail, err)
		}
	}
	for typ, cause := range map[string]error{
		"full": zeroq.ErrQueueFull, "draining": zeroq.ErrDraining, "unique": &zeroq.DuplicateError{TaskID: "first"},
	} {
		e.fail = map[string]error{typ: cause}
		var got *client.Error
		err := c.Enqueue(t.Context(), zeroq.NewTask(typ, 1))
		if !errors.As(err, &got) || typ != "unique" && (!errors.Is(err, cause) || got.RetryAfter != time.Second) {
			t.Errorf("%s: %v", typ, err)
		}
		if typ == "unique" && (!errors.Is(err, zeroq.ErrDuplicate) || got.TaskID != "first") {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestControl_Lists(t *testing.T) {
	c, e := start(t)
	n := 0
	query := zeroq.TaskQuery{Queue: "mail", State: zeroq.Dead, Type: "a", Fingerprint: "f1", Limit: 5}
	for info, err := range c.AllTasks(t.Context(), query) {
		if n++; err != nil || !reflect.DeepEqual(*info, someTask) {
			t.Fatal(info, err)
		}
	}
	query = zeroq.TaskQuery{Queue: "mail", State: zeroq.Retry}
	if page, err := c.Tasks(t.Context(), query); err != nil || page.Next != "next" {
		t.Errorf("got %+v, %v", page, err)
	}
	want := []string{
		"tasks {mail dead a f1  5}\n", "tasks {mail dead a f1 next 5}\n", "tasks {mail retry    100}\n",
	}
	if n != 2 || !slices.Equal(e.control.asked, want) {
		t.Errorf("%d tasks; asked %q", n, e.control.asked)
	}
	if groups, err := c.DeadGroups(t.Context(), "mail"); err != nil || !slices.Equal(groups, []zeroq.DeadGroup{someGroup}) {
		t.Errorf("got %+v, %v", groups, err)
	}
	var states []zeroq.State
	for info, err := range c.Events(t.Context(), "t", "") {
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, info.State)
	}
	if !slices.Equal(states, []zeroq.State{zeroq.Leased, zeroq.Dead}) {
		t.Errorf("saw %v", states)
	}
}

func TestControl_Operations(t *testing.T) {
	c, e := start(t)
	op, err := c.RetryDead(t.Context(), "mail", client.DeadLetters{Fingerprint: "f1"}, 2.5)
	if err != nil || op.Status != zeroq.OperationRunning || op.Rate != 2.5 || op.Selection.Fingerprint != "f1" {
		t.Errorf("got %+v, %v", op, err)
	}
	_, err1 := c.DeleteDead(t.Context(), "mail", client.DeadLetters{IDs: []string{"a", "b"}}, 0)
	_, err2 := c.Purge(t.Context(), "mail", zeroq.Ready)
	n, err3 := c.CountDead(t.Context(), "mail", client.DeadLetters{All: true})
	over, err4 := c.WaitOperation(t.Context(), op.ID, nil)
	if err := errors.Join(err1, err2, err3, err4, c.AbortOperation(t.Context(), op.ID)); err != nil {
		t.Error(err)
	}
	if n != 7 || over.Status != zeroq.OperationDone {
		t.Errorf("got %d, %+v", n, over)
	}
	want := []string{
		"begin mail retry {dead [] f1} 2.5\n", "begin mail delete {dead [a b] } 0\n", "begin mail delete {ready [] } 0\n",
		"matched mail {dead [] }\n", "operation op~mail~0123456789\n", "abort op~mail~0123456789\n",
	}
	if asked := slices.Compact(e.control.asked); !slices.Equal(asked, want) {
		t.Errorf("asked %q", asked)
	}
	// None selected is not all.
	if _, err := c.DeleteDead(t.Context(), "mail", client.DeadLetters{}, 0); err == nil {
		t.Error("an empty selection was taken")
	}
}

func TestControl_Schedules(t *testing.T) {
	c, e := start(t)
	schedule := zeroq.Schedule{
		Name: "nightly", Spec: "0 3 * * *", Timezone: "Europe/Oslo", Jitter: time.Minute,
		Overlap: zeroq.OverlapSkip, CatchUp: zeroq.CatchUpLast, Paused: true,
		Task: &zeroq.Task{
			Type: "report", Queue: "mail", Data: []byte(`{"a":"<"}`), Timeout: time.Minute, Retention: 2 * time.Hour,
			Priority: zeroq.Low, MaxAttempts: 2, Headers: map[string]string{"h": "v"},
		},
	}
	for _, isNew := range []bool{true, false} {
		got, created, err := c.PutSchedule(t.Context(), schedule)
		if err != nil || created != isNew || !reflect.DeepEqual(normal(got), schedule) {
			t.Errorf("got %+v with %+v, %t, %v", got, got.Task, created, err)
		}
	}
	all, err1 := c.Schedules(t.Context())
	_, err2 := c.Schedule(t.Context(), "nightly")
	_, err3 := c.PauseSchedule(t.Context(), "nightly")
	_, err4 := c.ResumeSchedule(t.Context(), "nightly")
	id, err5 := c.RunSchedule(t.Context(), "nightly")
	err := errors.Join(err1, err2, err3, err4, err5, c.DeleteSchedule(t.Context(), "nightly"))
	if err != nil || len(all) != 1 || id != "mail~0~0000000001" {
		t.Errorf("got %+v, %s, %v", all, id, err)
	}
	for _, verb := range []string{"put nightly\n", "hold nightly\n", "go on nightly\n", "run nightly\n", "unschedule nightly\n"} {
		if !slices.Contains(e.control.asked, verb) {
			t.Errorf("%q was not asked: %q", verb, e.control.asked)
		}
	}
}

// normal is a schedule without what is known of it.
func normal(s zeroq.Schedule) zeroq.Schedule {
	s.NextRuns = nil
	return s
}

func TestControl_AKeyIsAnsweredOnce(t *testing.T) {
	c, e := start(t)
	ctx := client.WithIdempotencyKey(t.Context(), "key")
	first, second := zeroq.NewTask("a", 1), zeroq.NewTask("a", 1)
	if err := errors.Join(c.Enqueue(ctx, first), c.Enqueue(ctx, second)); err != nil {
		t.Fatal(err)
	}
	if first.ID == "" || first.ID != second.ID || len(e.tasks) != 1 {
		t.Errorf("%s and %s, %d tasks", first.ID, second.ID, len(e.tasks))
	}
}
