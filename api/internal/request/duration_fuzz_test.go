package request_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/request"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// bounds are those of the durations of a task, beside what package time can tell.
var bounds = map[string]struct{ least, most time.Duration }{
	"delay":     {0, zeroq.MaxDelay},
	"timeout":   {zeroq.MinTimeout, zeroq.MaxTimeout},
	"retention": {1, zeroq.MaxRetention},
}

// A duration is taken where package time takes it and it is within the bounds of its field, and then it
// is the same in the message on the list.
func FuzzDuration(f *testing.F) {
	for _, text := range []string{
		"", "0", "1m30s", "-1s", "+1s", "1.5h", ".5s", "1.s", "9223372036854775807ns", "9223372036854775808ns", "2562047h47m16.854775807s",
		"8760h", "8760h1ns", "1µs", "1μs", "1 s", "1S", "0.999999999999999999999s", "-0", "99999999999999999999999h", "1h\n", "24h", "999ms",
	} {
		f.Add(text)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		wantWait(t, text)
		if !utf8.ValidString(text) {
			return // no JSON has it
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		for field, bound := range bounds {
			d, parseErr := time.ParseDuration(text)
			good := parseErr == nil && d >= bound.least && d <= bound.most
			body := []byte(`{"type":"a","` + field + `":` + string(quoted) + `}`)
			task, err := request.Task(body, now)
			if (err == nil) != good {
				t.Fatalf("%s: %v", body, err)
			}
			if err != nil {
				wantDurationError(t, err, field)
				continue
			}
			task.ID, task.EnqueuedAt = "x", now
			task.SetDefaults()
			read, err := wire.Decode(wire.Encode(task))
			if err != nil || read.Timeout != task.Timeout || read.Retention != task.Retention {
				t.Fatalf("%s is %+v on the list: %v", body, read, err)
			}
			if got := map[string]time.Duration{"delay": task.Delay, "timeout": task.Timeout, "retention": task.Retention}[field]; got != d && !(d == 0 && got == 0) {
				t.Fatalf("%s is %v", body, got)
			}
		}
	})
}

func wantDurationError(t *testing.T, err error, field string) {
	t.Helper()
	wantClientError(t, err)
	if p, _ := problem.Of(err); p.Field != field || !strings.HasPrefix(p.Message, field) {
		t.Fatalf("%s: %+v", field, p)
	}
}

// wantWait: a wait is between nothing and the most.
func wantWait(t *testing.T, text string) {
	t.Helper()
	wait, err := request.Wait(text)
	d, parseErr := time.ParseDuration(text)
	switch {
	case err != nil:
		var refused *problem.Problem
		if text == "" || parseErr == nil && d >= 0 || !errors.As(err, &refused) || refused.Field != "wait" {
			t.Fatalf("wait=%q: %v", text, err)
		}
	case text != "" && (parseErr != nil || wait != min(d, request.MaxWait)), wait < 0:
		t.Fatalf("wait=%q: %v", text, wait)
	}
}
