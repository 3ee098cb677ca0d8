// Package carriertest is the conformance suite that every carrier passes: what the carried broker relies
// on, in words of the contract in package broker. It has a carrier in memory too, for tests that need
// outages and redeliveries at will.
package carriertest

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Rig is a carrier under test, and its back doors.
type Rig struct {
	// Carrier is fresh and empty. The test closes it.
	Carrier broker.Carrier
	// Second opens the connections of another process to the same server. The test closes them.
	Second func() broker.Carrier
	// Kill ends all connections of a carrier for good and without a goodbye, as the death of its process
	// does. The carrier and its subscriptions can be closed afterwards.
	Kill func(carrier broker.Carrier)
	// Away opens a carrier whose server is not there. The test closes it.
	Away func() broker.Carrier
	// Source is a topic or queue that others have made, and Send puts messages there as they would.
	Source string
	Send   func(messages ...broker.Message)
	// TooLarge is the length of a body that the server does not take.
	TooLarge int
	// Stop and Start have the server go away and come back with what it has. nil: they cannot.
	Stop, Start func()
}

// suite is tests of one kind by their names.
type suite map[string]func(*testing.T, *rig)

// Run runs the suite. open makes a fresh, empty carrier, and a server of its own where it has Stop.
func Run(t *testing.T, open func(t testing.TB) Rig) {
	for _, tests := range []suite{handing, sharing, outages} {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				opened := open(t)
				r := &rig{Rig: opened, t: t, ctx: t.Context()}
				r.closes("carrier", opened.Carrier)
				test(t, r)
			})
		}
	}
}

// rig is a carrier with the shorthands of a test.
type rig struct {
	Rig
	t   *testing.T
	ctx context.Context
}

// closes has the test close something when it ends.
func (r *rig) closes(what string, closer interface{ Close() error }) {
	r.t.Cleanup(func() {
		if err := closer.Close(); err != nil {
			r.t.Errorf("closing the %s: %v", what, err)
		}
	})
}

// second opens another process's carrier.
func (r *rig) second() broker.Carrier {
	c := r.Second()
	r.closes("second carrier", c)
	return c
}

// doomed opens a carrier that is to be killed: it may say so when it is closed.
func (r *rig) doomed() broker.Carrier {
	c := r.Second()
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}

// subscribe begins a subscription that nobody has to close.
func (r *rig) subscribe(c broker.Carrier, hold int) broker.Subscription {
	r.t.Helper()
	sub, err := c.Subscribe(r.ctx, "q", hold)
	r.must(err)
	r.t.Cleanup(func() { _ = sub.Close() })
	return sub
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// messages makes messages of a group, "" for none, with the bodies.
func messages(group string, bodies ...string) []broker.Message {
	all := make([]broker.Message, len(bodies))
	for i, body := range bodies {
		all[i] = broker.Message{ID: "id-" + body, Group: group, Body: []byte(body)}
	}
	return all
}

// publish hands messages over, all of which must be taken.
func (r *rig) publish(messages ...broker.Message) {
	r.t.Helper()
	errs := r.Carrier.Publish(r.ctx, "q", messages)
	if len(errs) != len(messages) {
		r.t.Fatalf("%d answers to %d messages", len(errs), len(messages))
	}
	for i, err := range errs {
		if err != nil {
			r.t.Fatalf("message %d: %v", i, err)
		}
	}
}

// receive takes exactly n parcels.
func (r *rig) receive(sub broker.Subscription, n int) []*broker.Parcel {
	r.t.Helper()
	var all []*broker.Parcel
	r.until("parcels come", func() bool {
		all = append(all, sub.Receive(n-len(all))...)
		return len(all) >= n
	})
	if len(all) != n {
		r.t.Fatalf("%d parcels came, where %d were asked for", len(all), n)
	}
	return all
}

// quiet is how long nothing has to come for a test to believe that nothing does.
const quiet = 300 * time.Millisecond

// nothing checks that nothing comes.
func (r *rig) nothing(sub broker.Subscription) {
	r.t.Helper()
	end, cancel := context.WithTimeout(r.ctx, quiet)
	defer cancel()
	for end.Err() == nil {
		if got := sub.Receive(10); len(got) > 0 {
			r.t.Fatalf("%v came, want nothing", bodies(got))
		}
		backoff.Pause(end, 10*time.Millisecond)
	}
}

// patience is how long a server may take for what it does in its own time, such as to notice a death.
const patience = 40 * time.Second

// until polls until the condition holds.
func (r *rig) until(what string, condition func() bool) {
	r.t.Helper()
	deadline, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	for wait := time.Millisecond; !condition(); wait = min(2*wait, 20*time.Millisecond) {
		if !backoff.Pause(deadline, wait) {
			r.t.Fatalf("still waiting: %s", what)
		}
	}
}

func bodies(parcels []*broker.Parcel) []string {
	all := make([]string, len(parcels))
	for i, p := range parcels {
		all[i] = string(p.Body)
	}
	return all
}

// same reports whether a message came as it was sent.
func same(got, sent broker.Message) bool {
	return got.ID == sent.ID && got.Group == sent.Group && string(got.Body) == string(sent.Body) &&
		maps.Equal(got.Headers, sent.Headers)
}
