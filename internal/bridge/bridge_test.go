package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func TestBridge_MessagesBecomeTasksAndAreAcknowledged(t *testing.T) {
	t.Parallel()
	for name, powers := range map[string]broker.Powers{"in order": inOrder, "in any order": {Name: "memory"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, powers)
			if !powers.Order {
				r.bridge.Group = ""
			}
			r.send(0, 500, "")
			r.run()
			r.send(500, 1000, "")
			got := r.crossed()
			slices.Sort(got)
			if !slices.Equal(got, upTo(1000)) {
				t.Errorf("%d tasks: %v", len(got), got)
			}
		})
	}
}

func TestBridge_TheMessagesOfAKeyKeepTheirOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	r.fail = func(attempt int, _ *zeroq.Task) error {
		if attempt%3 == 0 { // some are refused now and then
			return zeroq.ErrUnavailable
		}
		return nil
	}
	r.send(0, 60, "ann")
	r.run()
	if got := r.crossed(); !slices.Equal(got, upTo(60)) {
		t.Errorf("the order is %v", got)
	}
}

func TestBridge_NothingIsAcknowledgedBeforeItIsIn(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{
		"away": zeroq.ErrUnavailable, "full": zeroq.ErrQueueFull, "draining": zeroq.ErrDraining, "store full": zeroq.ErrStoreFull,
		"a group that the queue does not have": &zeroq.FieldError{Field: "group", Reason: "is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, inOrder)
			r.fail = func(int, *zeroq.Task) error { return fmt.Errorf("put: %w", refusal) }
			r.send(0, 20, "")
			r.run()
			r.eventually("three attempts", func() bool { return r.attempts() > 3 })
			if left := r.left(); left != 20 {
				t.Fatalf("%d of 20 messages left", left)
			}
			r.set(func() { r.fail = nil })
			if got := r.crossed(); len(got) != 20 {
				t.Errorf("%d tasks", len(got))
			}
		})
	}
}

func TestBridge_ReceivesNoMoreThanItMayHoldWhileNothingGoesIn(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	most := 0
	r.bridge.Put = func(_ context.Context, tasks []*zeroq.Task) []error {
		r.set(func() { most, r.puts = max(most, len(tasks)), r.puts+1 })
		return slices.Repeat([]error{zeroq.ErrQueueFull}, len(tasks))
	}
	r.send(0, 3*hold, "")
	r.run()
	r.eventually("three attempts", func() bool { return r.attempts() > 3 })
	r.set(func() {
		if most != hold {
			t.Errorf("%d messages in hand", most)
		}
	})
}

func TestBridge_AFullQueueTakesTheRestOnceThereIsRoom(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	r.bridge.Put = r.queue.Enqueue
	limit := func(n int) {
		t.Helper()
		if err := r.queue.Limit(t.Context(), "orders", zeroq.LimitsChange{MaxLength: &n}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.queue.CheckQueue(t.Context(), "orders"); err != nil {
		t.Fatal(err)
	}
	limit(5)
	r.send(0, 30, "ann")
	r.run()
	r.eventually("a full queue", func() bool { return r.left() == 25 })
	if ready := r.info().Counts[zeroq.Ready]; ready != 5 {
		t.Errorf("%d tasks wait", ready)
	}
	limit(0)
	if got := r.crossed(); !slices.Equal(got, upTo(30)) {
		t.Errorf("the order is %v", got)
	}
}

// A process that dies after the enqueue and before the acknowledgement leaves the message to another.
func TestBridge_KilledBeforeItAcknowledgesLeavesNoSecondTask(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	r.send(0, 50, "")
	r.set(func() { r.lose = true }) // it is in, and the bridge does not know
	first, stop := r.run()
	r.eventually("50 tasks", func() bool { return len(r.taken()) == 50 })
	first.Kill()
	stop()
	if left := r.left(); left != 50 {
		t.Fatalf("%d of 50 messages left", left)
	}
	r.set(func() { r.lose = false })
	r.run()
	got := r.crossed()
	slices.Sort(got)
	if !slices.Equal(got, upTo(50)) {
		t.Errorf("%d tasks: %v", len(got), got)
	}
}

// Offsets that are set back have everything delivered again.
func TestBridge_AReplayMakesNoSecondTask(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	r.send(0, 30, "")
	r.server.Send("orders.v1", broker.Message{ID: "orders.v1.0.99", Body: []byte("nope")})
	_, stop := r.run()
	r.eventually("all acknowledged", func() bool { return r.left() == 0 })
	stop()
	r.bridge.Group = "another" // which has read nothing
	r.run()
	r.eventually("all acknowledged again", func() bool { return r.left() == 0 })
	if total := r.info().Totals[zeroq.CountEnqueued]; total != 31 {
		t.Errorf("%d tasks", total)
	}
}

func TestBridge_AnAnswerThatIsLostMakesNoSecondTask(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	r.bridge.Mapping.IDFrom = From{Place: None} // not even of a message without a name
	r.send(0, 20, "")
	r.set(func() { r.lose = true })
	r.run()
	r.eventually("a second attempt", func() bool { return r.attempts() > 2 })
	r.set(func() { r.lose = false })
	if got := r.crossed(); len(got) != 20 {
		t.Errorf("%d tasks: %v", len(got), got)
	}
}

func TestBridge_ATaskWhoseUniqueKeyIsTakenIsIn(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	r.fail = func(int, *zeroq.Task) error { return &zeroq.DuplicateError{TaskID: "other"} }
	r.send(0, 3, "")
	r.run()
	r.eventually("all acknowledged", func() bool { return r.left() == 0 })
}

func TestBridge_WhatIsNoTaskHoldsUpNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	r.server.Send("orders.v1",
		broker.Message{ID: "orders.v1.0.100", Group: "ann", Body: []byte("\xff no JSON")},
		broker.Message{ID: "orders.v1.0.101", Group: "ann", Body: fmt.Appendf(nil, `"%01048577d"`, 7)},
	)
	r.send(0, 3, "ann")
	r.run()
	r.eventually("all acknowledged", func() bool { return r.left() == 0 })
	want := []string{
		"unreadable:events:orders.v1:0.100", "unreadable:events:orders.v1:0.101",
		"events:orders.v1:0.0", "events:orders.v1:0.1", "events:orders.v1:0.2",
	}
	if got := r.taken(); !slices.Equal(got, want) {
		t.Errorf("the queue has %v", got)
	}
	for _, id := range want[:2] {
		if info, err := r.queue.Task(t.Context(), id, "orders"); err != nil || info.Type != broker.UnreadableType {
			t.Errorf("%s: %+v, %v", id, info, err)
		}
	}
}

func TestBridge_LetsGoOfWhatIsAnothersByNow(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	r.bridge.Mapping.IDFrom = From{Place: None} // so that a second enqueue would be seen
	r.fail = func(int, *zeroq.Task) error { return zeroq.ErrQueueFull }
	r.send(0, 10, "ann")
	r.run()
	r.eventually("an attempt", func() bool { return r.attempts() > 0 })
	r.server.Rebalance("orders.v1\x00g")
	r.set(func() { r.fail = nil })
	if got := r.crossed(); !slices.Equal(got, upTo(10)) {
		t.Errorf("the queue has %v", got)
	}
}

func TestBridge_SeveralShareASource(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	for range 3 {
		r.run()
	}
	for key := range 10 {
		r.send(key*20, key*20+20, fmt.Sprint("key-", key))
	}
	got := r.crossed()
	for key := range 10 {
		of := slices.DeleteFunc(slices.Clone(got), func(n int) bool { return n/20 != key })
		if len(of) != 20 || !slices.IsSorted(of) {
			t.Errorf("key %d has %v", key, of)
		}
	}
}

func TestBridge_GoesOnWhenTheSourceComesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	r.server.Stop()
	r.run()
	r.send(0, 5, "")
	r.server.Start()
	r.eventually("the first tasks", func() bool { return len(r.taken()) == 5 })
	r.server.Stop()
	r.send(5, 10, "")
	r.server.Start()
	if got := r.crossed(); len(got) != 10 {
		t.Errorf("%d tasks", len(got))
	}
}

// untapped is a carrier whose source is not there at first.
type untapped struct {
	broker.Carrier
	missing int
}

var errNoTopic = errors.New("no such topic")

func (u *untapped) Tap(ctx context.Context, source, group string, most int) (broker.Subscription, error) {
	if u.missing--; u.missing >= 0 {
		return nil, errNoTopic
	}
	return u.Carrier.Tap(ctx, source, group, most)
}

func TestBridge_WaitsForASourceThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := newRig(t, inOrder)
	r.send(0, 3, "")
	b := r.bridge
	b.Carrier = &untapped{Carrier: r.server.Open(), missing: 1}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.Run(ctx)
	}()
	r.eventually("three tasks", func() bool { return len(r.taken()) == 3 })
	cancel()
	<-ended
}
