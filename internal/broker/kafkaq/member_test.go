package kafkaq

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
)

// single has topics of one partition.
func single(t testing.TB) zeroq.KafkaConf {
	conf := kafkatest.New(t)
	conf.Partitions = 1
	return conf
}

// kill ends a carrier without a goodbye.
func kill(c *Carrier) { c.lines.close() }

func TestCommit_OnlyWhatHasNoGapBeforeIt(t *testing.T) {
	t.Parallel()
	conf := single(t)
	doomed := open(t, conf)
	publish(t, doomed, numbered("", 0, 10)...)
	sub := subscribe(t, doomed, 10)
	got := receive(t, sub, 10)
	committed := func() int64 { return kafkatest.Committed(t, conf, doomed.group("q"), doomed.topic("q"))[0] }

	sub.Ack(got[0], got[1], got[2], got[4], got[9], got[5])
	until(t, "the prefix is committed", func() bool { return committed() == 3 })
	sub.Ack(got[7])
	kill(doomed)
	sub.Ack(got[3]) // cannot be committed any more

	next := subscribe(t, open(t, conf), 20)
	if again := ids(receive(t, next, 7)); !slices.Equal(again, []string{"3", "4", "5", "6", "7", "8", "9"}) {
		t.Errorf("%v come again", again)
	}
	if n := committed(); n != 3 {
		t.Errorf("committed is %d", n)
	}
}

func TestCommit_ThatIsRefusedIsSaid(t *testing.T) {
	t.Parallel()
	server := server(t)
	c := open(t, server.Conf())
	publish(t, c, numbered("", 0, 2)...)
	sub := subscribe(t, c, 2)
	got := receive(t, sub, 2)
	stop := server.Fail(kmsg.OffsetCommit, kerr.GroupAuthorizationFailed, -1)
	sub.Ack(got[0])
	until(t, "it says that nothing can be committed", func() bool {
		err := sub.Err()
		return errors.Is(err, zeroq.ErrUnavailable) && strings.Contains(err.Error(), "committing offsets of group "+c.group("q"))
	})
	stop()
	until(t, "it says that all is well", func() bool { return sub.Err() == nil })
}

func TestReceive_GroupsOfOnePartitionGoTogether(t *testing.T) {
	t.Parallel()
	c := open(t, single(t))
	for i := range 10 {
		publish(t, c, numbered(fmt.Sprint("g", i, "-"), 0, 2)...)
	}
	sub := subscribe(t, c, 20)
	got := receive(t, sub, 10)
	groups := map[string]bool{}
	for _, p := range got {
		groups[p.Group] = true
	}
	if len(groups) != 10 {
		t.Errorf("in hand are %v", ids(got))
	}
	sub.Ack(got...)
	sub.Ack(receive(t, sub, 10)...)
}

func TestReceive_ReadsOnlySoFarAhead(t *testing.T) {
	t.Parallel()
	c := open(t, single(t))
	publish(t, c, numbered("", 0, window+500)...)
	sub := subscribe(t, c, 2*window)
	got := receive(t, sub, window)
	slices.SortFunc(got, func(a, b *broker.Parcel) int { return int(a.Tag.(*entry).offset - b.Tag.(*entry).offset) })
	sub.Ack(got[1:]...)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for backoff.Pause(ctx, 10*time.Millisecond) {
		if more := sub.Receive(1); len(more) > 0 {
			t.Fatalf("%v came, %d beyond the first that is not acknowledged", ids(more), window)
		}
	}
	sub.Ack(got[0])
	sub.Ack(receive(t, sub, 500)...)
}

// TestReceive_LongWorkIsNoDeath: who has a message for many sessions keeps it, as the heartbeats go on.
func TestReceive_LongWorkIsNoDeath(t *testing.T) {
	t.Parallel()
	server := server(t)
	conf := server.Conf()
	c := open(t, conf)
	var beats atomic.Int64
	server.Watch(kmsg.Heartbeat, func(kmsg.Request) { beats.Add(1) })
	sub, other := subscribe(t, c, 1), subscribe(t, open(t, conf), 1)
	until(t, "both are members", func() bool {
		info := server.Cluster().GroupInfo(c.group("q"))
		return info != nil && info.State == "Stable" && len(info.Members) == 2
	})
	publish(t, c, numbered("g", 0, 2)...)
	var p []*broker.Parcel
	until(t, "one of them has the message", func() bool {
		if p = sub.Receive(1); len(p) == 0 {
			sub, other = other, sub
		}
		return len(p) > 0
	})
	before := beats.Load()
	until(t, "three sessions pass", func() bool { return beats.Load()-before > 2*3*int64(quick.session/quick.heartbeat) })
	if !sub.Holds(p[0]) || len(other.Receive(1)) > 0 {
		t.Error("the message was taken away")
	}
	sub.Ack(p...)
	receive(t, sub, 1)
}

// player takes and acknowledges as a worker does, and looks whether the rules hold.
type player struct {
	t      *testing.T
	sub    *subscription
	inHand map[string]*broker.Parcel
	order  map[string][]string // of each group, what was let go of
	done   map[string]bool
}

func newPlayer(t *testing.T, c *Carrier, order map[string][]string, done map[string]bool) *player {
	return &player{t: t, sub: subscribe(t, c, 40), inHand: map[string]*broker.Parcel{}, order: order, done: done}
}

// play takes what there is. What is in hand must not come a second time, nor a second one of its group.
func (p *player) play() {
	for _, parcel := range p.sub.Receive(40) {
		for id, other := range p.inHand {
			if p.sub.Holds(other) && (id == parcel.ID || other.Group == parcel.Group) {
				p.t.Errorf("%s came while %s is in hand", parcel.ID, id)
			}
		}
		p.inHand[parcel.ID] = parcel
	}
}

// letGo acknowledges some of what is in hand.
func (p *player) letGo(n int) {
	for _, id := range slices.Sorted(maps.Keys(p.inHand)) {
		if n--; n < 0 {
			return
		}
		parcel := p.inHand[id]
		if p.sub.Holds(parcel) && !p.done[id] {
			p.done[id] = true
			p.order[parcel.Group] = append(p.order[parcel.Group], id)
		}
		p.sub.Ack(parcel)
		delete(p.inHand, id)
	}
}

// TestRebalance_NothingIsLostNorInHandTwice: members come, leave, die, and their connections are cut, while
// messages of many groups are taken.
func TestRebalance_NothingIsLostNorInHandTwice(t *testing.T) {
	t.Parallel()
	server := server(t)
	conf := server.Conf()
	const groups, each = 20, 30
	producer := open(t, conf)
	for i := range groups {
		publish(t, producer, numbered(fmt.Sprintf("g%02d-", i), 100, 100+each)...)
	}
	order, done := map[string][]string{}, map[string]bool{}
	doomed := open(t, conf)
	players := []*player{newPlayer(t, open(t, conf), order, done)}
	acts := []func(){
		func() { players = append(players, newPlayer(t, open(t, conf), order, done)) },
		func() { players = append(players, newPlayer(t, doomed, order, done)) },
		server.Cut,
		func() { kill(doomed); players = players[:2] },
		func() { _ = players[1].sub.Close(); players = players[:1] },
		func() { server.Stop(); server.Start() },
	}
	until(t, "all have come", func() bool {
		for _, p := range players {
			p.play()
			p.letGo(3)
		}
		if len(acts) > 0 && len(done) > groups*each*(7-len(acts))/8 {
			acts[0]()
			acts = acts[1:]
		}
		return len(done) == groups*each
	})
	if len(acts) > 0 {
		t.Errorf("%d acts were not played", len(acts))
	}
	for group, got := range order {
		if !slices.IsSorted(got) {
			t.Errorf("of %s came %v", group, got)
		}
	}
}

// TestRebalance_WhatIsInHandStays: a partition that is assigned again goes on where it was.
func TestRebalance_WhatIsInHandStays(t *testing.T) {
	t.Parallel()
	server := server(t)
	conf := server.Conf()
	conf.Partitions = 1
	c := open(t, conf)
	sub := subscribe(t, c, 10)
	publish(t, c, numbered("", 0, 5)...)
	got := receive(t, sub, 5)
	sub.Ack(got[1], got[3])
	generation := func() int32 {
		if info := server.Cluster().GroupInfo(c.group("q")); info != nil && info.State == "Stable" {
			return info.Epoch
		}
		return 0
	}
	before := generation()
	server.Cut()
	until(t, "there is another generation", func() bool { return generation() > before })
	publish(t, c, numbered("", 5, 7)...)
	more := receive(t, sub, 2)
	if fresh := slices.Sorted(slices.Values(ids(more))); !slices.Equal(fresh, []string{"5", "6"}) {
		t.Fatalf("%v came", fresh)
	}
	for _, p := range got {
		if !sub.Holds(p) {
			t.Errorf("%s is lost", p.ID)
		}
	}
	sub.Ack(append(got, more...)...)
	until(t, "all is committed", func() bool {
		return kafkatest.Committed(t, conf, c.group("q"), c.topic("q"))[0] == 7
	})
}

func TestClose_CommitsAndLeaves(t *testing.T) {
	t.Parallel()
	conf := single(t)
	c := open(t, conf)
	c.pace.commit = time.Hour
	publish(t, c, numbered("", 0, 3)...)
	sub := subscribe(t, c, 10)
	sub.Ack(receive(t, sub, 3)[:2]...)
	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
	if got := kafkatest.Committed(t, conf, c.group("q"), c.topic("q"))[0]; got != 2 {
		t.Errorf("committed is %d", got)
	}
	started := time.Now()
	receive(t, subscribe(t, c, 10), 1)
	if took := time.Since(started); took > quick.session && !kafkatest.Shared() {
		t.Logf("the next member had to wait %v", took) // it would if the first had not left
	}
}

func TestSubscribe_SeesNewPartitions(t *testing.T) {
	t.Parallel()
	conf := single(t)
	c := open(t, conf)
	sub := subscribe(t, c, 100)
	publish(t, c, numbered("", 0, 1)...)
	sub.Ack(receive(t, sub, 1)...)
	kafkatest.AddPartitions(t, conf, c.topic("q"), 4)
	until(t, "another partition is read", func() bool {
		publish(t, c, numbered("", 1, 5)...)
		for _, p := range sub.Receive(100) {
			sub.Ack(p)
			if p.Tag.(*entry).tracker.partition > 0 {
				return true
			}
		}
		return false
	})
}

func TestSubscribe_OutlivesTheDeletionOfItsTopic(t *testing.T) {
	t.Parallel()
	conf := kafkatest.New(t)
	c := open(t, conf)
	sub := subscribe(t, c, 100)
	publish(t, c, numbered("", 0, 50)...)
	sub.Ack(receive(t, sub, 50)[:30]...)
	kafkatest.DeleteTopic(t, conf, c.topic("q"))
	until(t, "the topic is made again", func() bool {
		return c.Publish(t.Context(), "q", numbered("", 100, 101))[0] == nil
	})
	until(t, "what is on the new topic comes", func() bool {
		return slices.Contains(ids(sub.Receive(100)), "100")
	})
}

func TestSubscribe_NamesWhatCameWithoutAnID(t *testing.T) {
	t.Parallel()
	conf := single(t)
	c := open(t, conf)
	publish(t, c, broker.Message{ID: "known", Headers: map[string]string{"id": "the user's own"}})
	kafkatest.Send(t, conf, &kgo.Record{Topic: c.topic("q"), Value: []byte(`{"type":"echo"}`)})
	got := receive(t, subscribe(t, c, 10), 2)
	if got[0].ID != "known" || got[0].Headers["id"] != "the user's own" {
		t.Errorf("came as %+v", got[0].Message)
	}
	if want := place(c.topic("q"), 0, 1); got[1].ID != want {
		t.Errorf("its ID is %q, want %q", got[1].ID, want)
	}
}

func TestTap_WaitsForItsTopic(t *testing.T) {
	t.Parallel()
	conf := kafkatest.New(t)
	c := open(t, conf)
	source := kafkatest.Prefix(conf) + "orders"
	sub, err := c.Tap(t.Context(), source, kafkatest.Prefix(conf)+"readers", 10)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	until(t, "it says that the topic is not there", func() bool {
		err := sub.Err()
		return errors.Is(err, zeroq.ErrUnavailable) && strings.Contains(err.Error(), source)
	})
	kafkatest.MakeTopic(t, conf, "orders", 1)
	kafkatest.Send(t, conf, &kgo.Record{Topic: source, Value: []byte("1"), Key: []byte("k"), Headers: []kgo.RecordHeader{{Key: "id", Value: []byte("theirs")}}})
	p := receive(t, sub, 1)[0]
	if p.ID != place(source, 0, 0) || p.Group != "k" || p.Headers["id"] != "theirs" {
		t.Errorf("came as %+v", p.Message)
	}
	if _, err := c.Tap(t.Context(), "", "g", 1); err == nil {
		t.Error("a tap of nothing is no error")
	}
}

// TestTap_PassesOverMarks: the end of a transaction takes an offset, at which there is no message.
func TestTap_PassesOverMarks(t *testing.T) {
	t.Parallel()
	conf := kafkatest.New(t)
	source := kafkatest.MakeTopic(t, conf, "orders", 1)
	client := kafkatest.Client(t, conf, kgo.TransactionalID(source))
	c := open(t, conf)
	group := kafkatest.Prefix(conf) + "readers"
	sub, err := c.Tap(t.Context(), source, group, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for i := range 3 {
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprint("order ", i)
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: source, Value: []byte(body)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := client.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
		p := receive(t, sub, 1)
		if string(p[0].Body) != body {
			t.Errorf("%s came", p[0].Body)
		}
		sub.Ack(p...)
	}
	until(t, "the marks are committed too", func() bool { return kafkatest.Committed(t, conf, group, source)[0] == 6 })
}
