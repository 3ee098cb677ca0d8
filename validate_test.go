package zeroq

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var testNow = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// limits has, for each field, what is just within its limits and what is just outside.
var limits = []struct {
	field   string
	within  []Task
	outside []Task
}{
	{"type",
		[]Task{{Type: "x"}, {Type: strings.Repeat("x", 128)}, {Type: "Az09._:/-"}, {Type: "1"}},
		[]Task{{}, {Type: strings.Repeat("x", 129)}, {Type: "a b"}, {Type: "a*"}, {Type: "é"}, {Type: "a\n"}}},
	{"id",
		[]Task{{ID: "x"}, {ID: strings.Repeat("x", 128)}, {ID: "0._:-"}, {ID: "Z"}},
		[]Task{{ID: strings.Repeat("x", 129)}, {ID: "-x"}, {ID: ".x"}, {ID: "a~b"}, {ID: "a/b"}, {ID: "a b"}, {ID: "a\n"}, {ID: "q~0~0000000001"}}},
	{"queue",
		[]Task{{Queue: "q"}, {Queue: strings.Repeat("q", 64)}, {Queue: "0_-"}},
		[]Task{{Queue: strings.Repeat("q", 65)}, {Queue: "Q"}, {Queue: "-q"}, {Queue: "_q"}, {Queue: "q.1"}, {Queue: "q}"}, {Queue: "q\n"}}},
	{"data",
		[]Task{{}, {Data: []byte("1")}, {Data: []byte(`{"a":[]}`)}, {Data: quoted(MaxDataBytes)}},
		[]Task{{Data: quoted(MaxDataBytes + 1)}, {Data: []byte("{")}, {Data: []byte("1 2")}, {Data: []byte("\"\xff\"")}, {Data: []byte("NaN")}}},
	{"delay",
		[]Task{{Delay: 0}, {Delay: 1}, {Delay: MaxDelay}},
		[]Task{{Delay: -1}, {Delay: MaxDelay + 1}}},
	{"run_at",
		[]Task{{RunAt: testNow.Add(-time.Minute)}, {RunAt: testNow}, {RunAt: testNow.Add(MaxDelay)}},
		[]Task{{RunAt: testNow.Add(-time.Minute - 1)}, {RunAt: testNow.Add(MaxDelay + 1)}, {RunAt: testNow, Delay: 1}}},
	{"deadline",
		[]Task{{Deadline: testNow.Add(1)}, {Deadline: testNow.Add(2), Delay: 1}, {Deadline: testNow.Add(2), RunAt: testNow.Add(1)}},
		[]Task{{Deadline: testNow}, {Deadline: testNow.Add(1), Delay: 1}, {Deadline: testNow.Add(1), RunAt: testNow.Add(1)}, {Deadline: testNow, RunAt: testNow.Add(-time.Second)}}},
	{"expires_at",
		[]Task{{ExpiresAt: testNow.Add(1)}, {ExpiresAt: testNow.Add(2), Delay: 1}, {ExpiresAt: testNow.Add(2), RunAt: testNow.Add(1)}},
		[]Task{{ExpiresAt: testNow}, {ExpiresAt: testNow.Add(1), Delay: 1}, {ExpiresAt: testNow.Add(1), RunAt: testNow.Add(1)}}},
	{"max_attempts",
		[]Task{{MaxAttempts: 0}, {MaxAttempts: 1}, {MaxAttempts: MaxMaxAttempts}},
		[]Task{{MaxAttempts: -1}, {MaxAttempts: MaxMaxAttempts + 1}}},
	{"timeout",
		[]Task{{Timeout: 0}, {Timeout: MinTimeout}, {Timeout: MaxTimeout}},
		[]Task{{Timeout: -1}, {Timeout: MinTimeout - 1}, {Timeout: MaxTimeout + 1}}},
	{"retention",
		[]Task{{Retention: 0}, {Retention: 1}, {Retention: MaxRetention}},
		[]Task{{Retention: -1}, {Retention: MaxRetention + 1}}},
	{"headers",
		[]Task{{Headers: headers(MaxHeaders)}, {Headers: map[string]string{"n": strings.Repeat("v", MaxHeaderBytes-1)}}, {Headers: map[string]string{"n": ""}}},
		[]Task{
			{Headers: headers(MaxHeaders + 1)}, {Headers: map[string]string{"n": strings.Repeat("v", MaxHeaderBytes)}},
			{Headers: map[string]string{"": "v"}}, {Headers: map[string]string{"\xff": "v"}}, {Headers: map[string]string{"n": "\xff"}},
		}},
}

// quoted is a JSON string that is n bytes long.
func quoted(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }

func headers(n int) map[string]string {
	all := make(map[string]string)
	for i := range n {
		all[fmt.Sprint(i)] = "v"
	}
	return all
}

func TestValidate_HoldsEveryFieldToItsLimits(t *testing.T) {
	t.Parallel()
	for _, limit := range limits {
		for i, task := range limit.within {
			if task.Type == "" {
				task.Type = "x"
			}
			if err := task.Validate(testNow); err != nil {
				t.Errorf("%s, within %d: %v", limit.field, i, err)
			}
		}
		for i, task := range limit.outside {
			if task.Type == "" && limit.field != "type" {
				task.Type = "x"
			}
			var field *FieldError
			err := task.Validate(testNow)
			if !errors.As(err, &field) || field.Field != limit.field || !errors.Is(err, ErrInvalidTask) {
				t.Errorf("%s, outside %d: %v", limit.field, i, err)
			}
		}
	}
}

func TestValidate_SaysNothingOfTheData(t *testing.T) {
	t.Parallel()
	err := (&Task{Type: "x", Data: []byte(`{"password":"secret"`)}).Validate(testNow)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestValidID_NeverTakesOneThatZeroqAssigns(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{"order-7": true, "": false, "q~0~0000000001": false, "~": false, "a~": false} {
		if ValidID(id) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
}
