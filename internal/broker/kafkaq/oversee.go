package kafkaq

import (
	"context"

	"github.com/segmentio/kafka-go"
	"github.com/zeroq-dev/zeroq/internal/backoff"
)

// oversee ends the generation when the topic has partitions that nobody reads. kafka-go only looks whether
// their number changes in a generation, not whether the generation began with all of them: who divided
// them may have known less, of a topic that was being made.
func (s *subscription) oversee(ctx context.Context) {
	for backoff.Pause(ctx, s.carrier.pace.watch) {
		if s.neglected(ctx) {
			return
		}
	}
}

// neglected reports whether the topic has more partitions than the members of the group have together.
func (s *subscription) neglected(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, s.carrier.pace.answer)
	defer cancel()
	count, err := s.carrier.partitions(ctx, s.topic)
	if err != nil {
		return false
	}
	res, err := s.carrier.client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{s.group}})
	if err != nil || len(res.Groups) != 1 || res.Groups[0].Error != nil || res.Groups[0].GroupState != "Stable" {
		return false
	}
	for _, member := range res.Groups[0].Members {
		for _, of := range member.MemberAssignments.Topics {
			if of.Topic == s.topic {
				count -= len(of.Partitions)
			}
		}
	}
	return count > 0
}
