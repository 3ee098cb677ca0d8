package redisq

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
)

// maxIDs is how many ids a selection may have.
const maxIDs = 1000

// shelf is a key that holds tasks of one state. Exactly one of list and index is set.
type shelf struct {
	list   string
	index  string // ZSET task id -> ms
	walk   string // the part of index that is gone through: index, or a group of it
	bodies string // HASH with the messages of index
	mark   byte   // of the records
}

// shelves are where the tasks of a state are, those that are fetched or finished first in front.
func (k queueKeys) shelves(state zeroq.State, fingerprint string) []shelf {
	index := func(key, bodies string, mark byte) []shelf {
		return []shelf{{index: key, walk: key, bodies: bodies, mark: mark}}
	}
	switch state {
	case zeroq.Ready:
		return []shelf{{list: k.landing}, {list: k.high}, {list: k.ready}, {list: k.low}, {list: k.suspect}}
	case zeroq.Scheduled:
		return index(k.scheduled, k.scheduledD, markLive)
	case zeroq.Retry:
		return index(k.retry, k.retryD, markLive)
	case zeroq.Cancelled:
		return index(k.cancelled, k.parked, markCancelled)
	case zeroq.Expired:
		return index(k.expired, k.parked, markExpired)
	case zeroq.Succeeded:
		return append([]shelf{{list: k.finished}}, index(k.finishedAt, k.parked, markDone)...)
	case zeroq.Dead:
		dead := index(k.dead, k.parked, markDead)
		if fingerprint != "" {
			dead[0].walk = k.deadOf + fingerprint
		}
		return dead
	}
	return nil
}

// checkSelection reports a selection that has no meaning.
func checkSelection(s zeroq.Selection) error {
	switch {
	case !slices.Contains(zeroq.States, s.State) || s.State == zeroq.Leased:
		return &zeroq.FieldError{Field: "state", Reason: "must be ready, scheduled, retry, dead, cancelled, expired or succeeded"}
	case len(s.IDs) > maxIDs:
		return &zeroq.FieldError{Field: "ids", Reason: fmt.Sprintf("must be at most %d", maxIDs)}
	case s.Fingerprint != "" && s.State != zeroq.Dead:
		return &zeroq.FieldError{Field: "fingerprint", Reason: "goes with dead letters only"}
	case s.Fingerprint != "" && len(s.IDs) > 0:
		return &zeroq.FieldError{Field: "fingerprint", Reason: "does not go with ids"}
	}
	return nil
}

// Matched implements [broker.Operator].
func (b *Broker) Matched(ctx context.Context, queue string, selection zeroq.Selection) (int64, error) {
	if err := checkSelection(selection); err != nil {
		return 0, err
	}
	if err := b.checkUsed(ctx, queue); err != nil {
		return 0, err
	}
	if err := b.checkListed(ctx, queue, selection); err != nil {
		return 0, err
	}
	matched, _, err := b.matched(ctx, queue, selection)
	return matched, err
}

// checkListed reports a selection of tasks that lie where nobody can look through them.
func (b *Broker) checkListed(ctx context.Context, queue string, s zeroq.Selection) error {
	if s.State != zeroq.Ready || len(s.IDs) > 0 {
		return nil
	}
	powers, err := b.powers(ctx, queue)
	if err == nil && powers.Name != "" {
		err = &zeroq.FieldError{Field: "state", Reason: "cannot be ready: tasks that wait at " + powers.Name + " are found by their ids only"}
	}
	return err
}

// matched also returns how many entries each shelf has.
func (b *Broker) matched(ctx context.Context, queue string, selection zeroq.Selection) (int64, []int64, error) {
	k := keysOf(queue)
	shelves := k.shelves(selection.State, selection.Fingerprint)
	if len(selection.IDs) > 0 {
		matched, err := b.matchedIDs(ctx, queue, shelves[0], selection)
		return matched, nil, err
	}
	counts := make([]*redis.IntCmd, len(shelves))
	var withdrawn *redis.IntCmd
	var wake *redis.StringCmd
	_, err := b.calls.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, s := range shelves {
			if s.list != "" {
				counts[i] = p.LLen(ctx, s.list)
			} else {
				counts[i] = p.ZCard(ctx, s.walk)
			}
		}
		withdrawn, wake = p.SCard(ctx, k.withdrawn), p.LIndex(ctx, k.ready, -1)
		return nil
	})
	if err != nil && err != redis.Nil {
		return 0, nil, explain(err)
	}
	matched, sizes := int64(0), make([]int64, len(shelves))
	for i, count := range counts {
		sizes[i] = count.Val()
		matched += sizes[i]
	}
	if selection.State == zeroq.Ready {
		matched -= withdrawn.Val()
		if wake.Err() == nil && wake.Val() == "" {
			matched--
		}
	}
	return max(matched, 0), sizes, nil
}

// matchedIDs counts the ids of tasks that are in the state.
func (b *Broker) matchedIDs(ctx context.Context, queue string, s shelf, selection zeroq.Selection) (int64, error) {
	matched := int64(0)
	if s.list != "" {
		for _, id := range selection.IDs {
			info, err := b.Task(ctx, id, queue)
			if err == nil && info.State == selection.State {
				matched++
			} else if err != nil && err != zeroq.ErrNotFound {
				return 0, err
			}
		}
		return matched, nil
	}
	scores, err := b.calls.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, id := range selection.IDs {
			p.ZScore(ctx, s.index, id)
		}
		return nil
	})
	if err != nil && err != redis.Nil {
		return 0, explain(err)
	}
	for _, score := range scores {
		if score.Err() == nil {
			matched++
		}
	}
	return matched, nil
}
