package carried_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carried"
)

// expired lets the outbox's lease run out at once.
func (r *rig) expired() {
	r.t.Helper()
	r.must(r.client.HSet(r.ctx, "zq:{q}:relay", "until", 1).Err())
}

// A relay that dies when the carrier has the messages and Redis does not know it: they are published twice, and
// run once.
func TestRelay_DiesBeforeItIsDone(t *testing.T) {
	t.Parallel()
	for _, powers := range kinds {
		t.Run(powers.Name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, powers)
			r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")))
			r.client.LPush(r.ctx, "zq:{q}:ready", `{"type":"echo","data":"bare"}`)
			dead := r.Outbox("q", "dead")
			batch, err := dead.Take(r.ctx, 512)
			r.must(err)
			if len(batch.Messages) != 3 {
				t.Fatalf("%d messages", len(batch.Messages))
			}
			// What it published, a worker may have run before the next relay comes.
			for i, raw := range batch.Messages {
				r.server.Put("q", broker.Message{ID: carried.NameOf("q", batch.Number, i, raw), Body: raw})
			}
			m := r.worker("w")
			r.succeed(m, r.fetch(m, 2)...)
			r.expired()
			r.relay("next")
			bare := r.fetch(m, 1)
			if string(bare[0].Task.Data) != `"bare"` {
				t.Errorf("%s runs again", bare[0].Raw)
			}
			r.succeed(m, bare...)
			r.drops(m)
			r.wants("a", zeroq.Succeeded)
			r.wants("b", zeroq.Succeeded)
		})
	}
}

// A relay that was silent for too long goes on: what it publishes late is dropped, and it may not say that
// another's batch is done.
func TestRelay_Zombie(t *testing.T) {
	t.Parallel()
	r := newRig(t, ordered)
	r.enqueue(grouped("a1", "a"), grouped("a2", "a"))
	zombie := r.Outbox("q", "zombie")
	batch, err := zombie.Take(r.ctx, 512)
	r.must(err)
	r.expired()
	r.relay("next")
	r.away(2)
	for i, raw := range batch.Messages {
		r.server.Put("q", broker.Message{ID: fmt.Sprint("a", i+1), Group: "a", Body: raw})
	}
	r.until("it may not say that it is done", func() bool { return errors.Is(zombie.Done(r.ctx, batch), broker.ErrHeld) })
	m := r.worker("w")
	for _, want := range []string{"a1", "a2"} {
		d := r.fetch(m, 1)
		if d[0].Receipt != want {
			t.Errorf("%s runs, want %s", d[0].Receipt, want)
		}
		r.succeed(m, d...)
	}
	r.drops(m)
}

// Two relays: one moves at a time, and the other goes on when that ends.
func TestRelay_OneAtATime(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.enqueue(task(zeroq.ID("a")))
		r.away(1)
		stop := r.relay("second")
		r.relay("third")
		r.enqueue(task(zeroq.ID("b")))
		r.away(2)
		stop()
		r.enqueue(task(zeroq.ID("c")))
		r.away(3)
	})
}

func TestRelay_CarrierAway(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.server.Stop()
		r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")))
		r.during(func() {
			info, err := r.Queue(r.ctx, "q")
			r.must(err)
			if info.Counts[zeroq.Ready] != 2 {
				t.Fatalf("%d are ready", info.Counts[zeroq.Ready])
			}
		})
		r.server.Start()
		m := r.worker("w")
		r.succeed(m, r.fetch(m, 2)...)
		r.forgotten()
	})
}

// The carrier took the messages, and its answer was lost.
func TestRelay_AnswerLost(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.server.LoseAnswers(3)
		r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")))
		m := r.worker("w")
		r.succeed(m, r.fetch(m, 2)...)
		r.drops(m)
	})
}

func TestRelay_CarrierHangs(t *testing.T) {
	each(t, func(_ *testing.T, r *rig) {
		r.server.Hang(true)
		r.enqueue(task(zeroq.ID("a")))
		r.during(func() {})
		r.server.Hang(false)
		r.away(1)
	})
}

// A message that the carrier refuses is a dead letter that says why; those beside it are moved.
func TestRelay_RefusedMessageIsADeadLetter(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.server.Refuse(func(m broker.Message) error {
			if m.ID == "b" {
				return fmt.Errorf("%w: it is called b", broker.ErrRefused)
			}
			return nil
		})
		r.enqueue(task(zeroq.ID("a")), task(zeroq.ID("b")), task(zeroq.ID("c")))
		m := r.worker("w")
		r.succeed(m, r.fetch(m, 2)...)
		r.until("it is a dead letter", func() bool {
			info, err := r.Task(r.ctx, "b", "q")
			r.must(err)
			return info.State == zeroq.Dead && strings.Contains(info.Error, "it is called b")
		})
		r.server.Refuse(nil)
		r.must(r.Retry(r.ctx, "b", "q"))
		r.succeed(m, r.fetch(m, 1)...)
		r.forgotten()
	})
}

// What a relay hands over: the id, the group and the headers of a task, and every byte.
func TestRelay_MessagesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	r := newRig(t, ordered)
	sub, err := r.carrier.Subscribe(r.ctx, "q", 10)
	r.must(err)
	one := grouped("a", "customer-7")
	one.Headers = map[string]string{"traceparent": "00-x"}
	r.enqueue(one)
	bare := ` {"type":"echo", "Group":"g","headers":{"h":"1"} }`
	r.must(r.client.LPush(r.ctx, "zq:{q}:ready", bare).Err())
	r.must(r.client.LPush(r.ctx, "zq:{q}:ready", "no \x00 JSON").Err())
	r.relay("relay")
	var got []*broker.Parcel
	r.until("all have come", func() bool {
		got = append(got, sub.Receive(10)...)
		return len(got) == 3
	})
	r.must(sub.Close())
	if p := got[0]; p.ID != "a" || p.Group != "customer-7" || p.Headers["traceparent"] != "00-x" || !strings.HasPrefix(string(p.Body), `{"id":"a"`) {
		t.Errorf("the task is %+v", p.Message)
	}
	if p := got[1]; !strings.HasPrefix(p.ID, "relay.q.1.1.") || !zeroq.ValidID(p.ID) || p.Group != "g" || string(p.Body) != bare {
		t.Errorf("the bare message is %+v", p.Message)
	}
	if p := got[2]; !strings.HasPrefix(p.ID, "relay.q.1.2.") || p.Group != "" || string(p.Body) != "no \x00 JSON" {
		t.Errorf("the other one is %+v", p.Message)
	}
}

// A relay that is told to stop lets the next one begin at once.
func TestRelay_EndsInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, unordered)
	r.relay("one")()
	outbox := r.Outbox("q", "two")
	_, err := outbox.Take(r.ctx, 1)
	r.must(err)
	r.must(outbox.Close(context.WithoutCancel(r.ctx)))
}

// How many wait is right again soon, whatever was lost.
func TestRelay_MeasuresWhatWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t, unordered)
	r.must(r.client.HSet(r.ctx, "zq:{q}:gate", "away", 1000).Err())
	r.relay("relay")
	r.until("the number is right", func() bool {
		info, err := r.Queue(r.ctx, "q")
		r.must(err)
		return info.Counts[zeroq.Ready] == 0
	})
}

// Redis forgets a batch that the carrier has before the relay could say so, and gives its number to another: that
// one is not taken for the first.
func TestRelay_RedisGivesTheNumberOfABatchAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, unordered)
	r.enqueue(task(zeroq.ID("a")))
	r.must(r.client.Del(r.ctx, "zq:{q}:gate").Err())
	broken := false
	r.server.Refuse(func(broker.Message) error {
		if !broken { // it is taken, but cannot be counted
			broken = true
			return r.client.Set(r.ctx, "zq:{q}:gate", "no hash", 0).Err()
		}
		return nil
	})
	r.relay("relay")
	r.away(1)
	r.must(r.client.FlushDB(r.ctx).Err())
	r.enqueue(task(zeroq.ID("b")))
	r.until("the next batch is at the carrier", func() bool {
		return strings.Contains(strings.Join(r.server.Unacknowledged("q"), " "), `"id":"b"`)
	})
}
