package redisq

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
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
