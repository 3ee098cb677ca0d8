package kafkaq

import (
	"github.com/segmentio/kafka-go"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

const (
	// window is how far beyond the lowest offset that is not acknowledged a partition is read.
	window = 1000
	// windowBytes is the most that is kept of a partition, by the size of bodies. One message always fits.
	windowBytes = 32 << 20
)

// tracker knows what was taken of a partition and what of it is let go of. The subscription's lock is held
// where it is used.
type tracker struct {
	partition int
	lost      bool  // another member may have the partition
	next      int64 // the offset that is read next; negative until the first is known
	committed int64 // what is known to be committed, or where reading began
	asked     int64 // the furthest that was asked to be committed: it may be, whatever came of it; -1 for none
	entries   []*entry
	ready     []*entry            // may be handed out, in order
	lanes     map[string][]*entry // of each group of which one is ready or in hand: those behind it
	bytes     int
	room      chan struct{} // has a value when there may be room for more
}

// entry is a message of a partition.
type entry struct {
	parcel  broker.Parcel
	tracker *tracker
	offset  int64
	out     bool // it was handed out
	done    bool // it was acknowledged
}

// newTracker makes a tracker that begins at an offset, which may be [kafka.FirstOffset].
func newTracker(partition int, offset int64) *tracker {
	return &tracker{
		partition: partition, next: offset, committed: offset, asked: -1,
		lanes: map[string][]*entry{}, room: make(chan struct{}, 1),
	}
}

// goesOn reports whether a partition that is assigned again goes on where it was. It does unless others
// moved the group's offset: then they had the partition in between.
func (t *tracker) goesOn(offset int64) bool {
	if t.lost || t.next < 0 {
		return false
	}
	if offset == kafka.FirstOffset {
		return t.asked < 0
	}
	return offset >= t.committed && offset <= max(t.committed, t.asked)
}

// begin says which offset is the first, where that was not known.
func (t *tracker) begin(first int64) { t.next, t.committed = first, first }

// low is the lowest offset that is not acknowledged: all below may be committed.
func (t *tracker) low() int64 {
	if len(t.entries) > 0 {
		return t.entries[0].offset
	}
	return t.next
}

// full reports whether the partition is not to be read further for now.
func (t *tracker) full() bool {
	return t.next-t.low() >= window || t.next-t.committed >= 2*window || t.bytes >= windowBytes
}

// add takes up a message that was read.
func (t *tracker) add(offset int64, m broker.Message) {
	e := &entry{tracker: t, offset: offset, parcel: broker.Parcel{Message: m}}
	e.parcel.Tag = e
	t.next = offset + 1
	t.entries = append(t.entries, e)
	t.bytes += len(m.Body)
	if lane, busy := t.lanes[m.Group]; busy && m.Group != "" {
		t.lanes[m.Group] = append(lane, e)
		return
	}
	if m.Group != "" {
		t.lanes[m.Group] = nil
	}
	t.ready = append(t.ready, e)
}

// take hands a message out; nil when none is ready.
func (t *tracker) take() *entry {
	if len(t.ready) == 0 {
		return nil
	}
	e := t.ready[0]
	t.ready[0] = nil
	t.ready = t.ready[1:]
	e.out = true
	return e
}

// ack lets go of a message. The next one of its group is ready then.
func (t *tracker) ack(e *entry) {
	e.done = true
	t.bytes -= len(e.parcel.Body)
	if group := e.parcel.Group; group != "" {
		if lane := t.lanes[group]; len(lane) > 0 {
			t.ready = append(t.ready, lane[0])
			t.lanes[group] = lane[1:]
		} else {
			delete(t.lanes, group)
		}
	}
	for len(t.entries) > 0 && t.entries[0].done {
		t.entries[0] = nil
		t.entries = t.entries[1:]
	}
	t.makeRoom()
}

// makeRoom has the reader look whether there is room.
func (t *tracker) makeRoom() {
	select {
	case t.room <- struct{}{}:
	default:
	}
}

// inHand returns how many messages are handed out and not acknowledged.
func (t *tracker) inHand() (n int) {
	for _, e := range t.entries {
		if e.out && !e.done {
			n++
		}
	}
	return n
}
