package redisq

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// wantCalls makes calls of enqueue_one and checks what each is answered.
func (r *rig) wantCalls(when, want string, calls ...call) {
	r.Helper()
	answers, err := r.runAll(r.Context(), scriptEnqueueOne, calls)
	r.must(err)
	for _, a := range answers {
		if a.status != want {
			r.Errorf("%s: answered %s, want %s", when, a.status, want)
		}
	}
}

// otherCall is what another call for the same id looks like that was made in the same millisecond.
func otherCall(c call) call {
	args := slices.Clone(c.args)
	args[1] = strings.Repeat("A", 12)
	args[5] = strings.Replace(c.args[5].(string), c.args[1].(string), args[1].(string), 1)
	return call{keys: c.keys, args: args}
}

// A worker can be done with a task before its producer, who had no answer, has sent it again: that is said to
// be in. Another task of the id is not, though it comes in the same millisecond: it would be lost.
func TestSameCall_IsKnownWhateverBecameOfTheTask(t *testing.T) {
	t.Parallel()
	lives := map[string][]zeroq.State{
		"waiting": nil, "succeeded": {zeroq.Succeeded}, "retry": {zeroq.Retry}, "dead": {zeroq.Dead}, "expired": {zeroq.Expired},
		"handed back": {zeroq.Ready}, "in the second attempt": {zeroq.Retry, zeroq.Succeeded},
		"cancelled": {zeroq.Cancelled}, "revived": {zeroq.Dead, zeroq.Succeeded},
	}
	for name, states := range lives {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.must(r.Ping(t.Context()))
			task := newTask(zeroq.ID("x"), zeroq.MaxAttempts(7), zeroq.UniqueKey("k", zeroq.UntilFinished))
			c := r.specialCall(r.keys, task)
			r.wantCalls("first", statusOK, c)
			m := r.join("w")
			for i, state := range states {
				if i > 0 {
					r.runAgain("x", states[i-1])
				}
				o := outcome(m, r.fetch(m, 1)[0], state)
				o.Result = json.RawMessage(`{"e":1,"n":"` + strings.Repeat("A", 12) + `","x":{}}`)
				r.settle(m, o)
			}
			r.unchanged(name, func() {
				r.wantCalls("sent again", statusOK, c)
				r.wantCalls("another", statusDuplicate, otherCall(c))
			})
		})
	}
}

// runAgain makes a task ready that waits for its next attempt, or is dead.
func (r *rig) runAgain(id string, from zeroq.State) {
	r.Helper()
	if from == zeroq.Dead {
		r.must(r.Retry(r.Context(), id, "q"))
		return
	}
	r.must(r.client.ZAdd(r.Context(), r.keys.retry, zOf(1, id)).Err())
	_, err := r.Promote(r.Context(), "q")
	r.must(err)
}

// A bare message was put on the list by somebody else, whenever that was, and whatever its result says.
func TestSameCall_IsNoBareMessage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.push(`{"id":"x","type":"echo"}`)
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	c := r.specialCall(r.keys, newTask(zeroq.ID("x")))
	record, err := decodeRecord(c.args[5].(string))
	r.must(err)
	record.EnqueuedAt = d.Task.EnqueuedAt.UnixMilli()
	c.args[5] = record.encode()
	r.wantCalls("in flight", statusDuplicate, c)
	o := outcome(m, d, zeroq.Succeeded)
	o.Result = json.RawMessage(`{"n":"` + record.Nonce + `","t":1}`)
	r.settle(m, o)
	r.wantCalls("settled", statusDuplicate, c)
}

func TestSameCall_SecondTaskOfAnIDIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	errs := r.Enqueue(t.Context(), []*zeroq.Task{newTask(zeroq.ID("x")), newTask(zeroq.ID("x"))})
	if errs[0] != nil || !errors.Is(errs[1], zeroq.ErrDuplicateID) {
		t.Errorf("two tasks of one id: %v", errs)
	}
	if n := r.count(zeroq.Ready); n != 1 {
		t.Errorf("%d are ready", n)
	}
}

// Tasks with ids of ours are many, and have no use for the word: their records do not grow by it.
func TestSameCall_LeavesNothingInRecordsOfOurIDs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask(), newTask(zeroq.UniqueKey("k", zeroq.UntilFinished)))
	m := r.join("w")
	var outcomes []broker.Outcome
	for _, d := range r.fetch(m, 2) {
		outcomes = append(outcomes, outcome(m, d, zeroq.Succeeded))
	}
	r.settle(m, outcomes...)
	for key, content := range r.dump() {
		if strings.HasPrefix(key, r.keys.prefix+"r:") && strings.Contains(content, `"n":`) {
			t.Errorf("%s holds %s", key, content)
		}
	}
}

// The word is looked for in what the record was before; what else stands there stops no settling half-way.
func TestSameCall_KeyOfAnotherTypeIsWrittenOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask(zeroq.ID("x")))
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	key := r.keys.place("x").key
	r.must(r.client.Del(t.Context(), key).Err())
	r.must(r.client.HSet(t.Context(), key, "n", "1").Err())
	r.settle(m, outcome(m, d, zeroq.Succeeded))
	r.wants("x", zeroq.Succeeded)
}
