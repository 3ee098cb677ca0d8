package kafkaq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeroq-dev/zeroq/internal/backoff"
)

// fetchBytes is how much is asked for at a time. A larger message comes alone.
const fetchBytes = 1 << 20

// errGone: the topic is not the one any more that was read.
var errGone = errors.New("the topic was made anew")

// read reads a partition into its tracker until the generation ends. It ends the generation when the topic may
// be gone, so that everything is looked at anew.
func (s *subscription) read(ctx context.Context, t *tracker) {
	name := fmt.Sprintf("partition %d", t.partition)
	defer s.fault(name, nil)
	for pause := time.Duration(0); backoff.Pause(ctx, pause); {
		err := s.readMore(ctx, t)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			pause = 0
			s.fault(name, nil)
			continue
		case errors.Is(err, errGone), errors.Is(err, kafka.UnknownTopicOrPartition):
			s.mu.Lock()
			s.lose(t)
			s.mu.Unlock()
			return
		}
		s.fault(name, fmt.Errorf("topic %s, %s: %w", s.topic, name, err))
		s.carrier.forget()
		pause = min(max(2*pause, 100*time.Millisecond), 2*time.Second)
	}
}

// readMore waits for room, makes one fetch, and takes up what came.
func (s *subscription) readMore(ctx context.Context, t *tracker) error {
	next, err := s.room(ctx, t)
	if err != nil {
		return err
	}
	if next < 0 {
		return s.restart(ctx, t)
	}
	limited, cancel := context.WithTimeout(ctx, s.carrier.pace.poll+s.carrier.pace.answer)
	defer cancel()
	res, err := s.carrier.client.Fetch(limited, &kafka.FetchRequest{
		Topic: s.topic, Partition: t.partition, Offset: next,
		MinBytes: 1, MaxBytes: fetchBytes, MaxWait: s.carrier.pace.poll, IsolationLevel: kafka.ReadCommitted,
	})
	if err == nil {
		err = res.Error
	}
	switch {
	case errors.Is(err, kafka.OffsetOutOfRange):
		return s.restart(ctx, t)
	case err != nil:
		return err
	}
	return s.takeUp(ctx, t, next, res.Records)
}

// room waits until the partition may be read further, and returns from where.
func (s *subscription) room(ctx context.Context, t *tracker) (int64, error) {
	for {
		s.mu.Lock()
		next, full, lost := t.next, t.full(), t.lost
		s.mu.Unlock()
		switch {
		case lost:
			return 0, errGone
		case !full:
			return next, nil
		}
		select {
		case <-t.room:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// takeUp takes up the records from the offset on.
func (s *subscription) takeUp(ctx context.Context, t *tracker, next int64, records kafka.RecordReader) error {
	found := false
	for {
		r, err := records.ReadRecord()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if r.Offset < next {
			continue // a batch comes whole
		}
		m, err := message(s.topic, t.partition, r, s.own)
		if err != nil {
			return err
		}
		if _, err := s.room(ctx, t); err != nil {
			return err
		}
		s.keep(t, r.Offset, m)
		found = true
	}
	if stream, some := records.(*protocol.RecordStream); some && len(stream.Records) > 0 && !found {
		// The offset was taken by the mark of a transaction, or its record was compacted away.
		s.mu.Lock()
		t.next = next + 1
		s.mu.Unlock()
	}
	return nil
}

// restart finds where reading begins, when that is not known or not there: with the first message. What is
// in hand of a topic that was made anew since is lost.
func (s *subscription) restart(ctx context.Context, t *tracker) error {
	limited, cancel := context.WithTimeout(ctx, s.carrier.pace.answer)
	defer cancel()
	ends, err := s.carrier.ends(limited, s.topic, []int{t.partition})
	if err != nil {
		return err
	}
	end := ends[t.partition]
	s.mu.Lock()
	defer s.mu.Unlock()
	switch remade := t.next > end.LastOffset; {
	case t.next < 0:
		if s.own && end.FirstOffset > 0 {
			s.passedOver(t, 0, end.FirstOffset)
		}
		t.begin(end.FirstOffset)
	case remade && len(t.slots) == 0:
		s.setBack(t, end)
		t.begin(end.FirstOffset)
	case remade:
		return errGone
	case t.next < end.FirstOffset:
		s.passedOver(t, t.next, end.FirstOffset)
		t.next = end.FirstOffset
	}
	return nil
}

// passedOver says that messages were deleted before this group has taken them, which nobody else would say.
func (s *subscription) passedOver(t *tracker, from, to int64) {
	if from == 0 && t.next < 0 {
		logx.Errorf("kafka: topic %s, partition %d: group %s has committed nothing, and Kafka has deleted the first %d messages: "+
			"those that nobody has taken are lost; retention.ms and retention.bytes of the topic must outlast what waits",
			s.topic, t.partition, s.group, to)
		return
	}
	logx.Errorf("kafka: topic %s, partition %d: %d messages are lost: Kafka has deleted offsets %d to %d before group %s has taken them; "+
		"retention.ms and retention.bytes of the topic must outlast what waits",
		s.topic, t.partition, to-from, from, to-1, s.group)
}

// setBack says that a partition is read from its beginning again.
func (s *subscription) setBack(t *tracker, end kafka.PartitionOffsets) {
	logx.Errorf("kafka: topic %s, partition %d ends at offset %d, and group %s was at %d: the topic was made anew or has lost messages; "+
		"it is read from its beginning",
		s.topic, t.partition, end.LastOffset, s.group, t.next)
}
