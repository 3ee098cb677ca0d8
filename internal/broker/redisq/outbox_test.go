package redisq

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// take takes a batch of so many messages.
func (r *rig) take(o broker.Outbox, want int) broker.Batch {
	r.Helper()
	batch, err := o.Take(r.Context(), 100)
	r.must(err)
	if len(batch.Messages) != want {
		r.Fatalf("%d messages, want %d", len(batch.Messages), want)
	}
	return batch
}

// expireRelay has the outbox's owner be silent for too long.
func (r *rig) expireRelay() {
	r.Helper()
	r.must(r.client.HSet(r.Context(), r.keys.relay, "until", r.Now().Add(-time.Second).UnixMilli()).Err())
}

func TestOutbox_TakesInTheOrderInWhichWorkersWould(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		for _, push := range [][]string{
			{r.keys.landing, "1"}, {r.keys.suspect, "3", "2"}, {r.keys.high, "5", "4"}, {r.keys.ready, "7", "6", ""}, {r.keys.low, "8"},
		} {
			for _, message := range push[1:] {
				r.must(r.client.RPush(ctx, push[0], message).Err())
			}
		}
		o := r.Outbox("q", "relay")
		var all []string
		for _, want := range []int{3, 3, 2} {
			batch, err := o.Take(ctx, 3)
			r.must(err)
			if len(batch.Messages) != want {
				t.Fatalf("%d messages, want %d", len(batch.Messages), want)
			}
			for _, message := range batch.Messages {
				all = append(all, string(message))
			}
			r.must(o.Done(ctx, batch))
		}
		if got := strings.Join(all, ""); got != "12345678" {
			t.Errorf("taken as %s", got)
		}
		r.take(o, 0)
	})
}

func TestOutbox_BatchThatWasNotDoneIsGivenAgain(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.put(newTasks(3)...)
		dies, next := r.Outbox("q", "dies"), r.Outbox("q", "next")
		first, err := dies.Take(ctx, 2)
		r.must(err)
		var held *broker.HeldError
		if _, err := next.Take(ctx, 9); !errors.As(err, &held) || !errors.Is(err, broker.ErrHeld) || held.Wait <= 0 || held.Wait > relayLease {
			t.Fatalf("while another has it: %v", err)
		}
		if again := r.take(dies, 2); again.Number != first.Number {
			t.Errorf("batch %d is %d when it is taken again", first.Number, again.Number)
		}
		r.expireRelay()
		again := r.take(next, 2)
		if again.Number != first.Number || string(again.Messages[0]) != string(first.Messages[0]) || string(again.Messages[1]) != string(first.Messages[1]) {
			t.Errorf("another is given %+v, want %+v", again, first)
		}
		r.unchanged("the one before, once it is over", func() {
			if err := dies.Done(ctx, first); err != broker.ErrHeld {
				t.Errorf("answered %v", err)
			}
		})
		r.must(next.Done(ctx, again))
		if last := r.take(next, 1); last.Number == first.Number {
			t.Error("two batches have one number")
		}
	})
}

func TestOutbox_StragglersForgetNothing(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		s := attach(r.Broker, nil)
		r.put(newTasks(2)...)
		o := r.Outbox("q", "relay")
		first, err := o.Take(ctx, 1)
		r.must(err)
		r.unchanged("a batch taken again", func() { r.resend(s, "relay_take") }, r.keys.relay+":")
		r.must(o.Done(ctx, first))
		r.unchanged("done again", func() {
			if status := r.resend(s, "relay_done")[0]; status != statusOK {
				t.Errorf("answered %v", status)
			}
		}, r.keys.relay+":")
		second, err := o.Take(ctx, 1)
		r.must(err)
		r.unchanged("done when the next batch is under way", func() {
			if status := r.resend(s, "relay_done")[0]; status != statusHeld {
				t.Errorf("answered %v", status)
			}
		})
		r.must(o.Done(ctx, second))
		if n := r.away(); n != 2 {
			t.Errorf("%d are away, want 2", n)
		}
	})
}

func TestOutbox_ClosedIsFreeForOthers(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		one, other := r.Outbox("q", "one"), r.Outbox("q", "other")
		r.put(newTask())
		batch := r.take(one, 1)
		r.must(other.Close(ctx))
		if _, err := other.Take(ctx, 1); !errors.Is(err, broker.ErrHeld) {
			t.Errorf("who closes has taken it from its owner: %v", err)
		}
		r.must(one.Close(ctx))
		if again := r.take(other, 1); again.Number != batch.Number {
			t.Errorf("batch %d, want %d", again.Number, batch.Number)
		}
	})
}

func TestOutbox_WaitEndsWithATask(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		// A priority comes with what was there before the queue had a carrier.
		for _, priority := range []zeroq.Priority{zeroq.Normal, zeroq.High, zeroq.Low} {
			o := r.Outbox("q", "relay")
			r.take(o, 0)
			ended := make(chan error, 1)
			go func() {
				found, err := false, error(nil)
				for !found && err == nil && t.Context().Err() == nil {
					found, err = o.Wait(t.Context())
				}
				ended <- err
			}()
			_, err := r.sendPlain(t.Context(), r.keys, "q", newTasks(1, zeroq.Prioritized(priority)), []int{0})
			r.must(err)
			r.must(<-ended)
			r.must(o.Done(t.Context(), r.take(o, 1)))
			r.must(o.Close(t.Context()))
		}
	})
}

func TestOutbox_BatchIsBoundedInBytes(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		for range 12 {
			r.push(strings.Repeat("x", 1<<20))
		}
		batch, err := r.Outbox("q", "relay").Take(t.Context(), 100)
		r.must(err)
		if n := len(batch.Messages); n < 4 || n > 8 {
			t.Errorf("%d MiB in a batch", n)
		}
	})
}

// What a carrier never takes is a dead letter, whatever the queue allows to start. The rest of the batch goes.
func TestOutbox_BuriesWhatTheCarrierRefuses(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		refused := errors.New("larger than the broker allows")
		tasks := newTasks(3)
		r.put(tasks...)
		r.push("unreadable", `{"type":"bare"}`)
		r.must(r.Limit(ctx, "q", zeroq.LimitsChange{Concurrency: new(1), Rate: new(0.001)}))
		r.must(r.Pause(ctx, "q"))
		o := r.Outbox("q", "relay")
		batch := r.take(o, 5)
		for range 2 { // it is broken off before it is done
			r.must(o.Bury(ctx, batch, map[int]error{0: refused, 2: refused, 3: refused, 4: refused}))
		}
		r.must(o.Done(ctx, batch))
		for i, want := range []zeroq.State{zeroq.Dead, zeroq.Ready, zeroq.Dead} {
			info := r.wants(tasks[i].ID, want)
			if want == zeroq.Dead && (info.Error != refused.Error() || info.Attempt != 0 || info.Errors[0].Worker != "relay") {
				t.Errorf("the dead letter says %+v", info)
			}
		}
		// Bare messages have no id by which they could be known again.
		r.counts("buried", map[zeroq.State]int64{zeroq.Leased: 0, zeroq.Dead: 6})
		if names := r.client.ZRange(ctx, r.keys.groups, 0, -1).Val(); len(names) > 0 {
			t.Errorf("leases that stay: %v", names)
		}
		r.must(r.Resume(ctx, "q"))
		m := r.join("w")
		r.admit(m, "SGS", batch.Messages[:3]...)
	})
}

// Somebody else may have what is to be buried.
func TestOutbox_BuriesNothingThatRuns(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.put(newTask())
		o, m := r.Outbox("q", "relay"), r.join("w")
		batch := r.take(o, 1)
		got := r.admit(m, "G", batch.Messages...)
		r.must(o.Bury(ctx, batch, map[int]error{0: broker.ErrRefused}))
		r.settleAs(m, zeroq.Succeeded, got...)
		r.wants(got[0].Task.ID, zeroq.Succeeded)
		r.counts("run", map[zeroq.State]int64{zeroq.Dead: 0})
	})
}

func TestOutbox_RefusesAQueueOfANewerFormat(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		r.must(r.client.Set(t.Context(), r.keys.version, formatVersion+1, 0).Err())
		r.known.Clear()
		if _, err := r.Outbox("q", "relay").Take(context.WithoutCancel(t.Context()), 1); !errors.Is(err, zeroq.ErrFormat) {
			t.Errorf("answered %v", err)
		}
	})
}

// Nobody may be kept from the outbox for as long as the clock of Redis was set back.
func TestOutbox_ClockSetBackKeepsNobodyOut(t *testing.T) {
	carried(t, func(t *testing.T, r *rig) {
		r.put(newTask())
		_, err := r.Outbox("q", "dead").Take(t.Context(), 10)
		r.must(err)
		ahead := r.Now().Add(time.Hour).UnixMilli()
		r.must(r.client.HSet(t.Context(), r.keys.relay, "until", ahead).Err())
		batch, err := r.Outbox("q", "next").Take(t.Context(), 10)
		r.must(err)
		if len(batch.Messages) != 1 {
			t.Errorf("%d messages", len(batch.Messages))
		}
	})
}
