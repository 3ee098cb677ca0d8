package zeroq

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"
)

func TestPermanent_WrapsAndIsFoundThroughOtherWraps(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("outer: %w", Permanent(fmt.Errorf("inner: %w", io.EOF)))
	if !IsPermanent(err) || !errors.Is(err, io.EOF) || err.Error() != "outer: inner: EOF" {
		t.Errorf("%v, permanent %v", err, IsPermanent(err))
	}
	if IsPermanent(io.EOF) || IsPermanent(nil) {
		t.Error("a plain error is permanent")
	}
	if !IsPermanent(errors.Join(io.EOF, Permanent(io.ErrClosedPipe))) {
		t.Error("a joined permanent error is not found")
	}
}

func TestPermanent_OfNilIsNil(t *testing.T) {
	t.Parallel()
	if err := Permanent(nil); err != nil {
		t.Errorf("%v", err)
	}
	if err := RetryAfter(time.Second, nil); err != nil {
		t.Errorf("%v", err)
	}
}

func TestRetryAfter_CarriesItsDelay(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("outer: %w", RetryAfter(time.Minute, io.EOF))
	if d, ok := RetryDelay(err); !ok || d != time.Minute || !errors.Is(err, io.EOF) || err.Error() != "outer: EOF" {
		t.Errorf("%v: %s, %v", err, d, ok)
	}
	if d, ok := RetryDelay(RetryAfter(-time.Second, io.EOF)); !ok || d != 0 {
		t.Errorf("a negative delay is %s, %v", d, ok)
	}
	if d, ok := RetryDelay(RetryAfter(0, io.EOF)); !ok || d != 0 {
		t.Errorf("no delay is %s, %v", d, ok)
	}
	for _, err := range []error{nil, io.EOF, Permanent(io.EOF)} {
		if _, ok := RetryDelay(err); ok {
			t.Errorf("%v has a delay", err)
		}
	}
}

func TestPermanent_AndRetryAfterMayStandInEachOther(t *testing.T) {
	t.Parallel()
	for _, err := range []error{Permanent(RetryAfter(time.Second, io.EOF)), RetryAfter(time.Second, Permanent(io.EOF))} {
		if _, ok := RetryDelay(err); !ok || !IsPermanent(err) || !errors.Is(err, io.EOF) {
			t.Errorf("%#v lost one of its wraps", err)
		}
	}
}

func TestFieldError_IsAnInvalidTask(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("enqueue: %w", &FieldError{Field: "timeout", Reason: "must be 1s to 24h"})
	var field *FieldError
	if !errors.Is(err, ErrInvalidTask) || !errors.As(err, &field) || field.Field != "timeout" ||
		err.Error() != "enqueue: timeout must be 1s to 24h" {
		t.Errorf("%v", err)
	}
}

func TestBatchError_CountsAndUnwrapsTheRefused(t *testing.T) {
	t.Parallel()
	var err error = &BatchError{Errors: []error{nil, ErrDuplicateID, nil, ErrStoreFull}}
	if err.Error() != "2 of 4 tasks refused, the first: a task of this id exists" {
		t.Errorf("%v", err)
	}
	if !errors.Is(err, ErrDuplicateID) || !errors.Is(err, ErrStoreFull) || errors.Is(err, ErrUnavailable) {
		t.Errorf("%v is not what it holds", err)
	}
}

func TestErrors_AreAllDifferent(t *testing.T) {
	t.Parallel()
	all := []error{
		ErrInvalidTask, ErrDuplicateID, ErrUnknownQueue, ErrNotFound, ErrAmbiguousID, ErrUnavailable, ErrStoreFull,
		ErrTimeout, ErrDeadline, ErrLeaseLost, ErrShutdown, ErrUnsupported, ErrUnsafeStore, ErrFormat,
	}
	for i, a := range all {
		for j, b := range all {
			if errors.Is(a, b) != (i == j) || i != j && a.Error() == b.Error() {
				t.Errorf("%v and %v", a, b)
			}
		}
	}
}
