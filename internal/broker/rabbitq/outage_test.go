package rabbitq

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
)

// tally is what of a number of messages was confirmed, and how often each arrived.
type tally struct {
	mu        sync.Mutex
	confirmed map[string]bool
	attempts  map[string]int // without a confirm, which may have been taken all the same
	arrived   map[string]int
}

func newTally() *tally {
	return &tally{confirmed: map[string]bool{}, attempts: map[string]int{}, arrived: map[string]int{}}
}

func (y *tally) published(messages []broker.Message, errs []error) (left []broker.Message) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for i, m := range messages {
		if errs[i] == nil {
			y.confirmed[m.ID] = true
			continue
		}
		y.attempts[m.ID]++
		left = append(left, m)
	}
	return left
}

func (y *tally) received(parcels []*broker.Parcel) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, p := range parcels {
		y.arrived[p.ID]++
	}
}

// missing is how many of the confirmed messages have not arrived.
func (y *tally) missing() error {
	y.mu.Lock()
	defer y.mu.Unlock()
	missing := 0
	for id := range y.confirmed {
		if y.arrived[id] == 0 {
			missing++
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d of %d confirmed messages are missing", missing, len(y.confirmed))
	}
	return nil
}

func TestOutage_KilledServerKeepsWhatItConfirmed(t *testing.T) {
	t.Parallel()
	server := rabbittest.Start(t)
	for _, kind := range []string{"quorum", "classic"} {
		conf := server.Conf()
		conf.Type = kind
		c := open(t, conf)
		c.topology.registration = registration
		tally := newTally()
		var publishing sync.WaitGroup
		for i := range 4 { // so that the kill meets some on their way
			publishing.Go(func() {
				for first := 0; first < 100_000; first += 50 {
					batch := messages(1_000_000*i+first, 50)
					if left := tally.published(batch, c.Publish(t.Context(), queue, batch)); len(left) > 0 {
						return
					}
				}
			})
		}
		eventually(t, func() error {
			tally.mu.Lock()
			defer tally.mu.Unlock()
			if len(tally.confirmed) < 100 {
				return errors.New("too few are confirmed")
			}
			return nil
		})
		server.Kill()
		publishing.Wait()
		if errs := c.Publish(t.Context(), queue, messages(0, 1)); !errors.Is(errs[0], zeroq.ErrUnavailable) {
			t.Errorf("%s: without a server: %v", kind, errs)
		}
		server.Restart()
		s := subscribe(t, c, 1000)
		eventually(t, func() error {
			parcels := s.Receive(1000)
			tally.received(parcels)
			s.Ack(parcels...)
			if err := tally.missing(); err != nil {
				return fmt.Errorf("%s: %w; %v", kind, err, s.Err())
			}
			return nil
		})
		must(t, s.Close())
	}
}

func TestOutage_CutConnectionsLoseNothing(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	p := newProxy(t, conf.Addrs[0])
	conf.Addrs = []string{p.addr}
	c := open(t, conf)
	const total = 20_000
	tally, seen := newTally(), map[string]bool{}
	var done atomic.Bool
	var publishing sync.WaitGroup
	publishing.Go(func() {
		defer done.Store(true)
		for first := 0; first < total; first += 100 {
			for left := messages(first, 100); len(left) > 0; {
				left = tally.published(left, c.Publish(t.Context(), queue, left))
			}
		}
	})
	s := subscribe(t, c, 100)
	var cuts int
	eventually(t, func() error {
		parcels := s.Receive(100)
		tally.received(parcels)
		for _, p := range parcels {
			seen[p.ID] = true
		}
		s.Ack(parcels...)
		if cuts < 10 && len(seen) > cuts*total/12 {
			cuts++
			p.cut()
		}
		if !done.Load() {
			return errors.New("still publishing")
		}
		return tally.missing()
	})
	publishing.Wait()
	if cuts < 10 || len(tally.confirmed) != total {
		t.Errorf("%d cuts, %d confirmed", cuts, len(tally.confirmed))
	}
}

// What was confirmed at once and acknowledged before a cut has no reason to come twice.
func TestOutage_OnlyUnconfirmedMessagesComeTwice(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	p := newProxy(t, conf.Addrs[0])
	reader := open(t, conf) // whose way is never cut
	conf.Addrs = []string{p.addr}
	c := open(t, conf)
	tally := newTally()
	for first := 0; first < 5000; first += 100 {
		left := messages(first, 100)
		var cut sync.WaitGroup
		if first%500 == 0 {
			cut.Go(p.cut)
		}
		for len(left) > 0 {
			left = tally.published(left, c.Publish(t.Context(), queue, left))
		}
		cut.Wait()
	}
	s := subscribe(t, reader, 1000)
	eventually(t, func() error {
		parcels := s.Receive(1000)
		tally.received(parcels)
		s.Ack(parcels...)
		least, most, err := reader.Depth(t.Context(), queue)
		if err == nil && least+tallyLeft(tally) > 0 {
			err = fmt.Errorf("%d to %d wait", least, most)
		}
		return err
	})
	for id, n := range tally.arrived {
		if n > 1+tally.attempts[id] {
			t.Errorf("%s came %d times, after %d attempts without a confirm", id, n, tally.attempts[id])
		}
	}
}

func tallyLeft(y *tally) int64 {
	if y.missing() != nil {
		return 1
	}
	return 0
}

func TestOutage_SilentServerDoesNotHoldUpCallers(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	p := newProxy(t, conf.Addrs[0])
	conf.Addrs = []string{p.addr}
	c := open(t, conf)
	noErrors(t, c.Publish(t.Context(), queue, messages(0, 1)))
	must(t, c.Ping(t.Context()))
	p.hold()
	large := messages(1, 100) // more than the system buffers for a connection
	for i := range large {
		large[i].Body = make([]byte, 1_000_000)
	}
	for range 2 {
		for _, err := range c.Publish(within(t, 50*time.Millisecond), queue, large) {
			if !errors.Is(err, zeroq.ErrUnavailable) {
				t.Errorf("Publish: %v", err)
			}
		}
	}
	if err := c.Ping(within(t, 50*time.Millisecond)); !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("Ping: %v", err)
	}
	if _, _, err := c.Depth(within(t, 50*time.Millisecond), queue); !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("Depth: %v", err)
	}
	must(t, c.Close()) // does not wait for a farewell for long
}

func TestSubscription_GoesOnAfterTheServersConsumerTimeout(t *testing.T) {
	t.Parallel()
	c := open(t, rabbittest.Start(t, "consumer_timeout = 1000").Conf())
	publish(t, c, messages(0, 3)...)
	s := subscribe(t, c, 2)
	first := receive(t, s, 2)
	for _, p := range first {
		if !s.Holds(p) {
			t.Errorf("%s is not held", p.ID)
		}
	}
	s.Ack(first[0])
	eventually(t, func() error {
		if s.Holds(first[1]) {
			return errors.New("the server has not lost its patience")
		}
		return nil
	})
	s.Ack(first[1]) // too late, and harmless
	second := receive(t, s, 2)
	got := map[string]bool{second[0].ID: true, second[1].ID: true}
	if !got[first[1].ID] || !got["m-2"] {
		t.Errorf("%v came", got)
	}
	s.Ack(second...)
	eventually(t, func() error { return s.Err() })
}

func TestSubscription_SaysWhyNothingComes(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	p := newProxy(t, conf.Addrs[0])
	conf.Addrs = []string{p.addr}
	c := open(t, conf)
	s := subscribe(t, c, 2)
	publish(t, c, messages(0, 1)...)
	receive(t, s, 1)
	p.stop()
	eventually(t, func() error {
		if !errors.Is(s.Err(), zeroq.ErrUnavailable) {
			return fmt.Errorf("it says %v", s.Err())
		}
		return nil
	})
	p.start()
	eventually(t, s.Err)
	receive(t, s, 1)
}

func TestSubscription_DeletedQueueIsMadeAgain(t *testing.T) {
	t.Parallel()
	conf := rabbittest.New(t)
	c := open(t, conf)
	s := subscribe(t, c, 9)
	publish(t, c, messages(0, 1)...)
	parcel := receive(t, s, 1)[0]
	_, err := raw(t, conf).QueueDelete(nameOf(t, c), false, false, false)
	must(t, err)
	eventually(t, func() error {
		if s.Holds(parcel) {
			return errors.New("it holds what is deleted")
		}
		return nil
	})
	publish(t, c, messages(1, 1)...)
	if next := receive(t, s, 1)[0]; next.ID != "m-1" {
		t.Errorf("%s came", next.ID)
	}
	s.Ack(parcel)
}

// electing has a quorum queue's only member elected: the command of docs/brokers.md.
const electing = `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"%s">>)), ra:trigger_election(amqqueue:get_pid(Q)).`

// A server that is killed as soon as a quorum queue was made brings it back without a leader. Who waits is
// told which queue does not answer, and goes on by itself once a leader is elected.
func TestOutage_QueueWithoutALeaderIsNamedAndCanBeMended(t *testing.T) {
	t.Parallel()
	server := rabbittest.Start(t)
	c := open(t, server.Conf())
	s, name := subscribe(t, c, 9), nameOf(t, c)
	publish(t, c, messages(0, 1)...)
	server.Kill()
	server.Restart()
	names := func(err error) error {
		if !errors.Is(err, zeroq.ErrUnavailable) || !errors.Is(err, errSilent) || !strings.Contains(err.Error(), name) {
			return fmt.Errorf("%s does not answer, and what is said is: %w", name, err)
		}
		return nil
	}
	led := false
	eventually(t, func() error {
		err := c.Publish(within(t, 5*time.Second), queue, messages(1, 1))[0]
		if led = err == nil; led {
			return nil
		}
		return names(err)
	})
	if led {
		t.Skip("this server keeps the leader")
	}
	eventually(t, func() error { return names(s.Err()) })
	server.Control("eval", fmt.Sprintf(electing, name))
	publish(t, c, messages(2, 1)...)
	for id := ""; id != "m-2"; { // what had no answer may come too
		id = receive(t, s, 1)[0].ID
	}
}
