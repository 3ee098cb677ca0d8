package wire

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// waited is odd as it is on the list once it was admitted, with every member that a revival takes out.
const waited = `{"id":"mine","enqueued_at":"2030-01-02T12:00:00.000Z","run_at":"2030-01-02T13:30:00.000Z",` +
	"\"foreign\" : {\"k\":[], \"run_at\":1,\"a\":2} ,\n\t\"Data\":{ \"z\":1e400, \"big\":9007199254740993, \"s\":\"<&>\\u003c\\/\" } , " +
	"\"EXPIRES_AT\" : \"2030-01-02T12:30:00Z\" , \"deadline\":\"2030-01-02T12:30:00Z\",\t\"TYPE\" :\"echo\", \"Max_Attempts\": 3 }"

func TestRevive_TakesOutTheTimesAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	front := `{"id":"mine","enqueued_at":"2030-01-02T12:00:00.000Z",`
	body := "\"foreign\" : {\"k\":[], \"run_at\":1,\"a\":2} ,\n\t\"Data\":{ \"z\":1e400, \"big\":9007199254740993, \"s\":\"<&>\\u003c\\/\" }"
	tests := map[string]struct {
		raw    string
		change func(*zeroq.Task)
		want   string
	}{
		"times go": {waited, func(*zeroq.Task) {}, front + body + ",\t\"TYPE\" :\"echo\", \"Max_Attempts\": 3 }"},
		"a deadline ahead stays": {
			waited, func(t *zeroq.Task) { t.Deadline = later },
			front + body + " , \"deadline\":\"2030-01-02T12:30:00Z\",\t\"TYPE\" :\"echo\", \"Max_Attempts\": 3 }",
		},
		"attempts go on": {
			waited, func(t *zeroq.Task) { t.Attempt, t.MaxAttempts, t.Errors = 4, 4, boom },
			front + body + ",\t\"TYPE\" :\"echo\", \"Max_Attempts\": 4,\"attempt\":4,\"errors\":" + boomJSON + " }",
		},
		"nothing to change": {front + `"type":"a"}`, func(*zeroq.Task) {}, front + `"type":"a"}`},
		"in place": {
			front + `"attempt" : 2,"type":"a","errors":[ ] }`, func(t *zeroq.Task) { t.Attempt, t.Errors = 3, boom },
			front + `"attempt" : 3,"type":"a","errors":` + boomJSON + ` }`,
		},
		"another's id": {
			`{ "x":1, "id":"theirs" ,"type":"a","delay":"1h","priority":"low","z":[ ] }`,
			func(t *zeroq.Task) { t.Priority = zeroq.Low },
			`{"id":"mine","enqueued_at":"2030-01-02T12:00:00.000Z","priority":"low", "x":1 ,"type":"a","z":[ ] }`,
		},
		"all that is left is the type": {
			`{"id":"theirs", "run_at":"2030-01-02T13:30:00Z" ,"type":"a"}`, func(*zeroq.Task) {}, front + `"type":"a"}`,
		},
	}
	for name, test := range tests {
		task := mustDecode(t, []byte(test.raw))
		task.ID, task.EnqueuedAt, task.Deadline = "mine", noon, time.Time{}
		test.change(task)
		got, err := Revive([]byte(test.raw), task)
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, test.want)
		}
		fresh := mustDecode(t, got)
		if fresh.ID != "mine" || fresh.Attempt != task.Attempt || fresh.MaxAttempts != task.MaxAttempts ||
			!fresh.RunAt.IsZero() || !fresh.ExpiresAt.IsZero() || string(fresh.Data) != string(task.Data) {
			t.Errorf("%s: the task is %+v", name, fresh)
		}
		again, err := Revive(got, task)
		if err != nil || string(again) != string(got) {
			t.Errorf("%s: the second time it became %s, %v", name, again, err)
		}
	}
}

func TestRevive_OfWhatIsNoMessageIsRefused(t *testing.T) {
	t.Parallel()
	task := &zeroq.Task{ID: "mine", EnqueuedAt: noon, Attempt: 2}
	for _, raw := range []string{``, `{}`, `[]`, `{"type":"a"`, `{"type":"a"}}`, `{"type":"a","Type":"b"}`} {
		if got, err := Revive([]byte(raw), task); err == nil || strings.Contains(raw, "Type") && !errors.Is(err, ErrMalformed) {
			t.Errorf("%q became %s, %v", raw, got, err)
		}
	}
}
