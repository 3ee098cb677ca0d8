package tasks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq"
)

func TestAnswer_StatusDecides(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		200: "success", 201: "success", 202: "success", 204: "success", 299: "success",
		304: "permanent", 400: "permanent", 401: "permanent", 403: "permanent", 404: "permanent", 409: "permanent",
		410: "permanent", 422: "permanent", 425: "permanent", 499: "permanent",
		408: "retry", 429: "retry", 500: "retry", 501: "retry", 502: "retry", 503: "retry", 504: "retry",
		599: "retry", 999: "retry",
	} {
		_, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		got := "success"
		if err != nil {
			mustFail(t, err, fmt.Sprintf("answered %d", status))
			got = map[bool]string{true: "permanent", false: "retry"}[zeroq.IsPermanent(err)]
		}
		if got != want {
			t.Errorf("%d: got %s, want %s", status, got, want)
		}
	}
}

func TestAnswer_RetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	for _, status := range []int{408, 429, 500, 503} {
		_, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(status)
		})
		mustRetry(t, err, "answered")
		if delay, asked := zeroq.RetryDelay(err); !asked || delay != 2*time.Minute {
			t.Errorf("%d: got %v, %v", status, delay, asked)
		}
	}
}

func TestAnswer_RetryAfterDoesNotMendAPermanentError(t *testing.T) {
	t.Parallel()
	_, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusNotFound)
	})
	mustBePermanent(t, err, "")
	if err.Error() != "answered 404 Not Found" {
		t.Errorf("got %q", err)
	}
	if _, asked := zeroq.RetryDelay(err); asked {
		t.Error("the error asks for a retry")
	}
}

func TestAnswer_RetryAfterZeroLeavesItToThePolicy(t *testing.T) {
	t.Parallel()
	_, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	mustRetry(t, err, "answered 503")
	if _, asked := zeroq.RetryDelay(err); asked {
		t.Error("the error asks for a retry at once")
	}
}

var noon = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"":                                    0,
		"0":                                   0,
		"1":                                   time.Second,
		"3600":                                time.Hour,
		"3601":                                time.Hour,
		"9223372036854775808":                 time.Hour,
		"99999999999999999999999999":          time.Hour,
		"-1":                                  0,
		"+1":                                  0,
		"1.5":                                 0,
		"soon":                                0,
		"5 s":                                 0,
		"Wed, 01 May 2030 12:00:30 GMT":       30 * time.Second,
		"Wednesday, 01-May-30 12:00:30 GMT":   30 * time.Second,
		"Wed May  1 12:00:30 2030":            30 * time.Second,
		"Wed, 01 May 2030 12:00:00 GMT":       0,
		"Wed, 01 May 2030 11:00:00 GMT":       0,
		"Wed, 01 May 2030 13:00:01 GMT":       time.Hour,
		"Fri, 31 Dec 9999 23:59:59 GMT":       time.Hour,
		"Mon, 01 Jan 0001 00:00:00 GMT":       0,
		"Wed, 01 May 2030 12:00:30 something": 0,
	} {
		if got := retryAfter(value, noon); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Wed, 01 May 2030 12:00:30 GMT")
	f.Fuzz(func(t *testing.T, value string) {
		if got := retryAfter(value, noon); got < 0 || got > time.Hour {
			t.Errorf("got %v", got)
		}
	})
}

func TestAnswer_KeepsTheBeginningOfTheBody(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxAnswerBytes-1)
	for body, want := range map[string]string{
		"":            "",
		long + "abc":  long + "a",
		long + "ä":    long,
		long + "€":    long,
		"a\xffb":      "a\uFFFDb",
		"\x00\x1b[2J": "\x00\x1b[2J",
	} {
		result, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		mustSucceed(t, err)
		var got answer
		mustSucceed(t, json.Unmarshal(result, &got))
		if got.Status != 200 || got.Body != want {
			t.Errorf("got %d %q, want %q", got.Status, got.Body, want)
		}
	}
}

func TestAnswer_AnyBytesFitIntoAResult(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"\x00", "\xff", "a\xff", "<", "\u2028", "😀"} {
		result, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Repeat(unit, 2*maxAnswerBytes))
		})
		mustSucceed(t, err)
		if !json.Valid(result) {
			t.Errorf("%q: result is no JSON", unit)
		}
	}
}

func TestAnswer_ErrorShowsTheBodyQuotedAndShortened(t *testing.T) {
	t.Parallel()
	_, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "line\nline\x1b[2J", strings.Repeat("x", 9000))
	})
	mustRetry(t, err, `answered 500 Internal Server Error: "line\nline\x1b[2Jxxx`)
	if len(err.Error()) > zeroq.MaxErrorBytes {
		t.Errorf("error has %d bytes", len(err.Error()))
	}
}

func TestAnswer_BodyThatBreaksOffIsStillASuccess(t *testing.T) {
	t.Parallel()
	result, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "part")
	})
	mustSucceed(t, err)
	if want := `{"status":200,"body":"part"}`; string(result) != want {
		t.Errorf("got %s, want %s", result, want)
	}
}

func TestAnswer_EndlessBodyEnds(t *testing.T) {
	t.Parallel()
	_, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, strings.Repeat("x", 1024)); err != nil {
				return
			}
		}
	})
	mustSucceed(t, err)
}

func FuzzClip(f *testing.F) {
	f.Add("a€b", 2)
	f.Add("\xe2\x82", 2)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = max(n, 0) % 1000
		got := clip(s, n)
		if !utf8.ValidString(got) || len(got) > 3*n {
			t.Errorf("got %q", got)
		}
		if utf8.ValidString(s) && !strings.HasPrefix(s, got) {
			t.Errorf("%q is not the beginning of %q", got, s)
		}
	})
}
