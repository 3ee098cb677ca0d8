package carriertest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// sharing is how several subscriptions divide a queue among themselves.
var sharing = suite{
	"Share_EachMessageGoesToOne":     sharedByTwo,
	"Share_TheDeadGiveToTheLiving":   deathGives,
	"Share_WhoLeavesLetsOrderBeKept": orderOutlivesClose,
	"Share_TenThousandArrive":        tenThousandArrive,
}

// hand is what came to one subscription and was not acknowledged.
type hand struct {
	sub     broker.Subscription
	parcels map[string]*broker.Parcel
	total   int
}

// take receives what there is, and fails when the other holds one of them too.
func (h *hand) take(t *testing.T, other *hand) {
	for _, p := range h.sub.Receive(100) {
		if theirs := other.parcels[p.ID]; theirs != nil && other.sub.Holds(theirs) {
			t.Fatalf("%s came to both", p.ID)
		}
		h.parcels[p.ID] = p
		h.total++
	}
}

// letGo acknowledges what is in the hand, and notes it as done, unless it was given to the other.
func (h *hand) letGo(done map[string]bool) {
	for id, p := range h.parcels {
		done[id] = done[id] || h.sub.Holds(p)
		h.sub.Ack(p)
	}
	clear(h.parcels)
}

// sharedByTwo has a second process join the first while messages come, until both have had some.
func sharedByTwo(t *testing.T, r *rig) {
	one := &hand{sub: r.subscribe(r.Carrier, 100), parcels: map[string]*broker.Parcel{}}
	r.publish(messages("first", "before")...)
	r.until("the first takes all while it is alone", func() bool {
		one.take(t, &hand{})
		return one.total == 1
	})
	two := &hand{sub: r.subscribe(r.second(), 100), parcels: map[string]*broker.Parcel{}}
	sent, done := 1, map[string]bool{}
	r.until("both have their share", func() bool {
		for range 10 {
			r.publish(messages(fmt.Sprint("g", sent), fmt.Sprint(sent))...)
			sent++
		}
		for i := range 2 { // whoever looks first may find all
			if (sent/10+i)%2 == 0 {
				one.take(t, two)
			} else {
				two.take(t, one)
			}
		}
		if one.total > 1 && two.total > 0 {
			return true
		}
		one.letGo(done)
		two.letGo(done)
		return false
	})
	r.until("every message has come to one", func() bool {
		one.take(t, two)
		two.take(t, one)
		one.letGo(done)
		two.letGo(done)
		return len(done) == sent
	})
}

// deathGives: what a dead process had comes to another; until then that gets the rest.
func deathGives(t *testing.T, r *rig) {
	doomed := r.doomed()
	dead := r.subscribe(doomed, 10)
	r.publish(messages("", "a", "b", "c")...)
	held := r.receive(dead, 3)
	live := r.subscribe(r.Carrier, 10)
	r.publish(messages("g", "d")...)
	r.Kill(doomed)
	seen := map[string]bool{}
	r.until("all come to the one that lives", func() bool {
		got := live.Receive(10)
		for _, p := range got {
			seen[string(p.Body)] = true
		}
		live.Ack(got...)
		return len(seen) == 4
	})
	r.until("the dead one knows that it has lost them", func() bool {
		for _, p := range held {
			if dead.Holds(p) {
				return false
			}
		}
		return true
	})
	dead.Ack(held...) // is passed over
	if err := dead.Err(); err == nil {
		t.Error("all is well with a subscription that is cut off")
	}
}

// orderOutlivesClose: who takes over what another left begins with what that did not acknowledge.
func orderOutlivesClose(t *testing.T, r *rig) {
	if !r.Carrier.Powers().Order {
		t.Skip("keeps no order, and says so")
	}
	r.publish(messages("g", "1", "2", "3", "4")...)
	first := r.subscribe(r.Carrier, 10)
	first.Ack(r.receive(first, 1)...)
	r.receive(first, 1)
	r.must(first.Close())
	next := r.subscribe(r.second(), 10)
	for _, want := range []string{"2", "3", "4"} {
		p := r.receive(next, 1)[0]
		if string(p.Body) != want {
			t.Fatalf("%s comes, want %s", p.Body, want)
		}
		next.Ack(p)
	}
}

// tenThousandArrive: three subscriptions of two processes take 10,000 messages.
func tenThousandArrive(t *testing.T, r *rig) {
	const n, batch = 10_000, 500
	var mu sync.Mutex
	seen := make(map[string]bool, n)
	note := func(parcels []*broker.Parcel) {
		mu.Lock()
		defer mu.Unlock()
		for _, p := range parcels {
			seen[p.ID] = true
		}
	}
	var stopped atomic.Bool
	var takers sync.WaitGroup
	second := r.second()
	for _, c := range []broker.Carrier{r.Carrier, r.Carrier, second} {
		sub := r.subscribe(c, 256)
		takers.Go(func() {
			for !stopped.Load() {
				got := sub.Receive(64)
				note(got)
				sub.Ack(got...)
				if len(got) > 0 {
					continue
				}
				select {
				case <-sub.Arrived():
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
	}
	defer takers.Wait()
	defer stopped.Store(true)
	for first := 0; first < n; first += batch {
		var all []broker.Message
		for i := first; i < first+batch; i++ {
			group := ""
			if i%2 == 0 {
				group = fmt.Sprint("g", i%50)
			}
			all = append(all, messages(group, fmt.Sprint(i))...)
		}
		r.publish(all...)
	}
	r.until("all have come", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) == n
	})
	if t.Failed() {
		t.Logf("%d of %d came", len(seen), n)
	}
}
