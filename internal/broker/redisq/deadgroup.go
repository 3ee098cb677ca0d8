package redisq

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
)

// maxGroups is how many groups of dead letters are told of.
const maxGroups = 1000

// DeadGroups implements [broker.Inspector].
func (b *Broker) DeadGroups(ctx context.Context, queue string) ([]zeroq.DeadGroup, error) {
	if err := b.checkUsed(ctx, queue); err != nil {
		return nil, err
	}
	k := keysOf(queue)
	samples, err := b.calls.HGetAll(ctx, k.errors).Result()
	if err != nil {
		return nil, explain(err)
	}
	groups := make([]zeroq.DeadGroup, 0, len(samples))
	counts := make([]*redis.IntCmd, 0, len(samples))
	ends := make([]*redis.ZSliceCmd, 0, 2*len(samples))
	_, err = b.calls.Pipelined(ctx, func(p redis.Pipeliner) error {
		for fingerprint, sample := range samples {
			group := k.deadOf + fingerprint
			groups = append(groups, zeroq.DeadGroup{Fingerprint: fingerprint, Sample: sample})
			counts = append(counts, p.ZCard(ctx, group))
			ends = append(ends, p.ZRangeWithScores(ctx, group, 0, 0), p.ZRangeWithScores(ctx, group, -1, -1))
		}
		return nil
	})
	if err != nil {
		return nil, explain(err)
	}
	for i := range groups {
		g := &groups[i]
		g.Count, g.FirstSeen, g.LastSeen = counts[i].Val(), diedAt(ends[2*i]), diedAt(ends[2*i+1])
	}
	// One that was emptied between the two looks is no group any more.
	groups = slices.DeleteFunc(groups, func(g zeroq.DeadGroup) bool { return g.Count == 0 })
	slices.SortFunc(groups, func(a, b zeroq.DeadGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return groups[:min(len(groups), maxGroups)], nil
}

func diedAt(end *redis.ZSliceCmd) time.Time {
	if len(end.Val()) == 0 {
		return time.Time{}
	}
	return fromMillis(int64(end.Val()[0].Score))
}
