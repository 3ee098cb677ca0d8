package problem_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// mapped has every exported error of package zeroq, by name.
var mapped = map[string]struct {
	err    error
	status int
	code   string
}{
	"ErrInvalidTask":  {zeroq.ErrInvalidTask, 400, problem.InvalidField},
	"ErrDuplicateID":  {zeroq.ErrDuplicateID, 409, problem.Duplicate},
	"ErrUnknownQueue": {zeroq.ErrUnknownQueue, 400, problem.UnknownQueue},
	"ErrNotFound":     {zeroq.ErrNotFound, 404, problem.NotFound},
	"ErrAmbiguousID":  {zeroq.ErrAmbiguousID, 409, problem.AmbiguousID},
	"ErrUnavailable":  {zeroq.ErrUnavailable, 503, problem.Unavailable},
	"ErrStoreFull":    {zeroq.ErrStoreFull, 503, problem.Full},
	"ErrUnsupported":  {zeroq.ErrUnsupported, 400, problem.Unsupported},
	"ErrFormat":       {zeroq.ErrFormat, 503, problem.Format},
	"ErrDuplicate":    {zeroq.ErrDuplicate, 409, problem.Duplicate},
	"ErrQueueFull":    {zeroq.ErrQueueFull, 429, problem.QueueFull},
	"ErrDraining":     {zeroq.ErrDraining, 429, problem.Draining},
	"ErrWrongState":   {zeroq.ErrWrongState, 409, problem.WrongState},
	"ErrUnreadable":   {zeroq.ErrUnreadable, 409, problem.Unreadable},
	// No request can cause these.
	"ErrCancelled":   {zeroq.ErrCancelled, 500, problem.Internal},
	"ErrTimeout":     {zeroq.ErrTimeout, 500, problem.Internal},
	"ErrDeadline":    {zeroq.ErrDeadline, 500, problem.Internal},
	"ErrLeaseLost":   {zeroq.ErrLeaseLost, 500, problem.Internal},
	"ErrShutdown":    {zeroq.ErrShutdown, 500, problem.Internal},
	"ErrUnsafeStore": {zeroq.ErrUnsafeStore, 500, problem.Internal},
}

func TestOf_EveryExportedError(t *testing.T) {
	for name, want := range mapped {
		p, hidden := problem.Of(fmt.Errorf("s3cret: %w", want.err))
		if p.Status != want.status || p.Code != want.code || hidden != (want.status == 500) {
			t.Errorf("%s is %d %s, hidden %t", name, p.Status, p.Code, hidden)
		}
		if strings.Contains(p.Message, "s3cret") || p.Message == "" {
			t.Errorf("%s says %q", name, p.Message)
		}
		if (p.RetryAfter() > 0) != (p.Status == 429 || p.Status == 503 && p.Code != problem.Format) { // which only an update mends
			t.Errorf("%s: retry after %d", name, p.RetryAfter())
		}
	}
	for _, name := range exportedErrors(t) {
		if _, ok := mapped[name]; !ok {
			t.Errorf("zeroq.%s is not in the table", name)
		}
	}
}

// exportedErrors reads the names from the source of package zeroq.
func exportedErrors(t *testing.T) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../../errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for node := range ast.Preorder(file) {
		if spec, ok := node.(*ast.ValueSpec); ok {
			for _, name := range spec.Names {
				if strings.HasPrefix(name.Name, "Err") {
					names = append(names, name.Name)
				}
			}
		}
	}
	if len(names) < 14 {
		t.Fatalf("found %q", names)
	}
	return names
}

func TestOf_Others(t *testing.T) {
	tests := []struct {
		err    error
		status int
		code   string
		field  string
	}{
		{&zeroq.FieldError{Field: "delay", Reason: "is odd"}, 400, problem.InvalidField, "delay"},
		{context.DeadlineExceeded, 503, problem.Timeout, ""},
		{context.Canceled, problem.StatusCancelled, problem.Cancelled, ""},
		{problem.Large("x", "y"), 413, problem.TooLarge, "x"},
		{errors.New("boom"), 500, problem.Internal, ""},
		{zeroq.ErrUnknownQueue, 400, problem.UnknownQueue, "queue"},
	}
	for _, test := range tests {
		p, _ := problem.Of(fmt.Errorf("wrapped: %w", test.err))
		if p.Status != test.status || p.Code != test.code || p.Field != test.field {
			t.Errorf("%v is %+v", test.err, p)
		}
	}
}

// Errors that name a task or a state do so over HTTP.
func TestOf_NamesWhatStandsInTheWay(t *testing.T) {
	p, _ := problem.Of(fmt.Errorf("wrapped: %w", &zeroq.DuplicateError{TaskID: "first"}))
	if p.Status != 409 || p.Code != problem.Duplicate || p.Field != "unique" || p.TaskID != "first" {
		t.Errorf("got %+v", p)
	}
	if p, _ = problem.Of(problem.OfEnqueue(&zeroq.DuplicateError{TaskID: "first"}, "second")); p.TaskID != "first" {
		t.Errorf("got %+v", p)
	}
	if p, _ = problem.Of(&zeroq.StateError{State: zeroq.Succeeded}); p.Status != 409 || p.Message != "the task is succeeded" {
		t.Errorf("got %+v", p)
	}
	if p, _ = problem.Of(zeroq.ErrWrongState); p.Message != "the task is in the wrong state" {
		t.Errorf("got %+v", p)
	}
}

// A problem that was filled in for one request does not show in another.
func TestOfEnqueue(t *testing.T) {
	first, _ := problem.Of(problem.OfEnqueue(zeroq.ErrDuplicateID, "a"))
	second, _ := problem.Of(zeroq.ErrDuplicateID)
	if first.TaskID != "a" || second.TaskID != "" {
		t.Errorf("got %+v and %+v", first, second)
	}
	if err := problem.OfEnqueue(zeroq.ErrStoreFull, "a"); err != zeroq.ErrStoreFull {
		t.Errorf("got %v", err)
	}
	lost, _ := problem.Of(problem.OfEnqueue(fmt.Errorf("x: %w", zeroq.ErrUnavailable), "a"))
	plain, _ := problem.Of(zeroq.ErrUnavailable)
	if !strings.Contains(lost.Message, "may or may not be in") || strings.Contains(plain.Message, "may") || lost.Code != plain.Code {
		t.Errorf("got %+v and %+v", lost, plain)
	}
	if err := problem.OfEnqueue(lost, "a"); err != error(lost) {
		t.Errorf("got %v", err)
	}
	if err := problem.OfEnqueue(nil, "a"); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestOfStatus(t *testing.T) {
	for status := 400; status < 600; status++ {
		if p := problem.OfStatus(status); p.Status != status || p.Code == "" || p.Message == "" {
			t.Errorf("%d is %+v", status, p)
		}
	}
}
