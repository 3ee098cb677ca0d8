package rabbitq

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq/internal/rabbittest"
)

// since is how long a topology knows of a queue; false: it does not.
func since(t *topology, name string) (time.Duration, bool) {
	known, ok := t.known.Load(name)
	if !ok {
		return 0, false
	}
	return time.Since(known.(time.Time)), true
}

func TestRegistered_WaitsForYoungQueues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		top := newTopology("")
		waits := func(name string) time.Duration {
			began := time.Now()
			if !top.registered(t.Context(), name) {
				t.Errorf("%s: did not wait to the end", name)
			}
			return time.Since(began)
		}
		top.known.Store("young", time.Now())
		time.Sleep(time.Second)
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if top.registered(hurried, "young") {
			t.Error("is done before its time")
		}
		if got := waits("young"); got != registration-2*time.Second {
			t.Errorf("waits %v", got)
		}
		if got := waits("young"); got != 0 {
			t.Errorf("waits %v once it is old", got)
		}
		if got := waits("classic"); got != 0 {
			t.Errorf("waits %v for a queue that is no quorum queue", got)
		}
		top.anew("young")
		top.anew("classic")
		if got := waits("young") + waits("classic"); got != registration {
			t.Errorf("waits %v for one that was made anew", got)
		}
	})
}

// TestRegistered_BeginsAnewWithTheQueue: a quorum queue that was deleted and made again is young again.
func TestRegistered_BeginsAnewWithTheQueue(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	c := open(t, conf)
	publish(t, c, messages(0, 1)...)
	name := nameOf(t, c)
	c.topology.known.Store(name, time.Now().Add(-time.Hour))
	again := open(t, conf)
	again.topology.known.Store(name, time.Now().Add(-time.Hour))
	noErrors(t, again.Publish(t.Context(), queue, messages(1, 1)))
	if age, ok := since(again.topology, name); !ok || age < time.Hour {
		t.Errorf("one that was there all the time is %v old", age)
	}
	_, err := raw(t, conf).QueueDelete(name, false, false, false)
	must(t, err)
	noErrors(t, open(t, conf).Publish(t.Context(), queue, messages(2, 1))) // another process makes it
	noErrors(t, c.Publish(t.Context(), queue, messages(3, 1)))
	third := open(t, conf)
	third.topology.known.Store(name, time.Now().Add(-time.Hour))
	_, err = raw(t, conf).QueueDelete(name, false, false, false)
	must(t, err)
	noErrors(t, third.Publish(t.Context(), queue, messages(4, 1))) // which makes it
	if age, ok := since(third.topology, name); !ok || age > time.Minute {
		t.Errorf("one that it made is %v old", age)
	}
	_, err = raw(t, conf).QueueDelete(name, false, false, false)
	must(t, err)
	c.topology.known.Store(name, time.Now().Add(-time.Hour))
	if err := c.Publish(t.Context(), queue, messages(5, 1))[0]; err == nil {
		t.Fatal("a queue that is gone takes messages")
	}
	if age, _ := since(c.topology, name); age > time.Minute {
		t.Errorf("one that was gone is %v old", age)
	}
}
