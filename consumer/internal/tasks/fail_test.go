package tasks

import (
	"errors"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

// The task that run makes is at its second attempt.

func TestFail_FailsUntilItsAttempt(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`null`:                              "told to fail",
		`{}`:                                "told to fail",
		`{"until_attempt":3}`:               "told to fail",
		`{"message":"x","until_attempt":9}`: "x",
	} {
		_, err := run(t.Context(), zeroq.HandlerFunc(fail), data)
		mustRetry(t, err, want)
	}
}

func TestFail_SucceedsFromItsAttemptOn(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		`{"until_attempt":1}`, `{"until_attempt":2}`, `{"until_attempt":2,"permanent":true,"panic":true}`,
	} {
		_, err := run(t.Context(), zeroq.HandlerFunc(fail), data)
		mustSucceed(t, err)
	}
}

func TestFail_Permanent(t *testing.T) {
	t.Parallel()
	_, err := run(t.Context(), zeroq.HandlerFunc(fail), `{"message":"for good","permanent":true}`)
	mustBePermanent(t, err, "for good")
}

func TestFail_Panics(t *testing.T) {
	t.Parallel()
	_, err := run(t.Context(), zeroq.HandlerFunc(fail), `{"message":"boom","panic":true}`)
	var panicked *zeroq.PanicError
	if !errors.As(err, &panicked) {
		t.Fatalf("got %v", err)
	}
	mustFail(t, err, "panic: boom")
}

func TestFail_RefusesANegativeAttempt(t *testing.T) {
	t.Parallel()
	_, err := run(t.Context(), zeroq.HandlerFunc(fail), `{"until_attempt":-1}`)
	mustBePermanent(t, err, "until_attempt: must be positive")
}
