package zeroq

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestRun_PanicBecomesAnErrorWithItsStack(t *testing.T) {
	t.Parallel()
	handler := HandlerFunc(func(ctx context.Context, _ *Task) error {
		if err := SetResult(ctx, "half"); err != nil {
			t.Error(err)
		}
		return explode()
	})
	result, err := Run(t.Context(), handler, &Task{})
	var panicked *PanicError
	if !errors.As(err, &panicked) || panicked.Value != "boom" || !strings.Contains(string(panicked.Stack), "explode") {
		t.Fatalf("error %v", err)
	}
	if !strings.HasPrefix(err.Error(), "panic: boom\n") || !strings.Contains(err.Error(), "explode") {
		t.Errorf("text %q", err.Error())
	}
	if result != nil {
		t.Errorf("a panic left the result %s", result)
	}
}

func explode() error { panic("boom") }

func TestRun_PanicWithNilIsAPanic(t *testing.T) {
	t.Parallel()
	handler := HandlerFunc(func(context.Context, *Task) error { panic(nil) })
	var panicked *PanicError
	if _, err := Run(t.Context(), handler, &Task{}); !errors.As(err, &panicked) {
		t.Errorf("error %v", err)
	}
}

func TestRun_HandsOverTheTaskAndTheAnswer(t *testing.T) {
	t.Parallel()
	task := &Task{ID: "mine"}
	handler := HandlerFunc(func(ctx context.Context, got *Task) error {
		if from, ok := TaskFrom(ctx); !ok || from != task || got != task {
			t.Errorf("the context has %v", from)
		}
		return io.EOF
	})
	if result, err := Run(t.Context(), handler, task); err != io.EOF || result != nil {
		t.Errorf("answer %s, %v", result, err)
	}
	if _, ok := TaskFrom(t.Context()); ok {
		t.Error("a plain context has a task")
	}
}

func TestSetResult_LastOneCounts(t *testing.T) {
	t.Parallel()
	handler := HandlerFunc(func(ctx context.Context, _ *Task) error {
		return errors.Join(SetResult(ctx, 1), SetResult(ctx, map[string]any{"big": json.Number("9007199254740993")}))
	})
	if result, err := Run(t.Context(), handler, &Task{}); err != nil || string(result) != `{"big":9007199254740993}` {
		t.Errorf("result %s, %v", result, err)
	}
}

func TestSetResult_RefusedKeepsTheLastGoodOne(t *testing.T) {
	t.Parallel()
	fits := strings.Repeat("x", MaxResultBytes-2) // with its quotes it is the longest there may be
	handler := HandlerFunc(func(ctx context.Context, _ *Task) error {
		if err := SetResult(ctx, fits); err != nil {
			t.Errorf("the longest result: %v", err)
		}
		if err := SetResult(ctx, fits+"x"); err == nil || !strings.Contains(err.Error(), "65537") {
			t.Errorf("one byte too long: %v", err)
		}
		if err := SetResult(ctx, make(chan int)); err == nil {
			t.Error("a channel is a result")
		}
		return nil
	})
	if result, err := Run(t.Context(), handler, &Task{}); err != nil || len(result) != MaxResultBytes {
		t.Errorf("%d bytes, %v", len(result), err)
	}
	if err := SetResult(t.Context(), 1); err == nil {
		t.Error("a plain context took a result")
	}
}

// The race detector watches a goroutine that sets results while its handler returns, and after.
func TestSetResult_StrayGoroutineDoesNoHarm(t *testing.T) {
	t.Parallel()
	began, returned, ended := make(chan bool), make(chan bool), make(chan bool)
	handler := HandlerFunc(func(ctx context.Context, _ *Task) error {
		go func() {
			defer close(ended)
			for n := 0; ; n++ {
				if err := SetResult(ctx, "stray"); err != nil {
					t.Error(err)
				}
				if n == 0 {
					close(began)
				}
				select {
				case <-returned:
					return
				default:
				}
			}
		}()
		<-began
		return nil
	})
	result, err := Run(t.Context(), handler, &Task{})
	kept := string(result)
	close(returned)
	<-ended
	if err != nil || kept != `"stray"` || string(result) != kept {
		t.Errorf("result %s, then %s, %v", kept, result, err)
	}
}

func TestRunBatch_GivesEachTaskItsOutcome(t *testing.T) {
	t.Parallel()
	tasks := []*Task{{}, {}, {}}
	for name, test := range map[string]struct {
		answer []error
		want   []string
	}{
		"nil is success":     {nil, []string{"", "", ""}},
		"empty is success":   {[]error{}, []string{"", "", ""}},
		"one each":           {[]error{nil, io.EOF, nil}, []string{"", "EOF", ""}},
		"too few fail all":   {[]error{io.EOF}, []string{"1 outcomes for 3", "1 outcomes for 3", "1 outcomes for 3"}},
		"too many fail all":  {make([]error, 4), []string{"4 outcomes for 3", "4 outcomes for 3", "4 outcomes for 3"}},
		"permanent survives": {[]error{nil, nil, Permanent(io.EOF)}, []string{"", "", "EOF"}},
	} {
		handler := BatchHandlerFunc(func(context.Context, []*Task) []error { return test.answer })
		errs := RunBatch(t.Context(), handler, tasks)
		if len(errs) != len(test.want) {
			t.Fatalf("%s: %v", name, errs)
		}
		for i, err := range errs {
			if test.want[i] == "" && err != nil || test.want[i] != "" && (err == nil || !strings.Contains(err.Error(), test.want[i])) {
				t.Errorf("%s: task %d has %v", name, i, err)
			}
		}
	}
}

func TestRunBatch_PanicFailsEveryTask(t *testing.T) {
	t.Parallel()
	handler := BatchHandlerFunc(func(context.Context, []*Task) []error { return []error{explode()} })
	errs := RunBatch(t.Context(), handler, []*Task{{}, {}})
	if len(errs) != 2 {
		t.Fatalf("%d errors", len(errs))
	}
	for _, err := range errs {
		var panicked *PanicError
		if !errors.As(err, &panicked) || !strings.Contains(string(panicked.Stack), "explode") {
			t.Errorf("error %v", err)
		}
	}
}

func TestHandlerOf_DecodesTheData(t *testing.T) {
	t.Parallel()
	type mail struct{ To string }
	var got mail
	handler := HandlerOf(func(ctx context.Context, m mail) error {
		if task, ok := TaskFrom(ctx); !ok || task.ID != "mine" {
			t.Errorf("the context has %v", task)
		}
		got = m
		return io.EOF
	})
	_, err := Run(t.Context(), handler, &Task{ID: "mine", Data: []byte(`{"to":"you"}`)})
	if err != io.EOF || got.To != "you" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestHandlerOf_BadDataIsPermanent(t *testing.T) {
	t.Parallel()
	handler := HandlerOf(func(context.Context, int) error { t.Error("it ran"); return nil })
	for _, data := range []string{`"x"`, `{}`, `1.5`, ``, `1 2`} {
		err := handler.Handle(t.Context(), &Task{Type: "sum", Data: []byte(data)})
		if !IsPermanent(err) || !strings.Contains(err.Error(), "data of sum") {
			t.Errorf("%q: %v", data, err)
		}
	}
}
