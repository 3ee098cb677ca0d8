package kafkaq

import (
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// filled is a tracker that has read the offsets, each of a group of its own unless group names one.
func filled(from int64, groups ...string) *tracker {
	t := newTracker(0, from)
	for i, group := range groups {
		t.add(from+int64(i), broker.Message{Group: group, Body: []byte("body")})
	}
	return t
}

func TestTracker_OnlyThePrefixMayBeCommitted(t *testing.T) {
	t.Parallel()
	tr := filled(10, "", "", "", "")
	taken := []*entry{tr.take(), tr.take(), tr.take(), tr.take()}
	for _, step := range []struct {
		ack  int
		want int64
	}{{2, 10}, {1, 10}, {0, 13}, {3, 14}} {
		tr.ack(taken[step.ack])
		if tr.low() != step.want {
			t.Errorf("after %d: low is %d, want %d", step.ack, tr.low(), step.want)
		}
	}
	if tr.bytes != 0 || len(tr.entries) != 0 || len(tr.lanes) != 0 {
		t.Errorf("something is left: %+v", tr)
	}
}

func TestTracker_OffsetsThatAreNoMessagesArePassedOver(t *testing.T) {
	t.Parallel()
	tr := newTracker(0, 5)
	tr.add(7, broker.Message{})
	if tr.low() != 7 {
		t.Errorf("low is %d", tr.low())
	}
	tr.add(20, broker.Message{})
	tr.ack(tr.take())
	if tr.low() != 20 {
		t.Errorf("low is %d", tr.low())
	}
	tr.ack(tr.take())
	if tr.low() != 21 {
		t.Errorf("low is %d", tr.low())
	}
}

func TestTracker_GroupsWaitForThemselvesOnly(t *testing.T) {
	t.Parallel()
	tr := filled(0, "a", "a", "b", "", "a", "")
	var first []*entry
	for e := tr.take(); e != nil; e = tr.take() {
		first = append(first, e)
	}
	if len(first) != 4 || first[0].offset != 0 || first[1].offset != 2 || first[2].offset != 3 || first[3].offset != 5 {
		t.Fatalf("%d are first", len(first))
	}
	tr.ack(first[3])
	if tr.take() != nil {
		t.Error("a group goes on though its message is in hand")
	}
	for _, want := range []int64{1, 4} {
		tr.ack(first[0])
		if first[0] = tr.take(); first[0].offset != want {
			t.Fatalf("%d comes next, want %d", first[0].offset, want)
		}
	}
	if tr.inHand() != 3 {
		t.Errorf("%d are in hand", tr.inHand())
	}
}

func TestTracker_IsFull(t *testing.T) {
	t.Parallel()
	tr := newTracker(0, 0)
	for i := range int64(window) {
		if tr.full() {
			t.Fatalf("full after %d", i)
		}
		tr.add(i, broker.Message{})
	}
	if !tr.full() {
		t.Error("is never full")
	}
	for range 2 * window {
		e := tr.take()
		if e == nil {
			break
		}
		tr.ack(e)
		tr.add(tr.next, broker.Message{})
		if tr.next == 2*window {
			break
		}
	}
	if !tr.full() {
		t.Error("goes further and further beyond what is committed")
	}
	tr.committed = tr.low()
	if tr.ack(tr.take()); tr.full() {
		t.Error("is full though all is committed")
	}
	large := newTracker(0, 0)
	large.add(0, broker.Message{Body: make([]byte, windowBytes)})
	if !large.full() {
		t.Error("bytes do not count")
	}
}

func TestTracker_GoesOnUnlessOthersHadThePartition(t *testing.T) {
	t.Parallel()
	used := filled(10, "", "")
	used.asked = 11
	fresh := filled(10, "", "")
	lost := filled(10, "")
	lost.lost = true
	for _, test := range []struct {
		why     string
		tracker *tracker
		offset  int64
		want    bool
	}{
		{"the last commit failed", used, 10, true},
		{"the last commit was lost on the way back", used, 11, true},
		{"another committed more", used, 12, false},
		{"somebody set it back", used, 9, false},
		{"what was committed is forgotten", used, kafka.FirstOffset, false},
		{"nothing was committed", fresh, kafka.FirstOffset, true},
		{"it was given up", lost, 10, false},
		{"nothing was read", newTracker(0, kafka.FirstOffset), kafka.FirstOffset, false},
	} {
		if got := test.tracker.goesOn(test.offset); got != test.want {
			t.Errorf("%s: %v", test.why, got)
		}
	}
}

func TestPlace_MayBeTheIDOfATask(t *testing.T) {
	t.Parallel()
	if got := place("orders", 3, 17); got != "orders.3.17" {
		t.Errorf("got %q", got)
	}
	long := make([]byte, 249)
	for i := range long {
		long[i] = 'x'
	}
	seen := map[string]bool{}
	for _, topic := range []string{string(long), string(long[1:]), "_hidden", ".dot"} {
		name := place(topic, 9999, 1<<62)
		if !taskID.MatchString(name) || seen[name] || name != place(topic, 9999, 1<<62) {
			t.Errorf("%q of %s", name, topic)
		}
		seen[name] = true
	}
}
