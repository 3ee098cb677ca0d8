package redisq

import (
	"errors"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// A task that asks for what its broker does not do is refused, and no other with it. Every process knows which
// broker it is.
func TestCarry_WhatTheBrokerDoesNotDoIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		powers   broker.Powers
		group    string // the field that is wrong
		priority string
	}{
		"redis":     {broker.Powers{}, "group", ""},
		"ordered":   {ordered, "", "priority"},
		"unordered": {unordered, "group", "priority"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.must(r.Carry(t.Context(), "q", c.powers))
			for _, process := range []*rig{r, r.another()} {
				errs := process.Enqueue(t.Context(), []*zeroq.Task{
					newTask(), newTask(zeroq.Group("g")), newTask(zeroq.Prioritized(zeroq.High)), newTask(),
				})
				for i, field := range []string{"", c.group, c.priority, ""} {
					wantFieldOrNil(t, errs[i], field)
				}
			}
			for field, task := range map[string]*zeroq.Task{
				c.group: newTask(zeroq.Group("g")), c.priority: newTask(zeroq.Prioritized(zeroq.Low)),
			} {
				if field != "" {
					field = "task." + field
				}
				s := hourly("s", func(s *zeroq.Schedule) { task.Headers, s.Task = nil, task })
				_, err := r.PutSchedule(t.Context(), s)
				wantFieldOrNil(t, err, field)
				wantFieldOrNil(t, r.Configured(t.Context(), "file", []zeroq.Schedule{s}), field)
				if err == nil {
					shown, err := r.Schedule(t.Context(), "s")
					r.must(err)
					if shown.Task.Group != task.Group {
						t.Errorf("the schedule's task is of group %q, want %q", shown.Task.Group, task.Group)
					}
				}
			}
		})
	}
}

func wantFieldOrNil(t *testing.T, err error, field string) {
	t.Helper()
	var wrong *zeroq.FieldError
	if field == "" && err == nil || errors.As(err, &wrong) && wrong.Field == field {
		return
	}
	t.Errorf("answered %v, want an error of field %q", err, field)
}

// A bare message is held to what producers are held to.
func TestCarry_BareMessageOfAGroupIsADeadLetterWhereOrderIsNotKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.push(`{"type":"echo","group":"g"}`)
	wantFieldOrNil(t, r.fetch(r.join("w"), 1)[0].Err, "group")
}

func TestCarry_AnotherBrokerWaitsUntilNothingIsLeftAtTheOne(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		o, m := r.Outbox("q", "relay"), r.join("w")
		r.put(newTasks(3)...)
		batch, err := o.Take(ctx, 2)
		r.must(err)
		refuses := func(when string, n string) {
			t.Helper()
			for _, powers := range []broker.Powers{unordered, {}} {
				err := r.Carry(ctx, "q", powers)
				if !errors.Is(err, zeroq.ErrUnsupported) || !strings.Contains(err.Error(), n+" tasks") || !strings.Contains(err.Error(), "at kafka") {
					t.Errorf("%s: %v", when, err)
				}
			}
			r.must(r.Carry(ctx, "q", ordered))
		}
		refuses("on their way", "2")
		r.must(o.Done(ctx, batch))
		refuses("away", "2")
		r.settleAs(m, zeroq.Succeeded, r.admit(m, "GG", batch.Messages...)...)
		r.must(r.Carry(ctx, "q", broker.Powers{}))
		r.fetch(m, 1)
		if left := r.client.HMGet(ctx, r.keys.gate, gateCarrier, gateOrdered, gateAway).Val(); left[0] != nil || left[1] != nil || left[2] != nil {
			t.Errorf("the gate has %v", left)
		}
		r.must(r.Carry(ctx, "q", unordered))
		wantFieldOrNil(t, r.Enqueue(ctx, newTasks(1, zeroq.Group("g")))[0], "group")
	})
}

func TestCarry_WritesNothingWhereNothingChanges(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		r.unchanged("the same once more", func() { r.must(r.Carry(t.Context(), "q", ordered)) })
	})
}

// What waits at a carrier cannot be gone through, but each task is found by its id.
func TestCarry_TasksThatWaitAreFoundByIDOnly(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.sent(newTask(zeroq.ID("one")), newTask(zeroq.ID("two")))
		ready := zeroq.Selection{State: zeroq.Ready}
		_, err := r.Matched(ctx, "q", ready)
		wantFieldOrNil(t, err, "state")
		_, err = r.Begin(ctx, zeroq.Operation{Queue: "q", Verb: zeroq.VerbDelete, Selection: ready})
		wantFieldOrNil(t, err, "state")
		_, err = r.Tasks(ctx, zeroq.TaskQuery{Queue: "q", State: zeroq.Ready, Limit: 5})
		wantFieldOrNil(t, err, "state")
		_, err = r.Tasks(ctx, zeroq.TaskQuery{Queue: "q", State: zeroq.Dead, Limit: 5})
		wantFieldOrNil(t, err, "")
		op := r.begin(zeroq.VerbDelete, zeroq.Selection{State: zeroq.Ready, IDs: []string{"one"}}, 0)
		r.work()
		r.done(op, 1, 0)
		r.wants("two", zeroq.Ready)
		r.counts("one was deleted", map[zeroq.State]int64{zeroq.Ready: 1})
	})
}
