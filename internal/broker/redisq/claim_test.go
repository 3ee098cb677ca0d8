package redisq

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/taskid"
)

// The message of a deleted task still lies on its list. A bare one of the same id must not take its place:
// handed back, it would be dropped, and the deleted one would run.
func TestClaim_IDIsTakenUntilTheDeletedMessageIsDropped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask(zeroq.ID("mine"), zeroq.Prioritized(zeroq.Low)))
	r.must(r.Delete(t.Context(), "mine", "q"))
	r.push(`{"id":"mine","type":"bare"}`)
	w := r.join("w")
	d := r.fetch(w, 1)[0]
	if !errors.Is(d.Err, zeroq.ErrDuplicateID) {
		t.Errorf("claimed with %v", d.Err)
	}
	r.settle(w, outcome(w, d, zeroq.Dead))
	r.fetchNothing(w)
	r.push(`{"id":"mine","type":"bare"}`)
	if d := r.fetch(w, 1)[0]; d.Err != nil {
		t.Errorf("the id is not free: %v", d.Err)
	}
}

// A bare message whose unique key is taken has neither a record nor the key. Handed back, it must not look
// as if it had been admitted.
func TestClaim_HandedBackDuplicateIsClaimedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask(zeroq.UniqueKey("k", zeroq.UntilFinished), zeroq.Delay(time.Hour)))
	message := `{"type":"bare","unique":{"key":"k"}}`
	r.push(message)
	w := r.join("w")
	d := r.fetch(w, 1)[0]
	r.settle(w, outcome(w, d, zeroq.Ready))
	if got := r.client.LRange(t.Context(), r.keys.ready, 0, -1).Val(); !slices.Equal(got, []string{message}) {
		t.Errorf("ready holds %q", got)
	}
	if d := r.fetch(w, 1)[0]; !errors.Is(d.Err, zeroq.ErrDuplicate) {
		t.Errorf("claimed with %v", d.Err)
	}
}

// Every end of a task frees its unique key. Should Redis have lost that write, the key is taken over from who
// has finished, and from who is not known any more.
func TestUnique_KeyOfWhoHasFinishedIsTakenOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask(zeroq.ID("over")))
	w := r.join("w")
	r.settle(w, outcome(w, r.fetch(w, 1)[0], zeroq.Dead))
	for _, owner := range []string{"over", "nobody"} {
		task := newTask(zeroq.UniqueKey(owner, zeroq.UntilFinished))
		r.must(r.client.Set(t.Context(), r.keys.unique+lockOf(task.Unique)[1:], "f"+owner, 0).Err())
		r.put(task)
	}
}

// A key that nobody lets go of would be left for ever, as no task asks for it again.
func TestUnique_EveryEndOfATaskFreesItsKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w := r.join("w")
	for _, state := range []zeroq.State{zeroq.Succeeded, zeroq.Dead, zeroq.Expired, zeroq.Cancelled} {
		task := newTask(zeroq.UniqueKey(string(state), zeroq.UntilFinished))
		r.put(task)
		key := r.keys.unique + lockOf(task.Unique)[1:]
		if r.client.Exists(t.Context(), key).Val() == 0 {
			t.Fatalf("%s is not there while its task waits", key)
		}
		r.settle(w, outcome(w, r.fetch(w, 1)[0], state))
		if r.client.Exists(t.Context(), key).Val() != 0 {
			t.Errorf("%s: the key is left", state)
		}
	}
}

// Of the calls of one round trip some may have been made when all are sent again: the first is made after the
// others then. Redis has lost nothing, and the worker must not hear that it has.
func TestClaim_SentAgainInPartIsNotForgotten(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(r *rig){
		"an id was given out twice": func(r *rig) {
			r.put(newTasks(2)...) // has numbers at hand
			at := r.keys.place(taskid.New("q", 0, r.Broker.ids.span("q").next))
			r.must(r.client.HSet(r.Context(), at.key, at.slot, newRecord(markLive, newTask()).encode()).Err())
		},
		"Redis lost its scripts": func(r *rig) {
			r.must(scriptClaim.Load(r.Context(), r.client).Err())
			r.calls.AddHook(&loser{r: r})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			w := r.join("w")
			spoil(r)
			for _, d := range r.fetch(w, int(r.count(zeroq.Ready))) {
				r.settle(w, outcome(w, d, zeroq.Succeeded))
			}
			r.push(`{"type":"echo"}`, `{"type":"echo"}`, `{"type":"echo"}`)
			claimed := 0
			r.until("all are claimed", func() bool {
				deliveries, err := w.Fetch(t.Context(), 10, 0)
				if err != nil && !errors.Is(err, errIDTaken) {
					t.Fatal(err)
				}
				claimed += len(deliveries)
				r.must(w.Beat(t.Context()))
				return claimed == 3
			})
			if n, c := w.lease.claimed.Load(), r.inFlight(w)["#c"]; n != 3 || c != "3" {
				t.Errorf("3 claims were made; the worker knows of %d, Redis of %s", n, c)
			}
		})
	}
}

// loser has Redis not know the claim script at the first call of a round trip, but know it by the second.
type loser struct {
	r    *rig
	done bool
}

func (l *loser) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *loser) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (l *loser) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if args := cmds[0].Args(); l.done || args[0] != "evalsha" || args[1] != scriptClaim.Hash() {
			return next(ctx, cmds)
		}
		l.done = true
		unknown := l.r.client.EvalSha(ctx, strings.Repeat("0", 40), nil).Err()
		cmds[0].SetErr(unknown)
		return cmp.Or(next(ctx, cmds[1:]), unknown)
	}
}
