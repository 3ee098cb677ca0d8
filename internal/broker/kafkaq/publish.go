package kafkaq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// batchBytes is the most that goes in one request; Kafka's own default is a little more. What is larger goes
// alone, and Kafka says whether it takes it.
const batchBytes = 900_000

// errBehind: a message was not sent, as one before it failed.
var errBehind = errors.New("a message before it on its partition failed")

// Publish hands messages over, and returns when all replicas in sync have them. There is one request at a time
// for each partition, and none after one that failed: so no retry brings a group out of order.
//
// kafka-go's Writer does otherwise, as it goes on with the next batch of a partition when one has failed.
func (c *Carrier) Publish(ctx context.Context, queue string, messages []broker.Message) []error {
	errs := make([]error, len(messages))
	left := make([]int, len(messages))
	for i := range left {
		left[i] = i
	}
	ctx, cancel := context.WithTimeout(ctx, c.pace.answer)
	defer cancel()
	for attempt := 0; attempt < 2 && len(left) > 0 && ctx.Err() == nil; attempt++ {
		if attempt > 0 {
			c.forget() // a leader may have moved, a topic may have been deleted
		}
		c.publish(ctx, c.topic(queue), messages, left, errs)
		left = failed(left, errs)
	}
	for _, i := range left {
		if errs[i] == nil {
			errs[i] = c.away(ctx.Err())
		}
	}
	return errs
}

// failed returns which of the messages may still be handed over.
func failed(indexes []int, errs []error) (left []int) {
	for _, i := range indexes {
		if errs[i] != nil && !errors.Is(errs[i], broker.ErrRefused) {
			left = append(left, i)
		}
	}
	return left
}

// publish hands over the messages of these indexes, all partitions at the same time.
func (c *Carrier) publish(ctx context.Context, topic string, messages []broker.Message, indexes []int, errs []error) {
	if len(indexes) == 0 {
		return
	}
	count, err := c.provide(ctx, topic)
	if err != nil {
		for _, i := range indexes {
			errs[i] = c.away(err)
		}
		return
	}
	var wg sync.WaitGroup
	for partition, share := range c.deal(messages, indexes, count) {
		wg.Go(func() { c.send(ctx, topic, partition, messages, share, errs) })
	}
	wg.Wait()
}

// deal says which messages go to which partition: those of a group to the one that every client of
// Kafka's own takes for the key, the others to all in turn.
func (c *Carrier) deal(messages []broker.Message, indexes []int, count int) map[int][]int {
	partitions := make([]int, count)
	for i := range partitions {
		partitions[i] = i
	}
	shares := map[int][]int{}
	for _, i := range indexes {
		var p int
		if group := messages[i].Group; group != "" {
			p = kafka.Murmur2Balancer{}.Balance(kafka.Message{Key: []byte(group)}, partitions...)
		} else {
			p = c.spread.Balance(kafka.Message{}, partitions...)
		}
		shares[p] = append(shares[p], i)
	}
	return shares
}

// send hands over the messages of one partition, request by request.
func (c *Carrier) send(ctx context.Context, topic string, partition int, messages []broker.Message, indexes []int, errs []error) {
	for len(indexes) > 0 {
		n := fits(messages, indexes)
		if err := c.request(ctx, topic, partition, messages, indexes[:n], errs); err != nil {
			for _, i := range indexes[n:] {
				errs[i] = c.away(fmt.Errorf("%w: %w", errBehind, err))
			}
			return
		}
		indexes = indexes[n:]
	}
}

// fits returns how many of the messages go in one request.
func fits(messages []broker.Message, indexes []int) int {
	total := 0
	for n, i := range indexes {
		total += size(messages[i])
		if n > 0 && total > batchBytes {
			return n
		}
	}
	return len(indexes)
}

// size is about how many bytes a message has as a record.
func size(m broker.Message) int {
	n := len(m.Body) + len(m.Group) + len(m.ID) + 64
	for key, value := range m.Headers {
		n += len(key) + len(value) + 8
	}
	return n
}

// request hands over messages by one request, and those of a request that Kafka refuses in halves, until
// it is known which they are. It returns an error when those behind them must not be sent.
func (c *Carrier) request(ctx context.Context, topic string, partition int, messages []broker.Message, indexes []int, errs []error) error {
	records := make([]kafka.Record, len(indexes))
	for n, i := range indexes {
		records[n] = record(messages[i])
	}
	res, err := c.client.Produce(ctx, &kafka.ProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...),
	})
	if err == nil {
		err = res.Error
	}
	switch half := len(indexes) / 2; {
	case refused(err) && half > 0:
		if err := c.request(ctx, topic, partition, messages, indexes[:half], errs); err != nil {
			for _, i := range indexes[half:] {
				errs[i] = c.away(fmt.Errorf("%w: %w", errBehind, err))
			}
			return err
		}
		return c.request(ctx, topic, partition, messages, indexes[half:], errs)
	case refused(err):
		errs[indexes[0]] = fmt.Errorf("%w: kafka: %w", broker.ErrRefused, err)
		return nil
	}
	for _, i := range indexes {
		errs[i] = c.away(err)
	}
	return err
}

// refused reports whether Kafka will never take what it answered so.
func refused(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge) || errors.Is(err, kafka.InvalidRecord)
}

// record makes the record of a message.
func record(m broker.Message) kafka.Record {
	r := kafka.Record{Value: kafka.NewBytes(m.Body), Time: time.Now()}
	if m.Group != "" {
		r.Key = kafka.NewBytes([]byte(m.Group))
	}
	if m.ID != "" {
		r.Headers = append(r.Headers, kafka.Header{Key: idHeader, Value: []byte(m.ID)})
	}
	for key, value := range m.Headers {
		r.Headers = append(r.Headers, kafka.Header{Key: key, Value: []byte(value)})
	}
	return r
}
