package kafkaq

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/segmentio/kafka-go"
)

// partitions returns how many partitions a topic has; none and no error when it is not there.
func (c *Carrier) partitions(ctx context.Context, topic string) (int, error) {
	meta, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, err
	}
	for _, t := range meta.Topics {
		switch {
		case t.Name != topic || errors.Is(t.Error, kafka.UnknownTopicOrPartition):
		case t.Error != nil:
			return 0, fmt.Errorf("topic %s: %w", topic, t.Error)
		default:
			return len(t.Partitions), nil
		}
	}
	return 0, nil
}

// provide returns how many partitions a topic of ours has, and makes it when it is not there.
func (c *Carrier) provide(ctx context.Context, topic string) (int, error) {
	if n, err := c.partitions(ctx, topic); err != nil || n > 0 {
		return n, err
	}
	replicas := c.conf.Replicas
	if replicas == 0 {
		replicas = -1 // as the cluster has it
	}
	made, err := c.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: topic, NumPartitions: c.conf.Partitions, ReplicationFactor: replicas,
	}}})
	if err == nil {
		err = made.Errors[topic]
	}
	switch {
	case errors.Is(err, kafka.TopicAlreadyExists):
		c.forget() // it is newer than what is known of the cluster
	case err != nil:
		return 0, fmt.Errorf("topic %s is not there, and cannot be made: %w", topic, err)
	}
	n, err := c.partitions(ctx, topic)
	if err == nil && n == 0 {
		err = fmt.Errorf("topic %s: %w", topic, kafka.UnknownTopicOrPartition)
	}
	return n, err
}

// asksAtOnce is of how many partitions the ends are asked for at a time: kafka-go makes two requests for each
// of them, on connections of their own.
const asksAtOnce = 8

// ends returns the first offset of each partition, and the one after the last.
func (c *Carrier) ends(ctx context.Context, topic string, partitions []int) (map[int]kafka.PartitionOffsets, error) {
	found := map[int]kafka.PartitionOffsets{}
	for some := range slices.Chunk(partitions, asksAtOnce) {
		var asked []kafka.OffsetRequest
		for _, p := range some {
			asked = append(asked, kafka.FirstOffsetOf(p), kafka.LastOffsetOf(p))
		}
		res, err := c.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
			Topics: map[string][]kafka.OffsetRequest{topic: asked},
		})
		if err != nil {
			return nil, err
		}
		for _, p := range res.Topics[topic] {
			if p.Error != nil {
				return nil, fmt.Errorf("topic %s, partition %d: %w", topic, p.Partition, p.Error)
			}
			found[p.Partition] = p
		}
	}
	return found, nil
}
