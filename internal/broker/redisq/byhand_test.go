package redisq

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// each calls a verb on tasks of both kinds of id, in every state that it may find them in.
func (r *rig) each(states ...zeroq.State) map[string]zeroq.State {
	r.Helper()
	all := make(map[string]zeroq.State)
	m := r.joinFor("each", broker.AtLeastOnce, time.Minute)
	for _, state := range states {
		for _, id := range []string{"", "mine-" + string(state)} {
			var options []zeroq.Option
			if state == zeroq.Scheduled {
				options = append(options, zeroq.Delay(time.Hour))
			}
			task := newTask(append(options, zeroq.ID(id))...)
			r.put(task)
			switch state {
			case zeroq.Ready, zeroq.Scheduled:
			case zeroq.Cancelled:
				r.cancel(task.ID, zeroq.Cancelled)
				r.nothing(m)
			default:
				held := r.fetch(m, 1)[0]
				if state != zeroq.Leased {
					r.settle(m, outcome(m, held, state))
				}
			}
			all[task.ID] = state
		}
	}
	return all
}

func TestReplay_ByHandCountsOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := attach(r.Broker, nil)
	again := func(script, id, want string) {
		t.Helper()
		r.unchanged(script+" of "+id+" sent again", func() {
			if answer := r.resend(s, script); answer[0] != want {
				t.Errorf("%s of %s: answered %v", script, id, answer)
			}
		})
		r.sound()
	}
	ctx := t.Context()
	for id, state := range r.each(zeroq.Dead, zeroq.Expired, zeroq.Cancelled, zeroq.Succeeded, zeroq.Scheduled, zeroq.Retry, zeroq.Leased, zeroq.Ready) {
		switch state {
		case zeroq.Dead, zeroq.Expired, zeroq.Cancelled:
			r.must(r.Retry(ctx, id, ""))
			again("revive", id, statusOK)
		case zeroq.Leased:
			r.cancel(id, zeroq.Leased)
			again("cancel", id, statusLeased)
			continue
		}
		if state != zeroq.Succeeded {
			r.cancel(id, zeroq.Cancelled)
			again("cancel", id, statusOK)
		}
		r.must(r.Delete(ctx, id, ""))
		again("delete", id, statusGone)
	}
	rate := 3.0
	r.must(r.Pause(ctx, "q"))
	again("gate", "pause", statusOK)
	r.must(r.Resume(ctx, "q"))
	again("gate", "resume", statusOK)
	r.must(r.Limit(ctx, "q", zeroq.LimitsChange{Rate: &rate}))
	again("gate", "limit", statusChanged)
	r.must(r.Sample(ctx, "q"))
	again("sample", "queue", statusOK)
	r.must(r.Recount(ctx, "q"))
	again("recount", "queue", statusOK)
}

func TestFullMemory_OperatorsGoOn(t *testing.T) {
	t.Parallel()
	var all map[string]zeroq.State
	r := newFullRig(t, func(r *rig) {
		all = r.each(zeroq.Dead, zeroq.Expired, zeroq.Cancelled, zeroq.Succeeded, zeroq.Scheduled, zeroq.Retry, zeroq.Leased, zeroq.Ready)
	})
	ctx, rate := t.Context(), 3.0
	for what, err := range map[string]error{
		"drain": r.Drain(ctx, "q"), "resume": r.Resume(ctx, "q"), "limit": r.Limit(ctx, "q", zeroq.LimitsChange{Rate: &rate}),
		"configure": r.Configure(ctx, "q", zeroq.Limits{Concurrency: 5}), "pause": r.Pause(ctx, "q"),
		"sample": r.Sample(ctx, "q"), "recount": r.Recount(ctx, "q"),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for id, state := range all {
		switch state {
		case zeroq.Dead, zeroq.Expired, zeroq.Cancelled:
			r.must(r.Retry(ctx, id, ""))
		case zeroq.Leased:
			r.cancel(id, zeroq.Leased)
			r.refused(r.Delete(ctx, id, ""), zeroq.Leased)
			continue
		}
		if state != zeroq.Succeeded {
			r.cancel(id, zeroq.Cancelled)
		}
		r.must(r.Delete(ctx, id, ""))
	}
	r.sound()
	if n := r.count(zeroq.Leased); n != 2 {
		t.Errorf("%d are leased, want 2", n)
	}
}

// A key of another type ends a script before it has begun: nothing is lost, and the same call works once
// the key is itself again.
func TestByHand_KeyOfAnotherTypeLosesNothing(t *testing.T) {
	t.Parallel()
	verbs := map[string]func(r *rig, id string) error{
		"cancel": func(r *rig, id string) error { return errOf(r.Cancel(r.Context(), id, "q")) },
		"retry":  func(r *rig, id string) error { return r.Retry(r.Context(), id, "q") },
		"delete": func(r *rig, id string) error { return r.Delete(r.Context(), id, "q") },
	}
	keys := map[string][]string{
		"cancel": {"withdrawn", "counters", "crashes", "waiters", "parked", "cancelled"},
		"retry":  {"ready", "ready:high", "ready:low", "withdrawn", "counters", "errors", "expired"},
		"delete": {"finished", "finished:at", "withdrawn", "counters", "errors", "crashes", "waiters"},
	}
	for verb, do := range verbs {
		for _, key := range keys[verb] {
			t.Run(verb+" "+key, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				state := zeroq.Dead
				if verb == "cancel" {
					state = zeroq.Scheduled
				}
				for id := range r.each(state) {
					wrongTypeLosesNothing(r, func() error { return do(r, id) }, r.keys.prefix+key)
				}
				r.sound()
			})
		}
	}
}

// Somebody who watches for long is still told of the end by the bell.
func TestWatch_AsksForTheBellAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask(zeroq.ID("mine")))
	m := r.joinFor("w", broker.AtLeastOnce, time.Minute)
	d := r.fetch(m, 1)[0]
	seen, ended := make(chan *zeroq.TaskInfo, 100), make(chan error, 1)
	go func() {
		ended <- r.WatchTask(t.Context(), "mine", "q", func(info *zeroq.TaskInfo) error {
			seen <- info
			return nil
		})
	}()
	awaited := func() bool { return r.client.SIsMember(t.Context(), r.keys.waiters, "mine").Val() }
	<-seen
	r.until("it is awaited", awaited)
	for i := range 3 {
		r.must(m.Report(t.Context(), d.Lease, map[string]json.RawMessage{d.Receipt: json.RawMessage(`{"n":` + string(rune('0'+i)) + `}`)}))
		if info := <-seen; info.State != zeroq.Leased || !strings.Contains(string(info.Progress), `"n"`) {
			t.Errorf("seen was %+v", info)
		}
	}
	// Somebody rings, which takes the task off the list: it is put back.
	r.must(r.client.SRem(t.Context(), r.keys.waiters, "mine").Err())
	r.must(r.client.Publish(t.Context(), r.keys.done, "mine").Err())
	r.until("it is awaited again", awaited)
	if ttl := r.client.TTL(t.Context(), r.keys.waiters).Val(); ttl < askAgain {
		t.Errorf("it is forgotten in %v", ttl)
	}
	r.cancel("mine", zeroq.Leased)
	if info := <-seen; !info.CancelRequested || info.State != zeroq.Leased {
		t.Errorf("seen was %+v", info)
	}
	r.settle(m, outcome(m, d, zeroq.Succeeded))
	r.must(<-ended)
	if info := <-seen; info.State != zeroq.Succeeded || info.CancelRequested {
		t.Errorf("seen was %+v", info)
	}
}

// Queues are many, and each is asked in the same round trip.
func TestQueues_AreOneRoundTrip(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, queue := range []string{"a", "b", "c", "d"} {
		r.put(newTask(zeroq.Queue(queue)))
	}
	r.must(errOf(r.Queues(t.Context()))) // the script is known from here on
	trips := &counter{}
	r.AddHook(trips)
	infos, err := r.Queues(t.Context())
	r.must(err)
	if len(infos) != 4 || trips.n != 2 { // one for the names
		t.Errorf("%d queues in %d round trips", len(infos), trips.n)
	}
}

// counter counts round trips.
type counter struct{ n int }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { c.n++; return next(ctx, cmd) }
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { c.n++; return next(ctx, cmds) }
}

// What changes all the time is given up after a while.
func TestRetryChanged_EndsSomeTime(t *testing.T) {
	t.Parallel()
	tries := 0
	err := (&Broker{}).retryChanged("it", func() (bool, error) { tries++; return false, nil })
	if !errors.Is(err, zeroq.ErrUnavailable) || tries != maxTries {
		t.Errorf("%d tries, %v", tries, err)
	}
}

// Whoever waits for a task hears of its end at once, not by the next look.
func TestSettle_RingsForWhoWaits(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t) // channels are the server's
	r := rigOn(t, server.Conf(), server.Client())
	heard := r.client.Subscribe(t.Context(), r.keys.done)
	t.Cleanup(func() { _ = heard.Close() })
	_, err := heard.Receive(t.Context()) // it has begun
	r.must(err)
	m := r.join("w")
	for _, state := range []zeroq.State{zeroq.Succeeded, zeroq.Dead, zeroq.Expired} {
		id := string(state)
		r.put(newTask(zeroq.ID(id)))
		r.must(r.client.SAdd(t.Context(), r.keys.waiters, id).Err())
		r.settle(m, outcome(m, r.fetch(m, 1)[0], state))
		select {
		case message := <-heard.Channel():
			if message.Payload != id {
				t.Errorf("the bell rings for %s, want %s", message.Payload, id)
			}
		case <-time.After(15 * time.Second):
			t.Fatalf("nobody rings for what is %s", id)
		}
	}
}
