package kafkaq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/zeroq-dev/zeroq/internal/backoff"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// run is the membership: generation after generation, whatever fails, until ctx ends.
func (s *subscription) run(ctx context.Context) {
	if !s.prepare(ctx) {
		return
	}
	lines, member := newLines(s.carrier.lines.dial), ""
	group, err := kafka.NewConsumerGroup(s.membership(lines))
	if err != nil {
		s.fault(ofGroup, err) // of the configuration, which is ours
		return
	}
	defer func() { s.leave(group, lines, member) }()
	over := time.AfterFunc(s.carrier.pace.session, s.expire)
	defer over.Stop()
	for {
		generation, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !errors.Is(err, kafka.RebalanceInProgress) {
				s.fault(ofGroup, err)
			}
			continue // the group waits before its next attempt
		}
		over.Stop()
		member = generation.MemberID
		s.fault(ofGroup, nil)
		s.fault(ofCommit, nil)
		begun := time.Now()
		s.serve(ctx, generation)
		over.Reset(s.carrier.pace.session)
		// Generations that end as soon as they begin must not be a loop without a pause.
		if !backoff.Pause(ctx, s.carrier.pace.rejoin-time.Since(begun)) || !s.prepare(ctx) {
			return
		}
	}
}

// leave ends the membership. The library waits for a join that is under way, and that waits for members that may
// be dead: then its connections are cut, and Kafka is told by another that the member is gone. One that has never
// had a generation is not known by name; its session ends by itself.
func (s *subscription) leave(group *kafka.ConsumerGroup, lines *lines, member string) {
	left := make(chan struct{})
	go func() {
		defer close(left)
		_ = group.Close() // it is always nil
	}()
	patience := time.NewTimer(s.carrier.pace.leave)
	defer patience.Stop()
	select {
	case <-left:
		return
	case <-patience.C:
	}
	lines.close()
	<-left
	if member == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.carrier.pace.leave)
	defer cancel()
	_, _ = s.carrier.client.LeaveGroup(ctx, &kafka.LeaveGroupRequest{ // else its session ends by itself
		GroupID: s.group, Members: []kafka.LeaveGroupRequestMember{{ID: member}},
	})
}

// expire gives up all partitions of a generation that ended a session ago, with none since: others may have
// them by now.
func (s *subscription) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live {
		return
	}
	for _, t := range s.parts {
		s.lose(t)
	}
}

// membership is how the group is joined.
func (s *subscription) membership(lines *lines) kafka.ConsumerGroupConfig {
	pace := s.carrier.pace
	return kafka.ConsumerGroupConfig{
		ID: s.group, Topics: []string{s.topic}, Brokers: s.carrier.conf.Addrs, Dialer: s.carrier.dialer(lines),
		StartOffset: kafka.FirstOffset, WatchPartitionChanges: true, PartitionWatchInterval: pace.watch,
		SessionTimeout: pace.session, HeartbeatInterval: pace.heartbeat, RebalanceTimeout: pace.rebalance,
		JoinGroupBackoff: pace.rejoin, Timeout: pace.coordinator,
	}
}

// prepare waits until the topic is there, and makes it where it is ours. Who joins the group of a topic that
// is not there would do so again and again.
func (s *subscription) prepare(ctx context.Context) bool {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := s.carrier.twice(ctx, s.there)
		if err == nil {
			return true
		}
		s.fault(ofGroup, err)
		if !backoff.Pause(ctx, pause) {
			return false
		}
	}
}

// there checks that the topic is there.
func (s *subscription) there(ctx context.Context) error {
	look := s.carrier.partitions
	if s.own {
		look = s.carrier.provide
	}
	n, err := look(ctx, s.topic)
	if err == nil && n == 0 {
		err = fmt.Errorf("topic %s: %w", s.topic, kafka.UnknownTopicOrPartition)
	}
	return err
}

// serve reads the partitions of a generation until it ends, or ctx does: who closes the group then ends it.
func (s *subscription) serve(ctx context.Context, generation *kafka.Generation) {
	begun := s.assign(generation.Assignments[s.topic])
	served := make(chan struct{})
	generation.Start(func(ctx context.Context) {
		defer close(served)
		s.committing(ctx, generation)
	})
	generation.Start(s.oversee)
	for _, t := range begun {
		generation.Start(func(ctx context.Context) { s.read(ctx, t) })
	}
	select {
	case <-served:
	case <-ctx.Done():
	}
}

// assign takes over the partitions of a new generation, and returns them. One that goes on keeps what is in
// hand; one that does not, or went to another, is lost.
func (s *subscription) assign(assigned []kafka.PartitionAssignment) []*tracker {
	s.mu.Lock()
	defer s.mu.Unlock()
	var parts []*tracker
	for _, a := range assigned {
		i := slices.IndexFunc(s.parts, func(t *tracker) bool { return t.partition == a.ID })
		if i >= 0 && s.parts[i].goesOn(a.Offset) {
			t := s.parts[i]
			t.committed = max(t.committed, a.Offset)
			parts = append(parts, t)
		} else {
			parts = append(parts, newTracker(a.ID, a.Offset))
		}
	}
	for _, t := range s.parts {
		if !slices.Contains(parts, t) {
			s.lose(t)
		}
	}
	s.parts, s.live = parts, !s.closed
	s.tell()
	return slices.Clone(parts)
}

// committing commits now and then, and a last time when the generation ends.
func (s *subscription) committing(ctx context.Context, generation *kafka.Generation) {
	ticker := time.NewTicker(s.carrier.pace.commit)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.commit(generation)
		case <-s.commits:
			s.commit(generation)
		case <-ctx.Done():
			s.mu.Lock()
			s.live = false
			s.mu.Unlock()
			s.commit(generation)
			return
		}
	}
}

// commit commits of each partition the offsets below the first that is not acknowledged. Kafka refuses it of
// a generation that is over for it.
func (s *subscription) commit(generation *kafka.Generation) {
	s.mu.Lock()
	moved := map[*tracker]int64{}
	offsets := map[int]int64{}
	for _, t := range s.parts {
		if low := t.low(); !t.lost && low > t.committed {
			t.asked = max(t.asked, low)
			moved[t], offsets[t.partition] = low, low
		}
	}
	s.mu.Unlock()
	if len(moved) == 0 {
		return
	}
	err := generation.CommitOffsets(map[string]map[int]int64{s.topic: offsets})
	s.mu.Lock()
	defer s.mu.Unlock()
	for t, low := range moved {
		if errors.Is(err, kafka.UnknownTopicOrPartition) {
			s.lose(t) // the same offset of a topic that is made anew would be wrong
			t.makeRoom()
		}
		if err != nil {
			continue // the next commit says it again
		}
		t.committed = max(t.committed, low)
		t.makeRoom()
	}
	s.noteCommit(err)
}

// noteCommit notes why nothing can be committed: nothing more is read then before long. Of a generation that
// is over its heartbeats say so. The lock is held.
func (s *subscription) noteCommit(err error) {
	switch {
	case err == nil:
		delete(s.faults, ofCommit)
	case errors.Is(err, kafka.RebalanceInProgress), errors.Is(err, kafka.IllegalGeneration), errors.Is(err, kafka.UnknownMemberId):
	default:
		s.faults[ofCommit] = fmt.Errorf("committing offsets of group %s: %w", s.group, err)
	}
}

// keep takes up a message that was read, unless the partition is not this member's any more.
func (s *subscription) keep(t *tracker, offset int64, m broker.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !t.lost {
		t.add(offset, m)
		s.tell()
	}
}
