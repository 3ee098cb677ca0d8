package client

import (
	"context"
	"encoding/json"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// DeadLetters says which dead letters of a queue are meant: exactly one of its fields is set, so that
// an empty list of ids never means all.
type DeadLetters struct {
	// IDs are at most 1,000 ids.
	IDs []string
	// Fingerprint is that of their errors.
	Fingerprint string
	// All is all of them.
	All bool
}

// DeadGroups returns the dead letters of a queue by fingerprint, the largest group first.
func (c *Client) DeadGroups(ctx context.Context, queue string) ([]zeroq.DeadGroup, error) {
	var answer struct{ Items []groupAnswer }
	if err := c.get(ctx, queuePath(queue, "/dead/groups"), &answer); err != nil {
		return nil, err
	}
	groups := make([]zeroq.DeadGroup, len(answer.Items))
	for i, answer := range answer.Items {
		groups[i] = zeroq.DeadGroup(answer)
	}
	return groups, nil
}

type groupAnswer struct {
	Fingerprint string    `json:"fingerprint"`
	Count       int64     `json:"count"`
	FirstSeen   time.Time `json:"first_seen"`
	LastSeen    time.Time `json:"last_seen"`
	Sample      string    `json:"sample"`
}

// RetryDead begins to run dead letters again, at most rate a second; zero is as fast as it goes.
func (c *Client) RetryDead(
	ctx context.Context, queue string, letters DeadLetters, rate float64,
) (zeroq.Operation, error) {
	return c.begin(ctx, queuePath(queue, "/dead/retry"), letters.body(rate))
}

// DeleteDead begins to delete dead letters, at most rate a second; zero is as fast as it goes.
func (c *Client) DeleteDead(
	ctx context.Context, queue string, letters DeadLetters, rate float64,
) (zeroq.Operation, error) {
	return c.begin(ctx, queuePath(queue, "/dead/delete"), letters.body(rate))
}

// CountDead returns how many dead letters RetryDead or DeleteDead would do it to now, which changes
// nothing.
func (c *Client) CountDead(ctx context.Context, queue string, letters DeadLetters) (int64, error) {
	fields := letters.body(0)
	fields["dry_run"] = true
	body, err := json.Marshal(fields)
	if err != nil {
		return 0, err
	}
	var answer struct{ Matched int64 }
	err = c.post(ctx, queuePath(queue, "/dead/retry"), body, &answer)
	return answer.Matched, err
}

// body has what is set; that it is one thing is for the API to judge.
func (d DeadLetters) body(rate float64) map[string]any {
	fields := make(map[string]any)
	if len(d.IDs) > 0 {
		fields["ids"] = d.IDs
	}
	if d.Fingerprint != "" {
		fields["fingerprint"] = d.Fingerprint
	}
	if d.All {
		fields["all"] = true
	}
	if rate > 0 {
		fields["rate"] = rate
	}
	return fields
}
