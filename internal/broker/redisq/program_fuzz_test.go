package redisq

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Whatever is called in whatever order, with whatever texts: no call fails but with an error that the
// contract has, nothing is left half-written, and every text comes out as it went in.
func FuzzProgram(f *testing.F) {
	for _, text := range []string{"boom", "", "\xff\x00{\"type\":\"mine\"}", `{"type":"mine","data":1e400,"id":"id-1"}`, "]}\"", "%s %d ~0~ '", `","g":"00"}`, "! ? # ", "\r\n*1\r\n", `{"type":"mine","delay":"1h","unique":{"key":"k"}}`} {
		f.Add([]byte{0, 0, 1, 1, 2, 0, 3, 0, 4, 1, 5, 9, 6, 0, 6, 1, 6, 2, 6, 3, 7, 0, 8, 1, 9, 2}, text)
		f.Add([]byte{2, 0, 2, 5, 2, 11, 7, 0, 5, 9, 6, 0, 2, 0, 7, 4, 9, 4, 2, 8, 5, 9, 14, 0, 7, 5, 6, 1, 8, 5, 9, 5}, text)
		f.Add([]byte{2, 0, 2, 4, 5, 4, 6, 0, 6, 0, 6, 2, 2, 0, 5, 4, 6, 0, 0, 0, 5, 4, 14, 0, 7, 3, 6, 3, 5, 4}, text)
		f.Add([]byte{1, 1, 7, 1, 5, 9, 8, 1, 5, 9, 13, 0, 14, 0, 6, 2, 8, 1, 9, 1, 10, 0, 11, 0}, text)
		f.Add([]byte{2, 2, 2, 3, 2, 0, 12, 3, 0, 0, 12, 2, 0, 1, 12, 1, 5, 2, 6, 4, 5, 2, 6, 5, 15, 0, 15, 1, 15, 2, 3, 3, 5, 9}, text)
	}
	f.Fuzz(func(t *testing.T, steps []byte, text string) {
		r := newRig(t)
		p := &program{rig: r, member: r.joinFor("w", broker.AtLeastOnce, time.Minute), text: text}
		r.put(newTask()) // the queue is in use
		quoted, err := json.Marshal(text)
		r.must(err)
		p.quoted = quoted
		for i := 0; i+1 < min(len(steps), 60) && !t.Failed(); i += 2 {
			p.step(steps[i], int(steps[i+1]))
			p.look()
		}
		p.end()
	})
}

// program does what a fuzzer says to one queue.
type program struct {
	*rig
	*member
	text    string
	quoted  []byte // the text as JSON, where it has any
	held    []*broker.Delivery
	ids     []string // of the tasks that are or were there
	foreign bool     // somebody pushed what looks admitted, which nobody may
}

// allowed are the errors of the contract.
var allowed = []error{
	zeroq.ErrDuplicateID, zeroq.ErrDuplicate, zeroq.ErrQueueFull, zeroq.ErrDraining, zeroq.ErrNotFound, zeroq.ErrAmbiguousID,
	zeroq.ErrUnreadable, broker.ErrPaused, broker.ErrLimited,
}

func (p *program) allow(what string, err error) {
	p.rig.Helper()
	var state *zeroq.StateError
	if err == nil || errors.As(err, &state) {
		return
	}
	for _, known := range allowed {
		if errors.Is(err, known) {
			return
		}
	}
	p.rig.Errorf("%s: %v", what, err)
}

func (p *program) step(op byte, arg int) {
	ctx := p.rig.Context()
	switch op % 16 {
	case 0, 1, 2:
		p.enqueue(int(op%16), arg)
	case 3:
		p.pushRaw(p.text)
	case 4:
		p.pushRaw(fmt.Sprintf(`{ "type":"echo","priority":%q,"data":%s,"x_%d":%s}`, zeroq.Priorities[arg%3], p.quoted, arg, p.quoted))
	case 5:
		p.take(1 + arg%5)
	case 6:
		p.settleOne(arg)
	case 7:
		_, err := p.Cancel(ctx, p.id(arg), "q")
		p.allow("cancel", err)
	case 8:
		p.allow("retry", p.Retry(ctx, p.id(arg), "q"))
	case 9:
		p.allow("delete", p.Delete(ctx, p.id(arg), "q"))
	case 10:
		_, err := p.Promote(ctx, "q")
		p.allow("promote", err)
	case 11:
		_, err := p.Sweep(ctx, "q", broker.Keep{Finished: arg % 3, Dead: arg % 3, DeadFor: time.Hour})
		p.allow("sweep", err)
	case 12:
		p.gate(arg)
	case 13:
		if len(p.held) > 0 {
			_, err := p.Commit(ctx, p.held[:1])
			p.allow("commit", err)
		}
	case 14:
		if len(p.held) > 0 {
			d := p.held[0]
			p.allow("report", p.Report(ctx, d.Lease, map[string]json.RawMessage{d.Receipt: p.quoted}))
		}
	case 15:
		p.allow("upkeep", errors.Join(p.Beat(ctx), p.Recount(ctx, "q"), p.Sample(ctx, "q")))
	}
}

// enqueue puts a task on the queue: under an id of ours, of its own, or with a unique key.
func (p *program) enqueue(kind, arg int) {
	task := newTask(zeroq.Prioritized(zeroq.Priorities[arg%3]))
	if task.Data = p.quoted; arg%4 == 3 {
		task.Delay = time.Duration(arg) * time.Minute
	}
	switch kind {
	case 1:
		task.ID = fmt.Sprint("id-", arg%4)
	case 2:
		task.Unique = &zeroq.Unique{Key: fmt.Sprint(p.text, "k", arg/4%3), Mode: []zeroq.UniqueMode{zeroq.UntilFinished, zeroq.UntilStarted, zeroq.ForTime, zeroq.Debounce}[arg%4]}
		if task.Unique.Mode == zeroq.ForTime {
			task.Unique.For = time.Minute
		}
		if task.Unique.Mode == zeroq.Debounce {
			task.Delay = time.Hour
		}
	}
	if task.Validate(p.Broker.Now()) == nil {
		p.allow("enqueue", p.Enqueue(p.rig.Context(), []*zeroq.Task{task})[0])
		p.ids = append(p.ids, task.ID)
	}
}

func (p *program) pushRaw(message string) {
	if message != "" {
		p.push(message)
		p.foreign = p.foreign || strings.HasPrefix(message, `{"id":"`)
	}
}

// take fetches, and looks at the bytes of what came.
func (p *program) take(n int) {
	found, err := p.Fetch(p.rig.Context(), n, 0)
	p.allow("fetch", err)
	for _, d := range found {
		switch {
		case d.Task == nil && d.Err == nil:
			p.rig.Errorf("%q is no task, for no reason", d.Raw)
		case d.Task == nil && string(d.Raw) != p.text && !bytes.Contains(d.Raw, p.quoted):
			p.rig.Errorf("%q was pushed as %q", d.Raw, p.text)
		case d.Task != nil && d.Task.Type == "echo" && string(d.Task.Data) != `{"n":1}` && !bytes.Equal(d.Task.Data, p.quoted):
			p.rig.Errorf("data is %q, was %q", d.Task.Data, p.quoted)
		}
	}
	p.held = append(p.held, found...)
}

// settleOne ends the delivery that is held longest.
func (p *program) settleOne(arg int) {
	if len(p.held) == 0 {
		return
	}
	d := p.held[0]
	p.held = p.held[1:]
	state := []zeroq.State{zeroq.Succeeded, zeroq.Retry, zeroq.Dead, zeroq.Ready, zeroq.Expired, zeroq.Cancelled}[arg%6]
	if d.Task == nil || d.Err != nil {
		state = zeroq.Dead
	}
	o := outcome(p.member, d, state)
	if o.Failure != nil {
		o.Failure.Message, o.Failure.Worker = p.text, "w"
	}
	if state == zeroq.Succeeded {
		o.Result, o.Progress = p.quoted, p.quoted
	}
	p.allow("settle", p.Settle(p.rig.Context(), []broker.Outcome{o}))
	if d.Task == nil || d.Err != nil {
		return
	}
	p.ids = append(p.ids, d.Task.ID)
	p.told(d.Task.ID, state)
}

// told looks a task up that has just ended.
func (p *program) told(id string, state zeroq.State) {
	info, err := p.Broker.Task(p.rig.Context(), id, "q")
	if err != nil || info.State != state {
		return // it was called off meanwhile, or another message has its id
	}
	if state == zeroq.Dead && utf8.ValidString(p.text) && info.Error != p.text {
		p.rig.Errorf("error is %q, was %q", info.Error, p.text)
	}
	if state == zeroq.Succeeded && !equalJSON(info.Result, p.quoted) {
		p.rig.Errorf("result is %q, was %q", info.Result, p.quoted)
	}
}

// equalJSON compares two strings of JSON; an empty one may be left out.
func equalJSON(a, b []byte) bool {
	var x, y string
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x == y
}

// id is one that is known, one that was never given out, or none at all.
func (p *program) id(arg int) string {
	switch {
	case arg%4 == 3:
		return p.text
	case arg%4 == 2 || len(p.ids) == 0:
		return fmt.Sprint("id-", arg%8)
	}
	return p.ids[arg%len(p.ids)]
}

func (p *program) gate(arg int) {
	ctx := p.rig.Context()
	rate, most := float64(arg%3)*1000, arg%5
	err := []func() error{
		func() error { return p.Pause(ctx, "q") },
		func() error { return p.Resume(ctx, "q") },
		func() error { return p.Drain(ctx, "q") },
		func() error {
			return p.Limit(ctx, "q", zeroq.LimitsChange{Rate: &rate, Concurrency: &most, MaxLength: &most})
		},
	}[arg%4]()
	p.allow("gate", err)
}

// look looks at all keys.
func (p *program) look() {
	p.rig.Helper()
	if !p.foreign {
		p.sound()
	}
}

// end settles everything.
func (p *program) end() {
	for len(p.held) > 0 {
		p.settleOne(0)
	}
	p.look()
}
