package kafkaq

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zeromicro/go-zero/core/logx/logtest"

	"github.com/zeroq-dev/zeroq/internal/kafkatest"
)

// These read the log, which the process has one of, so they are not parallel.

func TestRetention_WhatWasDeletedBeforeItWasTakenIsSaid(t *testing.T) {
	conf := single(t)
	c := open(t, conf)
	log := logtest.NewCollector(t)
	publish(t, c, numbered("", 0, 10)...)
	sub := subscribe(t, c, 3)
	sub.Ack(receive(t, sub, 3)...)
	if err := sub.Close(); err != nil { // commits 3
		t.Fatal(err)
	}
	kafkatest.DeleteRecords(t, conf, c.topic("q"), 0, 3)
	sub = subscribe(t, c, 1)
	receive(t, sub, 1)
	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), "lost") {
		t.Fatalf("what was done is said to be lost: %s", log)
	}
	kafkatest.DeleteRecords(t, conf, c.topic("q"), 0, 8)
	sub = subscribe(t, c, 10)
	if got := ids(receive(t, sub, 2)); !slices.Equal(got, []string{"8", "9"}) {
		t.Errorf("%v came", got)
	}
	want := fmt.Sprintf("topic %s, partition 0: 5 messages are lost: Kafka has deleted offsets 3 to 7", c.topic("q"))
	if !strings.Contains(log.String(), want) || !strings.Contains(log.String(), `"error"`) {
		t.Errorf("the log lacks %q: %s", want, log)
	}
}

func TestRetention_WhatWasDeletedBeforeAnybodyCameIsSaid(t *testing.T) {
	conf := single(t)
	c := open(t, conf)
	log := logtest.NewCollector(t)
	publish(t, c, numbered("", 0, 4)...)
	kafkatest.DeleteRecords(t, conf, c.topic("q"), 0, 3)
	receive(t, subscribe(t, c, 1), 1)
	want := fmt.Sprintf("topic %s, partition 0: group %s has committed nothing, and Kafka has deleted the first 3", c.topic("q"), c.group("q"))
	if !strings.Contains(log.String(), want) {
		t.Errorf("the log lacks %q: %s", want, log)
	}
}

func TestRetention_ReadingFromTheBeginningAgainIsSaid(t *testing.T) {
	conf := single(t)
	c := open(t, conf)
	log := logtest.NewCollector(t)
	publish(t, c, numbered("", 0, 1)...)
	sub := &subscription{carrier: c, topic: c.topic("q"), group: "g"}
	tr := newTracker(0, 7)
	if err := sub.restart(t.Context(), tr); err != nil {
		t.Fatal(err)
	}
	if want := "ends at offset 1, and group g was at 7"; tr.next != 0 || !strings.Contains(log.String(), want) {
		t.Errorf("goes on at %d, the log lacks %q: %s", tr.next, want, log)
	}
}
