package kafkaq

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// Depth returns how far the consumer group is behind. That much waits at most. What is not committed may be
// in a worker's hands, or done: of each partition a member goes at most 2*window beyond what is
// committed, so only what lies behind that is sure to wait.
func (c *Carrier) Depth(ctx context.Context, queue string) (least, most int64, err error) {
	err = c.twice(ctx, func(ctx context.Context) error {
		least, most = 0, 0
		lags, err := c.lags(ctx, c.topic(queue), c.group(queue))
		for _, lag := range lags {
			most += lag
			least += max(0, lag-2*window)
		}
		return err
	})
	return least, most, err
}

// lags returns how many messages of each partition are not committed.
func (c *Carrier) lags(ctx context.Context, topic, group string) ([]int64, error) {
	count, err := c.partitions(ctx, topic)
	if err != nil || count == 0 {
		return nil, err
	}
	partitions := make([]int, count)
	for i := range partitions {
		partitions[i] = i
	}
	// Committed first: what is taken meanwhile only makes the lag too large.
	committed, err := c.committed(ctx, topic, group, partitions)
	if err != nil {
		return nil, err
	}
	ends, err := c.ends(ctx, topic, partitions)
	if err != nil {
		return nil, err
	}
	lags := make([]int64, count)
	for p, end := range ends {
		lags[p] = max(0, end.LastOffset-max(committed[p], end.FirstOffset))
	}
	return lags, nil
}

// committed returns the offsets that a group has committed; -1 where it has none.
func (c *Carrier) committed(ctx context.Context, topic, group string, partitions []int) (map[int]int64, error) {
	res, err := c.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{
		GroupID: group, Topics: map[string][]int{topic: partitions},
	})
	if err != nil {
		return nil, err
	}
	if errors.Is(res.Error, kafka.GroupIdNotFound) {
		return nil, nil // nobody has joined it yet
	}
	if res.Error != nil {
		return nil, fmt.Errorf("group %s: %w", group, res.Error)
	}
	found := map[int]int64{}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("group %s, partition %d: %w", group, p.Partition, p.Error)
		}
		found[p.Partition] = p.CommittedOffset
	}
	return found, nil
}
