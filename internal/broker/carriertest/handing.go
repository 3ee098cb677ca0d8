package carriertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// handing is how messages go from one who publishes to one who subscribes.
var handing = suite{
	"Publish_ArrivesByteForByte":             arrivesByteForByte,
	"Publish_OfNothingAnswersNothing":        publishesNothing,
	"Publish_RefusesWhatIsTooLarge":          refusesTooLarge,
	"Subscribe_BeforeTheFirstMessage":        subscribesFirst,
	"Receive_NeverMoreThanAsked":             receivesAtMost,
	"Receive_OneOfAGroupAtATime":             oneOfAGroup,
	"Receive_GroupsDoNotWaitForEachOther":    groupsGoOn,
	"Receive_WithoutGroupNothingWaits":       noGroupNoWait,
	"Hold_BoundsWhatIsInHand":                holdBounds,
	"Arrived_TellsOfEverythingThereIs":       arrivedTells,
	"Ack_InAnyOrder":                         acksInAnyOrder,
	"Ack_TwiceIsAsGoodAsOnce":                acksTwice,
	"Close_GivesBackWhatIsNotAcknowledged":   closeGivesBack,
	"Close_TwoQueuesKnowNothingOfEachOther":  queuesAreApart,
	"Depth_SaysHowManyWait":                  depthBounds,
	"Tap_ReadsWhatOthersSend":                tapReads,
	"Tap_GivesBackWhatIsNotAcknowledged":     tapGivesBack,
	"Tap_OfOneGroupDoesNotTakeFromOtherOnes": tapGroups,
}

func arrivesByteForByte(t *testing.T, r *rig) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	sent := []broker.Message{
		{ID: "plain", Body: []byte(`{"type":"echo"}`)},
		{ID: "empty", Body: []byte{}},
		{ID: "q~0~000000001k", Group: "customer-7", Body: every},
		{ID: "Ünïcode ✓", Group: "Gruppe/ß \x01", Body: []byte("ß"), Headers: map[string]string{
			"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "X-Empty": "", "ключ": "значение",
		}},
		{ID: strings.Repeat("i", 200), Group: strings.Repeat("g", 200), Body: []byte(strings.Repeat("b", 300_000))},
	}
	r.publish(sent...)
	got := r.receive(r.subscribe(r.Carrier, 10), len(sent))
	for _, m := range sent {
		if !slices.ContainsFunc(got, func(p *broker.Parcel) bool { return same(p.Message, m) }) {
			t.Errorf("%.40q did not arrive as it was sent", m.ID)
		}
	}
}

func publishesNothing(t *testing.T, r *rig) {
	if errs := r.Carrier.Publish(r.ctx, "q", nil); len(errs) != 0 {
		t.Errorf("answers to nothing: %v", errs)
	}
}

func subscribesFirst(_ *testing.T, r *rig) {
	sub := r.subscribe(r.Carrier, 10)
	r.nothing(sub)
	r.until("an empty queue is no error", func() bool { return sub.Err() == nil })
	r.publish(messages("", "a")...)
	r.receive(sub, 1)
}

func receivesAtMost(t *testing.T, r *rig) {
	r.publish(messages("", "a", "b", "c", "d", "e", "f", "g")...)
	sub := r.subscribe(r.Carrier, 100)
	if got := sub.Receive(0); len(got) > 0 {
		t.Errorf("%v came unasked", bodies(got))
	}
	total := 0
	r.until("all have come", func() bool {
		got := sub.Receive(2)
		if len(got) > 2 {
			t.Fatalf("%d came, where 2 were asked for", len(got))
		}
		total += len(got)
		return total == 7
	})
	r.nothing(sub)
}

func oneOfAGroup(t *testing.T, r *rig) {
	if !r.Carrier.Powers().Order {
		t.Skip("keeps no order, and says so")
	}
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprint(i))
	}
	r.publish(messages("g", want[:20]...)...)
	r.publish(messages("g", want[20:]...)...)
	sub := r.subscribe(r.Carrier, 10)
	var got []string
	for range want {
		p := r.receive(sub, 1)[0]
		if more := sub.Receive(10); len(more) > 0 {
			t.Fatalf("%v came while %s is at hand", bodies(more), p.Body)
		}
		got = append(got, string(p.Body))
		sub.Ack(p)
	}
	if !slices.Equal(got, want) {
		t.Errorf("came as %v", got)
	}
}

func groupsGoOn(t *testing.T, r *rig) {
	if !r.Carrier.Powers().Order {
		t.Skip("keeps no order, and says so")
	}
	for _, group := range []string{"a", "b", "c"} {
		r.publish(messages(group, group+"1", group+"2", group+"3")...)
	}
	r.publish(messages("", "alone1", "alone2")...)
	sub := r.subscribe(r.Carrier, 10)
	first := r.receive(sub, 5)
	r.nothing(sub)
	got := bodies(first)
	slices.Sort(got)
	if want := []string{"a1", "alone1", "alone2", "b1", "c1"}; !slices.Equal(got, want) {
		t.Fatalf("%v are first, want %v", got, want)
	}
	b := first[slices.IndexFunc(first, func(p *broker.Parcel) bool { return p.Group == "b" })]
	for _, want := range []string{"b2", "b3"} {
		sub.Ack(b)
		if b = r.receive(sub, 1)[0]; string(b.Body) != want {
			t.Fatalf("%s comes next, want %s", b.Body, want)
		}
	}
	r.nothing(sub)
}

func noGroupNoWait(_ *testing.T, r *rig) {
	r.publish(messages("", "a", "b", "c", "d")...)
	r.receive(r.subscribe(r.Carrier, 10), 4)
}

func holdBounds(_ *testing.T, r *rig) {
	r.publish(messages("", "a", "b", "c", "d", "e", "f", "g", "h")...)
	sub := r.subscribe(r.Carrier, 3)
	held := r.receive(sub, 3)
	r.nothing(sub)
	sub.Ack(held[1])
	held = append(held[2:], r.receive(sub, 1)...)
	r.nothing(sub)
	sub.Ack(held...)
	r.receive(sub, 2)
}

// arrivedTells looks only when it is told to, and until less comes than it asks for: it must come upon
// everything, also upon what was freed by an Ack.
func arrivedTells(t *testing.T, r *rig) {
	sub := r.subscribe(r.Carrier, 4)
	go func() {
		for i := range 20 {
			r.Carrier.Publish(r.ctx, "q", messages("g", fmt.Sprint("g", i)))
			r.Carrier.Publish(r.ctx, "q", messages("", fmt.Sprint(i, "a"), fmt.Sprint(i, "b")))
		}
	}()
	deadline := time.After(patience)
	for left := 60; left > 0; {
		select {
		case <-sub.Arrived():
		case <-deadline:
			t.Fatalf("nobody tells of the last %d", left)
		}
		for more := true; more; {
			got := sub.Receive(2)
			more = len(got) == 2
			left -= len(got)
			go sub.Ack(got...)
		}
	}
}

func acksInAnyOrder(t *testing.T, r *rig) {
	var sent []string
	for i := range 40 {
		sent = append(sent, fmt.Sprint(i))
	}
	r.publish(messages("", sent...)...)
	sub := r.subscribe(r.Carrier, 100)
	got := r.receive(sub, 40)
	kept := string(got[13].Body)
	sub.Ack(got[39])
	for i := 38; i >= 0; i -= 2 {
		sub.Ack(got[i])
	}
	var odd []*broker.Parcel
	for i := 1; i < 38; i += 2 {
		if i != 13 {
			odd = append(odd, got[i])
		}
	}
	sub.Ack(odd...)
	r.must(sub.Close())
	r.onlyLeft(t, kept)
}

// onlyLeft checks what a new subscription finds. A carrier that keeps order notes how far it was read, so
// what was acknowledged behind something that was not may come again; the store knows that it is done.
func (r *rig) onlyLeft(t *testing.T, wanted string) {
	t.Helper()
	sub := r.subscribe(r.Carrier, 100)
	seen := map[string]bool{}
	take := func() bool {
		got := sub.Receive(100)
		for _, p := range got {
			seen[string(p.Body)] = true
		}
		sub.Ack(got...)
		return seen[wanted]
	}
	r.until("what is left has come", take)
	end, cancel := context.WithTimeout(r.ctx, quiet)
	defer cancel()
	for backoff.Pause(end, 10*time.Millisecond) {
		take()
	}
	if !r.Carrier.Powers().Order && len(seen) != 1 {
		t.Errorf("%v came again, want only %s", seen, wanted)
	}
}

func acksTwice(t *testing.T, r *rig) {
	r.publish(messages("", "a", "b")...)
	sub := r.subscribe(r.Carrier, 10)
	got := r.receive(sub, 2)
	sub.Ack(got[0])
	sub.Ack(got[0], got[0])
	sub.Ack()
	r.publish(messages("", "c")...)
	sub.Ack(r.receive(sub, 1)...)
	kept := string(got[1].Body)
	r.must(sub.Close())
	sub.Ack(got[1]) // too late: it was given back
	r.onlyLeft(t, kept)
}

func closeGivesBack(t *testing.T, r *rig) {
	r.publish(messages("", "a", "b", "c")...)
	sub := r.subscribe(r.Carrier, 10)
	got := r.receive(sub, 3)
	r.must(sub.Close())
	for _, p := range got {
		if sub.Holds(p) {
			t.Errorf("%s is held by a subscription that is closed", p.Body)
		}
	}
	if more := sub.Receive(10); len(more) > 0 {
		t.Errorf("%v came to a subscription that is closed", bodies(more))
	}
	next := r.subscribe(r.second(), 10)
	again := r.receive(next, 3)
	for _, p := range again {
		if !next.Holds(p) {
			t.Errorf("%s is at hand and not held", p.Body)
		}
	}
	next.Ack(again...)
	r.must(next.Close())
	r.nothing(r.subscribe(r.Carrier, 10))
}

func queuesAreApart(_ *testing.T, r *rig) {
	r.publish(messages("", "a", "b")...)
	other, err := r.Carrier.Subscribe(r.ctx, "other", 10)
	r.must(err)
	r.nothing(other)
	sub := r.subscribe(r.Carrier, 10)
	r.receive(sub, 1)
	r.must(other.Close())
	r.receive(sub, 1)
}

func depthBounds(_ *testing.T, r *rig) {
	within := func(waiting int64) func() bool {
		return func() bool {
			least, most, err := r.Carrier.Depth(r.ctx, "q")
			return err == nil && 0 <= least && least <= waiting && waiting <= most
		}
	}
	r.until("an unused queue is empty", within(0))
	r.publish(messages("", "a", "b", "c", "d", "e", "f")...)
	r.until("all wait", within(6))
	sub := r.subscribe(r.Carrier, 4)
	held := r.receive(sub, 4)
	r.until("two wait", within(2))
	sub.Ack(held...)
	sub.Ack(r.receive(sub, 2)...)
	r.must(sub.Close())
	r.until("none waits, and that is sure", func() bool {
		least, most, err := r.Carrier.Depth(r.ctx, "q")
		return err == nil && least == 0 && most == 0
	})
}

// tap begins to read the foreign source.
func (r *rig) tap(group string) broker.Subscription {
	r.t.Helper()
	sub, err := r.Carrier.Tap(r.ctx, r.Source, group, 10)
	r.must(err)
	r.t.Cleanup(func() { _ = sub.Close() })
	return sub
}

func tapReads(t *testing.T, r *rig) {
	sent := broker.Message{Group: "key", Body: []byte("a\x00b"), Headers: map[string]string{"x-shop": "7"}}
	r.Send(sent)
	sub := r.tap("readers")
	got := r.receive(sub, 1)[0]
	if string(got.Body) != string(sent.Body) || got.Headers["x-shop"] != "7" {
		t.Errorf("came as %+v", got.Message)
	}
	if r.Carrier.Powers().Order && got.Group != "key" {
		t.Errorf("its key is %q", got.Group)
	}
	sub.Ack(got)
	r.Send(broker.Message{Body: []byte("second")})
	if got := r.receive(sub, 1)[0]; string(got.Body) != "second" {
		t.Errorf("%s comes next", got.Body)
	}
}

func tapGivesBack(t *testing.T, r *rig) {
	r.Send(messages("", "a", "b", "c")...)
	sub := r.tap("readers")
	ids := map[string]string{}
	first := r.receive(sub, 3)
	for _, p := range first {
		for body, id := range ids {
			if id != "" && id == p.ID {
				t.Errorf("%s and %s have the same ID", body, p.Body)
			}
		}
		ids[string(p.Body)] = p.ID
	}
	i := slices.IndexFunc(first, func(p *broker.Parcel) bool { return string(p.Body) == "a" })
	sub.Ack(first[i])
	r.must(sub.Close())
	sub = r.tap("readers")
	again := r.receive(sub, 2)
	for _, p := range again {
		if string(p.Body) == "a" {
			t.Error("what was acknowledged came again")
		}
		if id := ids[string(p.Body)]; id != p.ID {
			t.Errorf("the ID of %s was %q, and is %q", p.Body, id, p.ID)
		}
	}
	sub.Ack(again...)
	r.must(sub.Close())
	r.nothing(r.tap("readers"))
}

// tapGroups: where the carrier has consumer groups, each reads everything; elsewhere they share.
func tapGroups(t *testing.T, r *rig) {
	r.Send(messages("", "a", "b", "c")...)
	one := r.tap("one")
	one.Ack(r.receive(one, 3)...)
	other := r.tap("other")
	if !r.Carrier.Powers().Order {
		r.nothing(other)
		return
	}
	if got := bodies(r.receive(other, 3)); len(got) != 3 {
		t.Errorf("the other group read %v", got)
	}
}
