// Package contender is what every program does that takes part in "zeroq bench", whatever queue it is built
// on: it reads one order, carries it out in a process of its own, and answers with one result. It stands on
// nothing of zeroq, so that all contenders are measured by the same code.
package contender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"
)

// The roles of an order.
const (
	Enqueue = "enqueue" // put Tasks on the queue
	Work    = "work"    // run Tasks that are there
	Steady  = "steady"  // run Tasks, and put as many on, Batch by Batch, so that the backlog stays
	PickUp  = "pickup"  // put Tasks on one by one before an idle worker
	Post    = "post"    // send Tasks by HTTP to URL
)

// Batch is how many tasks a call has where tasks go in bulk, and how many a backlog is refilled by.
const Batch = 512

// Order is what a process is to do.
type Order struct {
	Role string
	// Redis is a host:port, or the path of a unix socket.
	Redis string
	// URL is where tasks go by HTTP.
	URL string
	// Tasks is how many.
	Tasks int
	// WarmUp is how many tasks are enqueued before, one a call, so that connections are open.
	WarmUp int
	// Payload is the length of a task's data, in bytes.
	Payload int
	// Callers is how many enqueue at once, each Batch tasks a call.
	Callers, Batch int
	// Delay is how long enqueued tasks wait before they may start.
	Delay time.Duration
	// Keep is how long tasks are kept once they have succeeded, where that is not kept anyway.
	Keep time.Duration
	// Concurrency is how many tasks run at once.
	Concurrency int
	// Poll is how often an idle worker looks for tasks, where that is a setting; 0 is its default.
	Poll time.Duration
	// Nap is how long each task takes.
	Nap time.Duration
	// Shared: other processes take from the queue too, so this one ends when nothing is left.
	Shared bool
	// Gap is the mean time between two tasks that are picked up.
	Gap time.Duration
}

// Result is what came of an order.
type Result struct {
	// About names the library and its version.
	About string
	// Tasks is how many were enqueued, or run.
	Tasks int
	// Begin is the first call, or the start of the first task; End the last answer, or the moment at which
	// no task was left unfinished.
	Begin, End time.Time
	// CPU is what this process used meanwhile.
	CPU time.Duration
	// FromCall and FromReturn are how long picked up tasks waited, from the call that enqueued them and from
	// its end. A task that starts before the call has returned waited 0 from then on.
	FromCall, FromReturn []time.Duration
	// Error is why there is nothing else, in one line.
	Error string
}

// System is a task queue.
type System interface {
	// Enqueue puts tasks on the queue by one call, to start after a delay.
	Enqueue(ctx context.Context, data [][]byte, delay time.Duration) error
	// Work calls handle for each task until stop. That is called when nothing is in flight, unless the role is
	// Steady: then it returns when all calls have.
	Work(concurrency int, handle func(data []byte)) (stop func() error, err error)
	// Unfinished is how many tasks are scheduled, ready or in flight.
	Unfinished(ctx context.Context) (int, error)
	Close() error
}

// Limit bounds an order.
const Limit = 3 * time.Minute

// Answer reads an order, and writes what carry makes of it.
func Answer(in io.Reader, out io.Writer, about string, carry func(context.Context, Order) (Result, error)) error {
	var o Order
	if err := json.NewDecoder(in).Decode(&o); err != nil {
		return fmt.Errorf("order: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), Limit)
	defer cancel()
	result, err := carry(ctx, o)
	if err != nil {
		result = Result{Error: strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	result.About = about
	return json.NewEncoder(out).Encode(result)
}

// Library is a library by its name and, where the build tells it, the version of its module.
func Library(name, module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == module {
				return name + " " + dep.Version
			}
		}
	}
	return name
}

// Carry returns what carries an order out on a system.
func Carry(open func(Order) (System, error)) func(context.Context, Order) (Result, error) {
	return func(ctx context.Context, o Order) (result Result, err error) {
		system, err := open(o)
		if err != nil {
			return result, err
		}
		defer func() { err = errors.Join(err, system.Close()) }()
		switch o.Role {
		case Enqueue:
			return enqueue(ctx, o, system)
		case Work:
			return work(ctx, o, system)
		case Steady:
			return steady(ctx, o, system)
		case PickUp:
			return pickUp(ctx, o, system)
		}
		return result, fmt.Errorf("no role %q", o.Role)
	}
}
