package carried_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Messages that somebody produced straight to the carrier are tasks as good as any.
func TestBare_AtTheCarrier(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for range 2 { // the carrier delivers again
			r.server.Put("q",
				broker.Message{ID: "orders/3/17", Body: []byte(`{"type":"echo","data":1, "x":{}}`)},
				broker.Message{ID: "theirs", Body: []byte(`{"type":"echo","data":2}`)},
				broker.Message{ID: "ignored", Body: []byte(`{"id":"own","type":"echo","data":3,"priority":"high"}`)},
			)
		}
		m := r.worker("w")
		seen := map[string]string{}
		held := r.fetch(m, 3)
		for _, d := range held {
			if d.Err != nil {
				t.Fatalf("%s: %v", d.Raw, d.Err)
			}
			seen[string(d.Task.Data)] = d.Task.ID
			if string(d.Task.Data) == "1" && !strings.Contains(string(d.Raw), `"x":{}`) {
				t.Errorf("something is lost: %s", d.Raw)
			}
		}
		if !strings.HasPrefix(seen["1"], "carried.") || seen["2"] != "theirs" || seen["3"] != "own" {
			t.Errorf("their ids are %v", seen)
		}
		r.succeed(m, held...)
		r.drops(m)
		r.until("it is known that nothing waits", func() bool { // nobody counted what was not relayed
			info, err := r.Queue(r.ctx, "q")
			r.must(err)
			return info.Counts[zeroq.Succeeded] == 3 && info.Counts[zeroq.Ready] == 0
		})
	})
}

// What can never be a task says why.
func TestBare_UnreadableIsHandedOverAsItCame(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		bodies := map[string]string{ // the field that is wrong; "" for no JSON
			"nope":                              "",
			"":                                  "",
			`{"type":"echo","timeout":"1000h"}`: "timeout",
			`{"type":"with space"}`:             "type",
			`{"type":"echo","id":"q~0~000000000000001"}`: "id",
		}
		for body := range bodies {
			r.server.Put("q", broker.Message{Body: []byte(body)})
		}
		m := r.worker("w")
		for _, d := range r.fetch(m, len(bodies)) {
			want, known := bodies[string(d.Raw)]
			wrong, isField := errors.AsType[*zeroq.FieldError](d.Err)
			if !known || d.Err == nil || d.Task != nil || want != "" && (!isField || wrong.Field != want) {
				t.Errorf("%q: %v", d.Raw, d.Err)
			}
			dead := outcome(m, d, zeroq.Dead)
			dead.Failure = &zeroq.AttemptError{At: m.Now(), Message: d.Err.Error()}
			r.must(m.Settle(r.ctx, []broker.Outcome{dead}))
		}
		r.drops(m)
		if info, err := r.Queue(r.ctx, "q"); err != nil || info.Counts[zeroq.Dead] != int64(len(bodies)) {
			t.Errorf("counts %v, %v", info.Counts, err)
		}
	})
}

// A queue that takes nothing more has room for what came by its carrier: a drain waits for that too.
func TestBare_FindsRoom(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		m := r.worker("w")
		r.enqueue(task(zeroq.ID("a")))
		r.away(1)
		r.must(r.Configure(r.ctx, "q", zeroq.Limits{MaxLength: 1}))
		r.must(r.Drain(r.ctx, "q"))
		r.server.Put("q", broker.Message{ID: "bare", Body: []byte(`{"type":"echo"}`)})
		r.must(r.client.LPush(r.ctx, "zq:{q}:ready", `{"type":"echo","id":"pushed"}`).Err())
		held := r.fetch(m, 3)
		if held[0].Receipt != "a" || held[1].Receipt != "bare" || held[2].Receipt != "pushed" {
			t.Errorf("%s, %s and %s run", held[0].Receipt, held[1].Receipt, held[2].Receipt)
		}
		if err := r.Enqueue(r.ctx, []*zeroq.Task{task()})[0]; !errors.Is(err, zeroq.ErrDraining) {
			t.Errorf("a producer is answered %v", err)
		}
		r.succeed(m, held...)
		r.forgotten()
		r.until("the drain is over", func() bool { return r.Enqueue(r.ctx, []*zeroq.Task{task()})[0] == nil })
	})
}

// The unique key of a bare message counts as any.
func TestBare_DuplicateIsDropped(t *testing.T) {
	each(t, func(_ *testing.T, r *rig) {
		m := r.worker("w")
		r.enqueue(task(zeroq.UniqueKey("k", zeroq.UntilFinished)))
		d := r.fetch(m, 1)
		r.server.Put("q", broker.Message{ID: "bare", Body: []byte(`{"type":"echo","unique":{"key":"k"}}`)})
		r.none(m)
		r.succeed(m, d...)
		r.forgotten()
	})
}
