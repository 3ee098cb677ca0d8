package brokertest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

func bareRuns(t *testing.T, r *rig) {
	r.Push("q", `{"Type":1,"Data":{"a":[1,2]}}`)
	r.Push("q", `{"id":"mine","type":"echo","headers":{"traceparent":"00-x"},"max_attempts":3,"timeout":"5s"}`)
	m := r.join("w")
	deliveries := r.fetch(m, 2)
	first, second := deliveries[0].Task, deliveries[1].Task
	if first.ID == "mine" { // they travelled
		first, second = second, first
	}
	if first.Type != "1" || string(first.Data) != `{"a":[1,2]}` || first.ID == "" || first.EnqueuedAt.IsZero() {
		t.Errorf("first is %+v", first)
	}
	if second.ID != "mine" || second.MaxAttempts != 3 || second.Timeout != 5*time.Second || second.Headers["traceparent"] != "00-x" ||
		string(second.Data) != "null" {
		t.Errorf("second is %+v", second)
	}
	for _, d := range deliveries {
		if info := r.info(d.Task.ID); info.State != zeroq.Leased {
			t.Errorf("%s is %s", d.Task.ID, info.State)
		}
		r.must(m.Settle(r.ctx, oneOutcome(r.succeed(m, d))))
		if info := r.info(d.Task.ID); info.State != zeroq.Succeeded {
			t.Errorf("%s is %s", d.Task.ID, info.State)
		}
	}
}

func bareKeepsBytes(t *testing.T, r *rig) {
	data := "{ \"z\":1e400, \"big\":9007199254740993,\"dup\":\"\\u003c\", \"e\":[] ,\"s\":\"\u00e9\"}"
	r.Push("q", `{"foreign":{"k":[]} , "data":`+data+`,"type":"echo" }`)
	d := r.fetch(r.join("w"), 1)[0]
	if string(d.Task.Data) != data {
		t.Errorf("data became %s", d.Task.Data)
	}
	if !strings.Contains(string(d.Raw), `"foreign":{"k":[]}`) {
		t.Errorf("a foreign field is gone: %s", d.Raw)
	}
}

func bareDelay(t *testing.T, r *rig) {
	r.Push("q", `{"id":"later","type":"echo","delay":"1h"}`)
	m := r.join("w")
	r.until("it has got its time", func() bool {
		r.none(m)
		return !r.gone("later")
	})
	if info := r.info("later"); info.State != zeroq.Scheduled || time.Until(info.NextRunAt) < 50*time.Minute {
		t.Errorf("the task is %+v", info)
	}
}

// unreadable are messages that can never run.
var unreadable = []string{
	` `, `nope`, `[]`, `"x"`, `1`, `null`, `{`, `{}`, `{"type":}`, `{"type":"a"`, `{"type":"a"} x`, `{"type":"a"}{"type":"a"}`,
	`{"type":""}`, `{"type":null}`, `{"type":1.5}`, `{"type":{}}`, `{"type":"with space"}`, `{"type":"` + strings.Repeat("x", 129) + `"}`,
	`{"type":"a","type":"b"}`, `{"type":"a","Type":"b"}`, `{"type":"a","data":{"k":1,"k":2}}`, "{\"type\":\"a\",\"data\":\"\xff\"}",
	`{"type":"a","data":NaN}`, `{"type":"a","data":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`,
	`{"type":"a","timeout":5}`, `{"type":"a","timeout":"-5s"}`, `{"type":"a","timeout":"1000h"}`, `{"type":"a","delay":"soon"}`,
	`{"type":"a","delay":"-1s"}`, `{"type":"a","delay":"10000h"}`, `{"type":"a","run_at":"yesterday"}`, `{"type":"a","run_at":"2001-01-01T00:00:00Z"}`,
	`{"type":"a","max_attempts":0}`, `{"type":"a","max_attempts":-1}`, `{"type":"a","max_attempts":1.5}`, `{"type":"a","max_attempts":99999}`,
	`{"type":"a","headers":{"k":1}}`, `{"type":"a","headers":[]}`, `{"type":"a","id":"with space"}`, `{"type":"a","id":"q~0~0000000001"}`,
	`{"type":"a","id":"` + strings.Repeat("x", 129) + `"}`, `{"type":"a","errors":{}}`, `{"type":"a","retention":"-1s"}`,
	"\x00\x01\x02", "{\"type\":\"a\x00\"}",
}

func bareUnreadable(t *testing.T, r *rig) {
	for _, message := range unreadable {
		r.Push("q", message)
	}
	r.Push("q", `{"type":"echo"}`)
	m := r.join("w")
	deliveries := r.fetch(m, len(unreadable)+1)
	var outcomes []broker.Outcome
	bad := map[string]bool{}
	for _, d := range deliveries {
		if d.Err == nil {
			if string(d.Task.Type) != "echo" {
				t.Errorf("%s was taken for a task", d.Raw)
			}
			continue
		}
		bad[string(d.Raw)] = true
		outcomes = append(outcomes, broker.Outcome{
			Delivery: d, State: zeroq.Dead, FinishedAt: m.Now(),
			Failure: &zeroq.AttemptError{At: m.Now(), Message: d.Err.Error()},
		})
	}
	for _, message := range unreadable {
		if !bad[message] {
			t.Errorf("%q came back changed, or as a task", message)
		}
	}
	r.must(m.Settle(r.ctx, outcomes))
	info, err := r.Broker.Queue(r.ctx, "q")
	r.must(err)
	if info.Counts[zeroq.Dead] != int64(len(unreadable)) || info.Counts[zeroq.Leased] != 1 {
		t.Errorf("counts %v", info.Counts)
	}
}

func bareTakenID(t *testing.T, r *rig) {
	r.enqueue(task(zeroq.ID("mine")))
	r.Push("q", `{"id":"mine","type":"echo"}`)
	if r.carried() { // it may be the same message once more: nobody can tell
		m := r.join("w")
		r.fetch(m, 1)
		r.none(m)
		return
	}
	deliveries := r.fetch(r.join("w"), 2)
	if deliveries[0].Err != nil || !errors.Is(deliveries[1].Err, zeroq.ErrDuplicateID) {
		t.Errorf("errors %v, %v", deliveries[0].Err, deliveries[1].Err)
	}
}
