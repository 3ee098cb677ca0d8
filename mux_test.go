package zeroq

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// named is a handler that answers with its name, so that a test sees which one was found.
func named(name string) Handler {
	return HandlerFunc(func(context.Context, *Task) error { return errors.New(name) })
}

// found is the name of the handler that a mux finds for the type, "" when it finds none.
func found(m *Mux, typ string) string {
	route, ok := m.Route(typ)
	if !ok {
		return ""
	}
	return route.Handler.Handle(context.Background(), &Task{Type: typ}).Error()
}

func TestMux_ExactWinsOverPrefixAndLongerOverShorter(t *testing.T) {
	t.Parallel()
	m := NewMux()
	for _, pattern := range []string{"*", "email:*", "email:bulk:*", "email:welcome", "email:"} {
		m.Handle(pattern, named(pattern))
	}
	for typ, want := range map[string]string{
		"email:welcome":     "email:welcome",
		"email:welcome2":    "email:*",
		"email:":            "email:",
		"email:x":           "email:*",
		"email:bulk:":       "email:bulk:*",
		"email:bulk:monday": "email:bulk:*",
		"email:bulk":        "email:*",
		"email":             "*",
		"Email:x":           "*",
	} {
		if got := found(m, typ); got != want {
			t.Errorf("%s goes to %q, want %q", typ, got, want)
		}
	}
}

func TestMux_DefaultTakesWhatNoPatternMatches(t *testing.T) {
	t.Parallel()
	if got := found(NewMux(), "c"); got != "" {
		t.Errorf("without a default c goes to %q", got)
	}
	m := NewMux()
	m.Handle("a", named("a"))
	m.Handle("b*", named("b*"))
	m.HandleDefault(named("default"))
	for typ, want := range map[string]string{"a": "a", "bc": "b*", "c": "default", "": "default"} {
		if got := found(m, typ); got != want {
			t.Errorf("%q goes to %q, want %q", typ, got, want)
		}
	}
	if route, _ := m.Route("c"); route.Pattern != "" {
		t.Errorf("the default's pattern is %q", route.Pattern)
	}
}

func TestMux_PanicsOnMistakesOfTheProgram(t *testing.T) {
	t.Parallel()
	batch := BatchHandlerFunc(func(context.Context, []*Task) []error { return nil })
	for name, mistake := range map[string]func(*Mux){
		"nil handler":          func(m *Mux) { m.Handle("x", nil) },
		"nil batch handler":    func(m *Mux) { m.HandleBatch("x", Batch{Size: 1}, nil) },
		"empty batch":          func(m *Mux) { m.HandleBatch("x", Batch{}, batch) },
		"empty pattern":        func(m *Mux) { m.Handle("", named("")) },
		"no type":              func(m *Mux) { m.Handle("with space", named("")) },
		"star in the middle":   func(m *Mux) { m.Handle("a*b", named("")) },
		"two stars":            func(m *Mux) { m.Handle("a**", named("")) },
		"type twice":           func(m *Mux) { m.Handle("taken", named("")) },
		"prefix twice":         func(m *Mux) { m.Handle("taken*", named("")) },
		"task beside a batch":  func(m *Mux) { m.HandleBatch("taken", Batch{Size: 1}, batch) },
		"nil default":          func(m *Mux) { m.HandleDefault(nil) },
		"handler while in use": func(m *Mux) { m.Route("taken"); m.Handle("late", named("")) },
		"default while in use": func(m *Mux) { m.Route("taken"); m.HandleDefault(named("")) },
		"use while in use":     func(m *Mux) { m.Route("taken"); m.Use() },
		"impossible retry":     func(m *Mux) { m.Handle("x", named(""), WithRetry(RetryPolicy{Base: time.Second})) },
		"two defaults":         func(m *Mux) { m.HandleDefault(named("")); m.HandleDefault(named("")) },
	} {
		m := NewMux()
		m.Handle("taken", named(""))
		m.Handle("taken*", named(""))
		if !panics(func() { mistake(m) }) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestMux_MiddlewareWrapsFirstOutermost(t *testing.T) {
	t.Parallel()
	var order []string
	note := func(name string) Middleware {
		return func(next Handler) Handler {
			return HandlerFunc(func(ctx context.Context, task *Task) error {
				order = append(order, name+" in")
				defer func() { order = append(order, name+" out") }()
				return next.Handle(ctx, task)
			})
		}
	}
	m := NewMux()
	m.Use(note("first"), note("second"))
	m.HandleFunc("x", func(context.Context, *Task) error { order = append(order, "handler"); return nil })
	m.HandleDefault(named("default"))
	m.Use(note("third")) // after the handler, and still around it
	route, _ := m.Route("x")
	if err := route.Handler.Handle(t.Context(), &Task{}); err != nil {
		t.Fatal(err)
	}
	want := []string{"first in", "second in", "third in", "handler", "third out", "second out", "first out"}
	if !slices.Equal(order, want) {
		t.Errorf("order %v", order)
	}
	order = nil
	found(m, "of the default")
	if len(order) != 6 {
		t.Errorf("around the default handler: %v", order)
	}
}

func TestMux_BatchRoutesAreLeftUnwrapped(t *testing.T) {
	t.Parallel()
	m := NewMux()
	m.Use(func(Handler) Handler { t.Error("a batch was wrapped"); return nil })
	batch := BatchHandlerFunc(func(context.Context, []*Task) []error { return nil })
	if _, any := m.LargestBatch(); any {
		t.Error("an empty mux has a batch")
	}
	m.HandleBatch("small", Batch{Size: 2}, batch)
	m.HandleBatch("large*", Batch{Size: 9}, batch)
	m.HandleBatch("middle", Batch{Size: 5}, batch)
	route, ok := m.Route("large.one")
	if !ok || route.Handler != nil || route.BatchHandler == nil || route.Batch.Size != 9 || route.Pattern != "large*" {
		t.Errorf("route %+v, %v", route, ok)
	}
	if largest, ok := m.LargestBatch(); !ok || largest.Pattern != "large*" {
		t.Errorf("the largest is %+v, %v", largest, ok)
	}
}

func TestMux_ListsItsPatterns(t *testing.T) {
	t.Parallel()
	m := NewMux()
	for _, pattern := range []string{"b", "a*", "*"} {
		m.Handle(pattern, named(pattern))
	}
	m.HandleDefault(named("default"))
	if got := slices.Sorted(slices.Values(m.Patterns())); !slices.Equal(got, []string{"*", "a*", "b"}) {
		t.Errorf("patterns %v", got)
	}
}

func TestWrapEnqueuer_FirstIsOutermost(t *testing.T) {
	t.Parallel()
	order := ""
	note := func(name string) EnqueueMiddleware {
		return func(next Enqueuer) Enqueuer {
			return EnqueueFunc(func(ctx context.Context, tasks ...*Task) error {
				order += name
				return next.Enqueue(ctx, tasks...)
			})
		}
	}
	inner := EnqueueFunc(func(_ context.Context, tasks ...*Task) error {
		order += tasks[0].Type
		return ErrStoreFull
	})
	err := WrapEnqueuer(inner, note("a"), note("b")).Enqueue(t.Context(), &Task{Type: "c"})
	if order != "abc" || !errors.Is(err, ErrStoreFull) {
		t.Errorf("order %s, error %v", order, err)
	}
}

// Middleware may keep something for each handler, such as a limit: it must be made once.
func TestMux_WrapsEachHandlerOnce(t *testing.T) {
	t.Parallel()
	made := 0
	m := NewMux()
	m.Use(func(next Handler) Handler { made++; return next })
	m.Handle("a", named("a"))
	m.Handle("b*", named("b*"))
	m.HandleDefault(named("default"))
	for range 3 {
		for _, typ := range []string{"a", "bc", "c"} {
			m.Route(typ)
		}
	}
	if made != 3 {
		t.Errorf("3 handlers were wrapped %d times", made)
	}
}

func TestMux_RoutesCarryTheRetryPolicyOfTheirType(t *testing.T) {
	t.Parallel()
	of := func(base time.Duration) RouteOption { return WithRetry(RetryPolicy{Base: base, Max: time.Hour}) }
	m := NewMux()
	m.Handle("plain", named(""))
	m.Handle("exact", named(""), of(1*time.Second))
	m.HandleFunc("prefix*", named("").Handle, of(2*time.Second))
	m.HandleBatch("batch", Batch{Size: 1}, BatchHandlerFunc(func(context.Context, []*Task) []error { return nil }), of(3*time.Second))
	m.HandleDefault(named(""), of(4*time.Second))
	m.Use(func(next Handler) Handler { return next })
	for typ, want := range map[string]time.Duration{
		"plain": 0, "exact": time.Second, "prefixed": 2 * time.Second, "batch": 3 * time.Second, "other": 4 * time.Second,
	} {
		route, _ := m.Route(typ)
		base := time.Duration(0)
		if route.Retry != nil {
			base = route.Retry.Base
		}
		if base != want {
			t.Errorf("%s waits %v, want %v", typ, base, want)
		}
	}
}
