package wire

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// odd has everything that a round through a JSON library would change.
const odd = "{ \"foreign\" : {\"k\":[], \"b\":1,\"a\":2} ,\n\t\"Data\":{ \"z\":1e400, \"big\":9007199254740993, \"s\":\"<&>\\u003c\\/\" }," +
	" \"TYPE\" :\"echo\",\"n\\u00e9\\\"q\\\\\":\"\\\"\", \"Max_Attempts\": 3 }"

var boom = []zeroq.AttemptError{{Attempt: 1, At: noon, Worker: "w", Duration: 1500 * time.Millisecond, Message: `say "<no>"`}}

const boomJSON = `[{"attempt":1,"at":"2030-01-02T12:00:00.000Z","worker":"w","duration":"1.5s","message":"say \"\u003cno\u003e\""}]`

func TestAdmit_PutsIDAndTimesInFrontAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	front := `{"id":"mine","enqueued_at":"2030-01-02T12:00:00.000Z",`
	due := `{"id":"mine","enqueued_at":"2030-01-02T12:00:00.000Z","run_at":"2030-01-02T13:30:00.000Z",`
	for name, test := range map[string]struct {
		raw   string
		runAt time.Time
		want  string
	}{
		"a type alone": {`{"type":"a"}`, time.Time{}, front + `"type":"a"}`},
		"odd": {odd, time.Time{}, front + "\"foreign\" : {\"k\":[], \"b\":1,\"a\":2}," +
			"\"Data\":{ \"z\":1e400, \"big\":9007199254740993, \"s\":\"<&>\\u003c\\/\" }," +
			"\"TYPE\" :\"echo\",\"n\\u00e9\\\"q\\\\\":\"\\\"\",\"Max_Attempts\": 3}"},
		"old names are dropped": {
			`{"ID":"x","type":"a","Enqueued_At":"2001-01-01T00:00:00Z","delay":"1h","data":1,"run_at":"2030-01-02T13:30:00+00:00"}`,
			later, due + `"type":"a","data":1}`,
		},
		"escaped names are known": {`{"\u0069d":"x","t\u0079pe":"a","dela\u0079":"1h"}`, later, due + `"t\u0079pe":"a"}`},
		"a priority comes third":  {`{"type":"a","PRIORITY":"high","n":1}`, later, strings.Replace(due, `"run_at"`, `"priority":"high","run_at"`, 1) + `"type":"a","n":1}`},
		"normal needs no words":   {`{"priority":"normal","type":"a","unique":{ "key":"k" }}`, time.Time{}, front + `"type":"a","unique":{ "key":"k" }}`},
		"an inner id stays":       {`{"type":"a","data":{"id":1,"delay":2}}`, time.Time{}, front + `"type":"a","data":{"id":1,"delay":2}}`},
	} {
		task := mustDecode(t, []byte(test.raw))
		task.ID, task.EnqueuedAt, task.RunAt = "mine", noon, test.runAt
		got, err := Admit([]byte(test.raw), task)
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, test.want)
		}
		mustDecode(t, got)
	}
}

func TestRetry_ReplacesInPlaceOrAddsAtTheEnd(t *testing.T) {
	t.Parallel()
	added := `,"attempt":2,"run_at":"2030-01-02T13:30:00.000Z","errors":` + boomJSON
	for name, test := range map[string]struct{ raw, want string }{
		"added":           {`{"type":"a"}`, `{"type":"a"` + added + `}`},
		"space survives":  {"{\"type\":\"a\" \n}", "{\"type\":\"a\"" + added + " \n}"},
		"odd":             {odd, strings.TrimSuffix(odd, " }") + added + " }"},
		"replaced":        {`{"Attempt" : 1,"type":"a","ERRORS":[ ],"run_at": "2029-01-01T00:00:00Z" , "z":1}`, `{"Attempt" : 2,"type":"a","ERRORS":` + boomJSON + `,"run_at": "2030-01-02T13:30:00.000Z" , "z":1}`},
		"some of each":    {`{"attempt":1,"type":"a"}`, `{"attempt":2,"type":"a","run_at":"2030-01-02T13:30:00.000Z","errors":` + boomJSON + `}`},
		"inner ones stay": {`{"data":{"attempt":7,"errors":8},"type":"a"}`, `{"data":{"attempt":7,"errors":8},"type":"a"` + added + `}`},
	} {
		got, err := Retry([]byte(test.raw), 2, boom, later)
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, test.want)
		}
	}
}

func TestRetry_TwiceReplacesWhatItAdded(t *testing.T) {
	t.Parallel()
	first, err := Retry([]byte(odd), 2, boom, later)
	if err != nil {
		t.Fatal(err)
	}
	two := append(boom[:1:1], zeroq.AttemptError{Attempt: 2, At: later, Message: "again"})
	second, err := Retry(first, 3, two, later.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{`"attempt":3`, `"run_at":"2030-01-02T14:30:00.000Z"`, `"message":"again"`} {
		if strings.Count(string(second), name) != 1 {
			t.Errorf("%s: %s stands %d times", second, name, strings.Count(string(second), name))
		}
	}
	if !strings.HasPrefix(string(second), strings.TrimSuffix(odd, " }")) {
		t.Errorf("the front has changed: %s", second)
	}
	task := mustDecode(t, second)
	if task.Attempt != 3 || len(task.Errors) != 2 || task.Errors[1].Message != "again" || !task.RunAt.Equal(later.Add(time.Hour)) {
		t.Errorf("task %+v", task)
	}
}

func TestRetry_WithoutErrorsKeepsThoseThatStand(t *testing.T) {
	t.Parallel()
	got, err := Retry([]byte(`{"type":"a","errors":`+boomJSON+`}`), 2, nil, later)
	if err != nil || len(mustDecode(t, got).Errors) != 1 {
		t.Errorf("%s, %v", got, err)
	}
}

func TestRetry_OfWhatIsNoMessageIsMalformed(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `{}`, ` { } `, `[]`, `{"type":"a"`, `{"type":"a"}}`, `{"type":"a","Type":"b"}`} {
		if got, err := Retry([]byte(raw), 2, boom, later); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q became %s, %v", raw, got, err)
		}
	}
	for _, raw := range []string{``, `[]`, `{"type":"a"`, `{"type":"a"} 1`} {
		if got, err := Admit([]byte(raw), &zeroq.Task{ID: "mine", EnqueuedAt: noon, RunAt: later}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q became %s, %v", raw, got, err)
		}
	}
}

func TestErrors_ReadBackToTheMillisecondAndMicrosecond(t *testing.T) {
	t.Parallel()
	errs := []zeroq.AttemptError{
		{Attempt: 1, At: noon, Worker: "w", Duration: 1234567 * time.Microsecond, Message: "a \"b\"\n\u2028"},
		{Attempt: 2, At: later, Message: ""},
	}
	got, err := DecodeErrors(EncodeErrors(errs))
	if err != nil || len(got) != 2 || got[0] != errs[0] || got[1] != errs[1] {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, raw := range []string{``, `{}`, `[1]`, `[{"attempt":1}]`, `[{"at":"yesterday"}]`, `[{"at":1}]`} {
		if got, err := DecodeErrors([]byte(raw)); err == nil {
			t.Errorf("%s is %+v", raw, got)
		}
	}
	if string(EncodeErrors(nil)) != "[]" {
		t.Errorf("none are %s", EncodeErrors(nil))
	}
}

func TestStarted_NoLongerExpires(t *testing.T) {
	t.Parallel()
	raw := `{"type":"a", "Expires_At" : "2030-01-02T13:30:00Z" ,"data":{"expires_at":1}}`
	got, err := Started([]byte(raw))
	if want := `{"type":"a", "Expires_At" : null ,"data":{"expires_at":1}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	if task := mustDecode(t, got); !task.ExpiresAt.IsZero() {
		t.Errorf("it expires at %v", task.ExpiresAt)
	}
}
