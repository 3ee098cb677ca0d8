package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

const enqueue, enqueueMany = "/v1/tasks", "/v1/tasks/batch"

// keyed is a POST under an idempotency key.
func (a *api) keyed(key, path, body string) reply {
	a.t.Helper()
	r := a.request(http.MethodPost, path, "application/json", strings.NewReader(body))
	r.Header.Set("Idempotency-Key", key)
	return a.do(r)
}

// wantReplay checks that an answer is another one, given again byte for byte.
func (r reply) wantReplay(t *testing.T, of reply) {
	t.Helper()
	if r.status != of.status || r.body != of.body {
		t.Errorf("got %d %q, want %d %q", r.status, r.body, of.status, of.body)
	}
	for _, name := range []string{"Content-Type", "Location", "Content-Length"} {
		if r.header.Get(name) != of.header.Get(name) {
			t.Errorf("%s is %q, was %q", name, r.header.Get(name), of.header.Get(name))
		}
	}
	if r.header.Get("Idempotent-Replayed") != "true" || of.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("replayed: %q, at first %q", r.header.Get("Idempotent-Replayed"), of.header.Get("Idempotent-Replayed"))
	}
}

func TestIdempotency_Replays(t *testing.T) {
	a := start(t)
	first := a.keyed("k", enqueue, `{"type":"a"}`)
	if first.status != 202 || first.header.Get("Location") == "" {
		t.Fatalf("got %+v", first)
	}
	a.keyed("k", enqueue, `{"type":"a"}`).wantReplay(t, first)
	a.keyed("other", enqueue, `{"type":"a"}`)
	if n := a.fake.count(); n != 2 {
		t.Errorf("%d tasks were enqueued", n)
	}
}

// A refusal that would be the same again is kept too.
func TestIdempotency_ReplaysConflicts(t *testing.T) {
	a := start(t)
	a.fails("cancel", &zeroq.StateError{State: zeroq.Dead})
	first := a.keyed("k", "/v1/tasks/x/cancel", "")
	first.wantError(t, 409, "wrong_state", "")
	a.fails("none", nil)
	a.keyed("k", "/v1/tasks/x/cancel", "").wantReplay(t, first)
	a.wantAsked("cancel x ")
}

func TestIdempotency_EveryPOST(t *testing.T) {
	a := start(t)
	a.fake.control.schedules["nightly"] = zeroq.Schedule{Name: "nightly", Spec: "@daily", Task: &zeroq.Task{Type: "a"}}
	a.fake.control.state = zeroq.Cancelled
	for i, v := range append([]verb{purgeQueue, retryDead, deleteDead}, empties...) {
		key := string(rune('a' + i))
		first := a.keyed(key, v.path, bodies[v])
		if first.status/100 != 2 {
			t.Errorf("%s: %+v", v.path, first)
		}
		asked := len(a.fake.asked())
		a.keyed(key, v.path, bodies[v]).wantReplay(t, first)
		if now := len(a.fake.asked()); now != asked {
			t.Errorf("%s was done again", v.path)
		}
	}
}

func TestIdempotency_OtherRequest(t *testing.T) {
	a := start(t)
	a.keyed("k", enqueue, `{"type":"a"}`)
	a.keyed("k", enqueue, `{"type":"b"}`).wantError(t, 422, "idempotency_key_reused", "")
	a.keyed("k", enqueue, `{"type":"a"} `).wantError(t, 422, "idempotency_key_reused", "")
	a.keyed("k", enqueueMany, `{"type":"a"}`).wantError(t, 422, "idempotency_key_reused", "")
	a.keyed("k", enqueue+"?x=1", `{"type":"a"}`).wantError(t, 422, "idempotency_key_reused", "")
	if n := a.fake.count(); n != 1 {
		t.Errorf("%d tasks were enqueued", n)
	}
}

// Of requests that come at once one is answered; the others are told to come again.
func TestIdempotency_AtOnce(t *testing.T) {
	f := newFake()
	f.entered, f.release = make(chan struct{}), make(chan struct{})
	a := startWith(t, f, f.deps())
	answers := make(chan reply)
	go func() { answers <- a.keyed("k", enqueue, `{"type":"a"}`) }()
	<-f.entered
	for range 3 {
		busy := a.keyed("k", enqueue, `{"type":"a"}`)
		if busy.wantError(t, 409, "in_progress", ""); busy.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After is %q", busy.header.Get("Retry-After"))
		}
	}
	a.keyed("k", enqueue, `{"type":"b"}`).wantError(t, 422, "idempotency_key_reused", "")
	close(f.release)
	first := <-answers
	a.keyed("k", enqueue, `{"type":"a"}`).wantReplay(t, first)
	if n := f.count(); n != 1 {
		t.Errorf("%d tasks were enqueued", n)
	}
}

// crash has a request answered by a process that dies before it could keep the answer.
func (a *api) crash(do func() reply) reply {
	a.t.Helper()
	a.fake.ledger.set(func(l *fakeLedger) { l.lost = true })
	got := do()
	a.fake.ledger.set(func(l *fakeLedger) { l.lost, l.over = false, true })
	return got
}

func TestIdempotency_CrashBetween(t *testing.T) {
	a := start(t)
	lines := func() reply {
		r := a.request(http.MethodPost, enqueueMany, "application/x-ndjson", strings.NewReader("{\"type\":\"a\"}\n{\"type\":\"\"}\n\n{\"type\":\"b\"}\n"))
		r.Header.Set("Idempotency-Key", "lines")
		return a.do(r)
	}
	for name, do := range map[string]func() reply{
		"one":   func() reply { return a.keyed("one", enqueue, `{"type":"a","delay":"1h"}`) },
		"batch": func() reply { return a.keyed("batch", enqueueMany, `{"tasks":[{"type":"a"},{"type":1},{"type":"b"}]}`) },
		"lines": lines,
	} {
		first := a.crash(do)
		if first.status != 202 {
			t.Fatalf("%s: %+v", name, first)
		}
		enqueued := a.fake.count()
		again := do()
		if again.status != 202 || again.body != first.body || again.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s: got %s, at first %s", name, again.body, first.body)
		}
		if n := a.fake.count(); n != enqueued {
			t.Errorf("%s: %d tasks were enqueued again", name, n-enqueued)
		}
		a.fake.ledger.set(func(l *fakeLedger) { l.over = false })
		do().wantReplay(t, again)
	}
}

// The id that the client chose is not the request's: who has it cannot be told.
func TestIdempotency_CrashBetween_ChosenID(t *testing.T) {
	a := start(t)
	do := func() reply { return a.keyed("k", enqueue, `{"type":"a","id":"x"}`) }
	a.crash(do).want(t, 202, `{"id":"x","queue":"default","state":"ready"}`)
	if p := do().wantError(t, 409, "duplicate", "id"); p.TaskID != "x" {
		t.Errorf("got %+v", p)
	}
}

// A request that failed lets go of its key; the tasks of the same request keep their ids, as nobody
// knows whether they are in.
func TestIdempotency_FailedRequest(t *testing.T) {
	a := start(t)
	a.keyed("k", enqueue, `{"type":""}`).wantError(t, 400, "invalid_field", "type")
	if n := len(a.fake.ledger.entries); n != 0 {
		t.Errorf("%d refused requests are kept", n)
	}
	a.fake.setDown(zeroq.ErrUnavailable)
	a.keyed("k", enqueue, `{"type":"a"}`).wantError(t, 503, "unavailable", "")
	base := a.fake.ledger.entries["k"].base
	a.fake.setDown(nil)
	var got accepted
	a.keyed("k", enqueue, `{"type":"a"}`).into(t, 202, &got)
	if got.ID != base+".0" || !zeroq.ValidID(got.ID) {
		t.Errorf("the id is %s, its base %s", got.ID, base)
	}
	a.fake.panics = true
	a.keyed("p", enqueue, `{"type":"a"}`).wantError(t, 500, "internal", "")
	a.fake.panics = false
	a.keyed("p", enqueue, `{"type":"b"}`).into(t, 202, &got)
}

// A batch of which nobody knows whether all is in can be sent again, and each task of it is in once.
func TestIdempotency_BatchInPart(t *testing.T) {
	a := start(t)
	a.fake.fail["b"] = zeroq.ErrUnavailable
	const body = `{"tasks":[{"type":"a"},{"type":"b"}]}`
	first := a.keyed("k", enqueueMany, body)
	a.fake.fail["b"] = nil
	second := a.keyed("k", enqueueMany, body)
	if !strings.HasPrefix(first.body, `{"accepted":1,"rejected":1,`) || !strings.HasPrefix(second.body, `{"accepted":2,"rejected":0,`) {
		t.Errorf("%s, then %s", first.body, second.body)
	}
	a.keyed("k", enqueueMany, body).wantReplay(t, second)
	if n := a.fake.count(); n != 2 {
		t.Errorf("%d tasks were enqueued", n)
	}
}

func TestIdempotency_LedgerIsAway(t *testing.T) {
	a := start(t)
	a.fake.ledger.set(func(l *fakeLedger) { l.down = zeroq.ErrUnavailable })
	a.keyed("k", enqueue, `{"type":"a"}`).wantError(t, 503, "unavailable", "")
	if reply := a.post(enqueue, `{"type":"a"}`); reply.status != 202 || a.fake.count() != 1 {
		t.Errorf("without a key: %+v", reply)
	}
}

// Other methods are safe by themselves.
func TestIdempotency_POSTOnly(t *testing.T) {
	a := start(t)
	for _, r := range []*http.Request{
		a.request(http.MethodGet, "/v1/queues", "", nil), a.request(http.MethodDelete, "/v1/tasks/x", "", nil),
		a.request(http.MethodPatch, "/v1/queues/mail", "application/json", strings.NewReader(`{"rate":1}`)),
	} {
		r.Header.Set("Idempotency-Key", "k")
		if got := a.do(r); got.status/100 != 2 {
			t.Errorf("%s: %+v", r.Method, got)
		}
	}
	if n := len(a.fake.ledger.entries); n != 0 {
		t.Errorf("%d keys are kept", n)
	}
}

func TestIdempotency_BadKeys(t *testing.T) {
	a := start(t)
	for _, key := range []string{"", "a b", "ä", "a\tb", strings.Repeat("k", 256)} {
		a.keyed(key, enqueue, `{"type":"a"}`).wantError(t, 400, "invalid_parameter", "Idempotency-Key")
	}
	r := a.request(http.MethodPost, enqueue, "application/json", strings.NewReader(`{"type":"a"}`))
	r.Header["Idempotency-Key"] = []string{"a", "b"}
	a.do(r).wantError(t, 400, "invalid_parameter", "Idempotency-Key")
	if reply := a.keyed("!~"+strings.Repeat("k", 253), enqueue, `{"type":"a"}`); reply.status != 202 {
		t.Errorf("got %+v", reply)
	}
}

// The body is held in memory to be compared, so it is bounded even where lines go on for ever.
func TestIdempotency_LargeBody(t *testing.T) {
	a := start(t)
	line := `{"type":"a","data":"` + strings.Repeat("x", 1<<19) + "\"}\n"
	send := func(n int) reply {
		r := a.request(http.MethodPost, enqueueMany, "application/x-ndjson", io.NopCloser(strings.NewReader(strings.Repeat(line, n))))
		r.Header.Set("Idempotency-Key", "k")
		return a.do(r)
	}
	send(17).wantError(t, 413, "too_large", "")
	if reply := send(15); reply.status != 202 || a.fake.count() != 15 {
		t.Errorf("%d tasks, %+v", a.fake.count(), reply)
	}
}
