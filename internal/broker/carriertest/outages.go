package carriertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// outages is what happens while the server is away, or does not want a message.
var outages = suite{
	"Away_CallsEndWithTheirContext":          awayCallsEnd,
	"Away_PublishSaysSo":                     awayPublish,
	"Away_SubscriptionSaysSo":                awaySubscription,
	"Outage_SubscriptionBegunInItReceives":   subscribedWhileAway,
	"Outage_SubscriptionGoesOnAfterIt":       subscriptionOutlivesOutage,
	"Outage_WhatIsNotTakenIsPublishedLater":  publishesAfterOutage,
	"Publish_WithAnEndedContextTakesNothing": publishesNothingLate,
}

// soon bounds a call to a server that is not there.
func (r *rig) soon() context.Context {
	ctx, cancel := context.WithTimeout(r.ctx, time.Second)
	r.t.Cleanup(cancel)
	return ctx
}

func (r *rig) away() broker.Carrier {
	c := r.Away()
	r.closes("carrier whose server is away", c)
	return c
}

// unavailable checks the answers to messages that cannot have been taken.
func unavailable(t *testing.T, errs []error, n int) {
	t.Helper()
	if len(errs) != n {
		t.Fatalf("%d answers to %d messages", len(errs), n)
	}
	for i, err := range errs {
		if !errors.Is(err, zeroq.ErrUnavailable) {
			t.Errorf("message %d: %v", i, err)
		}
	}
}

func refusesTooLarge(t *testing.T, r *rig) {
	large := broker.Message{ID: "large", Body: make([]byte, r.TooLarge)}
	errs := r.Carrier.Publish(r.ctx, "q", append(append(messages("", "a"), large), messages("", "b")...))
	if len(errs) != 3 || errs[0] != nil || !errors.Is(errs[1], broker.ErrRefused) || errs[2] != nil {
		t.Fatalf("the answers are %v", errs)
	}
	sub := r.subscribe(r.Carrier, 10)
	r.receive(sub, 2)
	r.nothing(sub)
}

func awayCallsEnd(t *testing.T, r *rig) {
	c := r.away()
	if err := c.Ping(r.soon()); !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("ping: %v", err)
	}
	if _, _, err := c.Depth(r.soon(), "q"); !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("depth: %v", err)
	}
	r.must(r.Carrier.Ping(r.ctx))
}

func awayPublish(t *testing.T, r *rig) {
	c := r.away()
	unavailable(t, c.Publish(r.soon(), "q", messages("", "a", "b")), 2)
	unavailable(t, c.Publish(r.soon(), "q", messages("g", "c")), 1)
}

func awaySubscription(t *testing.T, r *rig) {
	c := r.away()
	sub, err := c.Subscribe(r.ctx, "q", 10)
	r.must(err)
	r.until("it says why nothing comes", func() bool { return errors.Is(sub.Err(), zeroq.ErrUnavailable) })
	if got := sub.Receive(10); len(got) > 0 {
		t.Errorf("%v came from nowhere", bodies(got))
	}
	_ = sub.Close() // must end; it may tell that it could not say goodbye
}

func publishesNothingLate(t *testing.T, r *rig) {
	ended, cancel := context.WithCancel(r.ctx)
	cancel()
	unavailable(t, r.Carrier.Publish(ended, "q", messages("", "a")), 1)
}

// stoppable skips the test where the server cannot be stopped.
func (r *rig) stoppable() {
	if r.Stop == nil {
		r.t.Skip("the server cannot be stopped and started with what it has")
	}
}

func subscribedWhileAway(_ *testing.T, r *rig) {
	r.stoppable()
	r.publish(messages("", "a")...)
	r.Stop()
	sub := r.subscribe(r.second(), 10)
	r.until("it says why nothing comes", func() bool { return errors.Is(sub.Err(), zeroq.ErrUnavailable) })
	r.Start()
	sub.Ack(r.receive(sub, 1)...)
	r.until("it says that all is well", func() bool { return sub.Err() == nil })
}

// subscriptionOutlivesOutage: what was at hand is still held, or comes again.
func subscriptionOutlivesOutage(t *testing.T, r *rig) {
	r.stoppable()
	r.publish(messages("", "a", "b")...)
	sub := r.subscribe(r.Carrier, 10)
	held := r.receive(sub, 2)
	r.Stop()
	r.until("it says why nothing comes", func() bool { return errors.Is(sub.Err(), zeroq.ErrUnavailable) })
	r.Start()
	r.until("publishing works again", func() bool {
		return r.Carrier.Publish(r.soon(), "q", messages("", "c"))[0] == nil
	})
	seen := map[string]bool{}
	r.until("all three are at hand", func() bool {
		held = append(held, sub.Receive(10)...)
		for _, p := range held {
			if sub.Holds(p) {
				seen[string(p.Body)] = true
			}
		}
		return len(seen) == 3
	})
	sub.Ack(held...)
	r.must(sub.Close())
	if least, most, err := r.Carrier.Depth(r.ctx, "q"); err != nil || least > 0 {
		t.Errorf("the depth is %d to %d, %v", least, most, err)
	}
}

func publishesAfterOutage(t *testing.T, r *rig) {
	r.stoppable()
	r.publish(messages("", "before")...)
	r.Stop()
	unavailable(t, r.Carrier.Publish(r.soon(), "q", messages("", "after")), 1)
	r.Start()
	r.until("publishing works again", func() bool {
		return r.Carrier.Publish(r.soon(), "q", messages("", "after"))[0] == nil
	})
	sub := r.subscribe(r.Carrier, 10)
	seen := map[string]bool{}
	r.until("both have come", func() bool {
		for _, p := range sub.Receive(10) {
			seen[string(p.Body)] = true
		}
		return seen["before"] && seen["after"]
	})
}
