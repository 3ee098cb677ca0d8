package zeroq

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// Mux finds the handler of a task by its type. Register everything before a worker starts with it:
// the first [Mux.Route] ends registration, and whatever would change the Mux after it panics.
type Mux struct {
	registered table
	middleware []Middleware

	wrapping sync.Once
	inUse    atomic.Bool
	wrapped  table // what was registered, with middleware applied
}

// table is the routes of a mux.
type table struct {
	exact    map[string]Route
	prefixes map[string]Route
	fallback *Route
}

// Route is where a type of task goes: either to a Handler or, gathered, to a BatchHandler.
type Route struct {
	// Pattern is what the route was registered for; "" for the default handler.
	Pattern string
	// Handler is nil when BatchHandler is not.
	Handler Handler
	// BatchHandler gets tasks gathered as Batch says.
	BatchHandler BatchHandler
	Batch        Batch
	// Retry is the retry policy of the type; nil is that of the queue or the worker.
	Retry *RetryPolicy
}

// RouteOption sets one thing of a [Route].
type RouteOption func(*Route)

// WithRetry gives a type a retry policy of its own, in place of that of the queue or the worker. It
// panics on a policy that is none, as [RetryPolicy.Validate] tells.
func WithRetry(policy RetryPolicy) RouteOption {
	if err := policy.Validate(); err != nil {
		panic("zeroq: " + err.Error())
	}
	return func(r *Route) { r.Retry = &policy }
}

// NewMux returns an empty Mux.
func NewMux() *Mux {
	return &Mux{registered: table{exact: make(map[string]Route), prefixes: make(map[string]Route)}}
}

// Handle registers a handler for a type, or for every type that begins with what stands before a
// final "*". The exact type wins over a prefix, a longer prefix over a shorter one. It panics on a
// pattern that is no type, or registered twice, as that is a mistake in the program.
func (m *Mux) Handle(pattern string, handler Handler, options ...RouteOption) {
	if handler == nil {
		panic("zeroq: nil handler for " + pattern)
	}
	m.register(pattern, Route{Pattern: pattern, Handler: handler}, options)
}

// HandleFunc registers a function as a handler: see [Mux.Handle].
func (m *Mux) HandleFunc(pattern string, handler HandlerFunc, options ...RouteOption) {
	m.Handle(pattern, handler, options...)
}

// HandleBatch registers a handler of several tasks at once: see [Mux.Handle]. Middleware does not
// apply to it.
func (m *Mux) HandleBatch(pattern string, batch Batch, handler BatchHandler, options ...RouteOption) {
	if handler == nil {
		panic("zeroq: nil batch handler for " + pattern)
	}
	if batch.Size < 1 {
		panic(fmt.Sprintf("zeroq: batch size %d for %s", batch.Size, pattern))
	}
	m.register(pattern, Route{Pattern: pattern, BatchHandler: handler, Batch: batch}, options)
}

// HandleDefault registers the handler of every type that no pattern matches. Without one such
// tasks are put back until a worker that knows the type takes them.
func (m *Mux) HandleDefault(handler Handler, options ...RouteOption) {
	if handler == nil {
		panic("zeroq: nil default handler")
	}
	m.mustBeOpen()
	if m.registered.fallback != nil {
		panic("zeroq: two default handlers")
	}
	route := Route{Handler: handler}.with(options)
	m.registered.fallback = &route
}

// Use wraps the handlers, registered before or after, with middleware, the first outermost.
func (m *Mux) Use(middleware ...Middleware) {
	m.mustBeOpen()
	m.middleware = append(m.middleware, middleware...)
}

// Route returns where tasks of the type go. Middleware was applied once, to each handler.
func (m *Mux) Route(typ string) (Route, bool) {
	m.wrapping.Do(func() {
		m.inUse.Store(true)
		m.wrapped = m.registered.wrap(m.middleware)
	})
	return m.wrapped.find(typ)
}

// wrap returns the table with middleware around every handler.
func (t table) wrap(middleware []Middleware) table {
	wrapped := table{exact: maps.Clone(t.exact), prefixes: maps.Clone(t.prefixes)}
	for _, routes := range []map[string]Route{wrapped.exact, wrapped.prefixes} {
		for key, route := range routes {
			if route.Handler != nil {
				route.Handler = chain(route.Handler, middleware)
				routes[key] = route
			}
		}
	}
	if t.fallback != nil {
		fallback := *t.fallback
		fallback.Handler = chain(fallback.Handler, middleware)
		wrapped.fallback = &fallback
	}
	return wrapped
}

func (m *Mux) mustBeOpen() {
	if m.inUse.Load() {
		panic("zeroq: the mux is in use and cannot be changed")
	}
}

// Patterns returns every registered pattern, in no order.
func (m *Mux) Patterns() []string {
	var patterns []string
	for _, routes := range []map[string]Route{m.registered.exact, m.registered.prefixes} {
		for _, route := range routes {
			patterns = append(patterns, route.Pattern)
		}
	}
	return patterns
}

// LargestBatch returns the route with the largest batch size, if there is any batch handler.
func (m *Mux) LargestBatch() (largest Route, ok bool) {
	for _, routes := range []map[string]Route{m.registered.exact, m.registered.prefixes} {
		for _, route := range routes {
			if route.BatchHandler != nil && route.Batch.Size > largest.Batch.Size {
				largest, ok = route, true
			}
		}
	}
	return largest, ok
}

func (r Route) with(options []RouteOption) Route {
	for _, option := range options {
		option(&r)
	}
	return r
}

func (m *Mux) register(pattern string, route Route, options []RouteOption) {
	m.mustBeOpen()
	routes, key := m.registered.exact, pattern
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		routes, key = m.registered.prefixes, prefix
	}
	if key != "" && !validType(key) || pattern == "" {
		panic(fmt.Sprintf("zeroq: pattern %q is no task type", pattern))
	}
	if _, taken := routes[key]; taken {
		panic("zeroq: two handlers for " + pattern)
	}
	routes[key] = route.with(options)
}

func (t table) find(typ string) (Route, bool) {
	if route, ok := t.exact[typ]; ok {
		return route, true
	}
	if len(t.prefixes) > 0 {
		for n := len(typ); n >= 0; n-- {
			if route, ok := t.prefixes[typ[:n]]; ok {
				return route, true
			}
		}
	}
	if t.fallback != nil {
		return *t.fallback, true
	}
	return Route{}, false
}
