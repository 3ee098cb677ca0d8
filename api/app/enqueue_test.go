package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/app"
)

func TestEnqueue_EveryField(t *testing.T) {
	a := start(t)
	runAt := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	reply := a.post("/v1/tasks", `{"id":"my.id","type":"mail:send","queue":"mail","max_attempts":3,"timeout":"1m30s",
		"retention":"2h","run_at":"`+runAt.Format(time.RFC3339)+`","deadline":"2100-01-01T00:00:00Z",
		"expires_at":"2100-01-01T00:00:00+01:00","headers":{"a":"b"},"data":{"x":1}}`)
	var got accepted
	reply.into(t, http.StatusAccepted, &got)
	if got != (accepted{"my.id", "mail", "scheduled"}) || reply.header.Get("Location") != "/v1/tasks/my.id?queue=mail" {
		t.Errorf("got %+v at %s", got, reply.header.Get("Location"))
	}
	task := a.fake.task("my.id")
	if task.Type != "mail:send" || task.Queue != "mail" || task.MaxAttempts != 3 || task.Timeout != 90*time.Second ||
		task.Retention != 2*time.Hour || !task.RunAt.Equal(runAt) || task.Headers["a"] != "b" ||
		!task.Deadline.Equal(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)) ||
		!task.ExpiresAt.Equal(time.Date(2099, 12, 31, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("enqueued %+v", task)
	}
}

// An integer stands for its decimal string, as it does in a message on the list.
func TestEnqueue_TypeThatIsAnInteger(t *testing.T) {
	a := start(t)
	a.post("/v1/tasks", `{"type":1,"id":"one"}`).want(t, 202, `{"id":"one","queue":"default","state":"ready"}`)
	a.lines(`{"type":-9223372036854775808,"id":"two"}`).want(t, 202, `{"accepted":1,"rejected":0,"items":[{"index":0,"id":"two"}]}`)
	if one, two := a.fake.task("one").Type, a.fake.task("two").Type; one != "1" || two != "-9223372036854775808" {
		t.Errorf("types %q and %q", one, two)
	}
}

func TestEnqueue_State(t *testing.T) {
	a := start(t)
	for body, want := range map[string]accepted{
		`{"type":"a","id":"1"}`:                       {"1", "default", "ready"},
		`{"type":"a","id":"2","delay":"0s"}`:          {"2", "default", "ready"},
		`{"type":"a","id":"3","delay":"1ns"}`:         {"3", "default", "scheduled"},
		`{"type":"a","id":"4","run_at":"` + soon(-30): {"4", "default", "ready"},
		`{"type":"a","id":"5","run_at":"` + soon(30):  {"5", "default", "scheduled"},
	} {
		var got accepted
		a.post("/v1/tasks", body).into(t, http.StatusAccepted, &got)
		if got != want {
			t.Errorf("%s: got %+v", body, got)
		}
	}
}

// The state is the broker's: it goes by the broker's clock.
func TestEnqueue_StateByTheBrokersClock(t *testing.T) {
	a := start(t)
	a.fake.tells = true
	for _, test := range []struct {
		ahead time.Duration
		body  string
		state string
	}{
		{time.Hour, `{"type":"a","run_at":"` + soon(1800), "ready"},
		{time.Hour, `{"type":"a","run_at":"` + soon(7200), "scheduled"},
		{-time.Hour, `{"type":"a","run_at":"` + soon(-30), "scheduled"},
		{0, `{"type":"a","run_at":"` + soon(-30), "ready"},
		{time.Hour, `{"type":"a","delay":"1s"}`, "scheduled"},
		{-time.Hour, `{"type":"a"}`, "ready"},
	} {
		a.fake.ahead = test.ahead
		var got accepted
		a.post("/v1/tasks", test.body).into(t, http.StatusAccepted, &got)
		if got.State != test.state {
			t.Errorf("%s, %v ahead: %s", test.body, test.ahead, got.State)
		}
	}
}

// Where an accepted task is leads to it, also when other queues know its id.
func TestEnqueue_Location(t *testing.T) {
	a := start(t)
	for body, want := range map[string]string{
		`{"type":"a","id":"x"}`:                  "/v1/tasks/x?queue=default",
		`{"type":"a","id":"a:b","queue":"mail"}`: "/v1/tasks/a:b?queue=mail",
	} {
		if got := a.post("/v1/tasks", body).header.Get("Location"); got != want || a.get(got).status != 200 {
			t.Errorf("%s is at %s", body, got)
		}
	}
	var got accepted
	reply := a.post("/v1/tasks", `{"type":"a"}`)
	reply.into(t, http.StatusAccepted, &got)
	if at := reply.header.Get("Location"); at != "/v1/tasks/"+got.ID {
		t.Errorf("%s is at %s", got.ID, at)
	}
}

// A client that does not know what became of its task is told so, and what to do; others are not.
func TestEnqueue_UnknownOutcome(t *testing.T) {
	a := start(t)
	check := func(p problem, told bool) {
		t.Helper()
		for _, part := range []string{"may or may not be in", "with an id that you choose it is safe to send it again"} {
			if strings.Contains(p.Message, part) != told {
				t.Errorf("got %q", p.Message)
			}
		}
	}
	for _, down := range []error{zeroq.ErrUnavailable, context.DeadlineExceeded} {
		a.fake.setDown(down)
		code := map[bool]string{true: "unavailable", false: "timeout"}[down == zeroq.ErrUnavailable]
		check(a.post("/v1/tasks", `{"type":"a"}`).wantError(t, 503, code, ""), true)
		check(a.post("/v1/tasks/batch", `{"tasks":[{"type":"a"}]}`).wantError(t, 503, code, ""), true)
		check(a.lines(`{"type":"a"}`).wantError(t, 503, code, ""), true)
		check(a.get("/v1/queues").wantError(t, 503, code, ""), false)
	}
	a.fake.setDown(zeroq.ErrStoreFull)
	check(a.post("/v1/tasks", `{"type":"a"}`).wantError(t, 503, "full", ""), false)
	a.fake.setDown(zeroq.ErrFormat)
	check(a.post("/v1/tasks", `{"type":"a"}`).wantError(t, 503, "format", ""), false)
	a.get("/v1/queues").wantError(t, 503, "format", "")
}

// soon is the end of a task's JSON with a time so many seconds from now.
func soon(seconds int) string {
	return time.Now().Add(time.Duration(seconds)*time.Second).UTC().Format(time.RFC3339) + `"}`
}

func TestEnqueue_DataIsKeptByteForByte(t *testing.T) {
	a := start(t)
	for _, data := range []string{
		`9007199254740993`, `12345678901234567890123`, `1.10`, `1e400`, `-0`, `null`, `true`, `""`,
		`{ "b" : 1 ,	"a":[ ] }`, `"<&>\u00e9é"`, `[[],{},[1, 2 ]]`, `{"deep":` + nested(62) + `}`,
	} {
		var got accepted
		a.post("/v1/tasks", `{"type":"a","data": `+data+` }`).into(t, http.StatusAccepted, &got)
		if kept := string(a.fake.task(got.ID).Data); kept != data {
			t.Errorf("sent %s, kept %s", data, kept)
		}
	}
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestEnqueue_ClosedQueues(t *testing.T) {
	a := start(t, func(c *app.Conf) { c.Queues = []string{"mail"} })
	a.post("/v1/tasks", `{"type":"a"}`).wantError(t, 400, "unknown_queue", "queue")
	a.post("/v1/tasks", `{"type":"a","queue":"other"}`).wantError(t, 400, "unknown_queue", "queue")
	if reply := a.post("/v1/tasks", `{"type":"a","queue":"mail"}`); reply.status != http.StatusAccepted {
		t.Errorf("got %+v", reply)
	}
	var got batchAnswer
	a.post("/v1/tasks/batch", `{"tasks":[{"type":"a"},{"type":"a","queue":"mail"}]}`).into(t, 202, &got)
	if got.Accepted != 1 || got.Items[0].Error.Code != "unknown_queue" {
		t.Errorf("got %+v", got)
	}
}

func TestEnqueue_Errors(t *testing.T) {
	a := start(t)
	a.post("/v1/tasks", `{"type":"a","id":"x"}`)
	if p := a.post("/v1/tasks", `{"type":"a","id":"x"}`).wantError(t, 409, "duplicate", "id"); p.TaskID != "x" {
		t.Errorf("got %+v", p)
	}
	a.fake.fail["full"] = zeroq.ErrStoreFull
	a.post("/v1/tasks", `{"type":"full"}`).wantError(t, 503, "full", "")
	a.fake.fail["secret"] = errSecret
	if p := a.post("/v1/tasks", `{"type":"secret"}`).wantError(t, 500, "internal", ""); strings.Contains(p.Message, "s3cret") {
		t.Errorf("got %+v", p)
	}
	a.fake.setDown(zeroq.ErrUnavailable)
	a.post("/v1/tasks", `{"type":"a"}`).wantError(t, 503, "unavailable", "")
	a.get("/readyz").wantError(t, 503, "unavailable", "")
	a.get("/v1/queues").wantError(t, 503, "unavailable", "")
	a.get("/v1/workers").wantError(t, 503, "unavailable", "")
	a.get("/v1/tasks/x").wantError(t, 503, "unavailable", "")
	a.post("/v1/tasks/batch", `{"tasks":[{"type":"a"},{"type":""}]}`).wantError(t, 503, "unavailable", "")
	a.lines(`{"type":"a"}`).wantError(t, 503, "unavailable", "")
}

// A broker that comes back is used again at once, after any number of failures.
func TestEnqueue_NoBreaker(t *testing.T) {
	a := start(t)
	a.fake.setDown(zeroq.ErrUnavailable)
	for range 200 {
		a.post("/v1/tasks", `{"type":"a"}`).wantError(t, 503, "unavailable", "")
	}
	a.fake.setDown(nil)
	for range 20 {
		if reply := a.post("/v1/tasks", `{"type":"a"}`); reply.status != http.StatusAccepted {
			t.Fatalf("got %+v", reply)
		}
	}
}

func TestEnqueue_BrokerThatHangs(t *testing.T) {
	a := start(t, func(c *app.Conf) { c.Timeout = 100 * time.Millisecond })
	a.fake.entered, a.fake.release = make(chan struct{}, 1), make(chan struct{})
	a.post("/v1/tasks", `{"type":"a"}`).wantError(t, 503, "timeout", "")
}

func TestEnqueue_Panic(t *testing.T) {
	a := start(t)
	a.fake.panics = true
	a.post("/v1/tasks", `{"type":"a"}`).wantError(t, 500, "internal", "")
}
