package kafkaq

import (
	"context"
	"slices"
	"sync"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// subscription is a member of a consumer group on one topic.
type subscription struct {
	carrier      *Carrier
	topic, group string
	own          bool // the topic is ours: it is made when it is not there
	hold         int

	arrived chan struct{}
	commits chan struct{} // has a value when much is to be committed
	stop    context.CancelFunc
	ended   chan struct{}

	mu     sync.Mutex
	live   bool // there is a generation: nothing is handed out between two
	closed bool
	parts  []*tracker // of the last generation, by partition
	turn   int        // which of them is asked first
	held   int        // how many parcels are handed out and not acknowledged
	faults map[string]error
}

// subscribe joins a consumer group.
func (c *Carrier) subscribe(topic, group string, hold int, own bool) *subscription {
	ctx, stop := context.WithCancel(context.Background())
	s := &subscription{
		carrier: c, topic: topic, group: group, own: own, hold: max(hold, 1),
		arrived: make(chan struct{}, 1), commits: make(chan struct{}, 1), stop: stop, ended: make(chan struct{}),
		faults: map[string]error{},
	}
	go func() {
		defer close(s.ended)
		s.run(ctx)
	}()
	return s
}

// Receive returns up to n messages, of all partitions in turn.
func (s *subscription) Receive(n int) []*broker.Parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live {
		return nil
	}
	n = min(n, s.hold-s.held)
	var got []*broker.Parcel
	for len(got) < n {
		e := s.take()
		if e == nil {
			return got
		}
		got = append(got, &e.parcel)
	}
	if n > 0 {
		s.tell()
	}
	return got
}

// take takes a message from the next partition that has one.
func (s *subscription) take() *entry {
	for range s.parts {
		s.turn++
		if e := s.parts[s.turn%len(s.parts)].take(); e != nil {
			s.held++
			return e
		}
	}
	return nil
}

// Arrived tells that Receive may have more.
func (s *subscription) Arrived() <-chan struct{} { return s.arrived }

// tell tells it, where it is so.
func (s *subscription) tell() {
	ready := s.live && s.held < s.hold &&
		slices.ContainsFunc(s.parts, func(t *tracker) bool { return len(t.ready) > 0 })
	if ready {
		signal(s.arrived)
	}
}

// signal puts a value into a channel that has room for one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Ack lets go of parcels. Their offsets are committed when all before them are let go of.
func (s *subscription) Ack(parcels ...*broker.Parcel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range parcels {
		e := p.Tag.(*entry)
		if e.done || e.tracker.lost {
			continue
		}
		e.tracker.ack(e)
		s.held--
		if e.tracker.low()-e.tracker.committed >= window/2 {
			signal(s.commits)
		}
	}
	s.tell()
}

// Holds reports whether the parcel's partition is still this member's.
func (s *subscription) Holds(parcel *broker.Parcel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !parcel.Tag.(*entry).tracker.lost
}

// Err is why nothing comes at present.
func (s *subscription) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.faults[ofGroup]; err != nil {
		return s.carrier.away(err)
	}
	for _, err := range s.faults {
		return s.carrier.away(err)
	}
	return nil
}

// ofGroup is the key of the fault that concerns all partitions.
const ofGroup = "group"

// fault notes why something does not go on; nil: it does.
func (s *subscription) fault(of string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		delete(s.faults, of)
	} else {
		s.faults[of] = err
	}
}

// Close commits what may be, and leaves the group.
func (s *subscription) Close() error {
	s.mu.Lock()
	s.live, s.closed = false, true
	s.mu.Unlock()
	s.stop()
	<-s.ended
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.parts {
		s.lose(t)
	}
	s.parts = nil
	clear(s.faults)
	return nil
}

// lose gives a partition up, with what is in hand of it.
func (s *subscription) lose(t *tracker) {
	if !t.lost {
		t.lost = true
		s.held -= t.inHand()
	}
}
