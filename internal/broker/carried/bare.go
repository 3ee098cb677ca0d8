package carried

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// enqueueBare puts bare messages on their queue, from where they come again as admitted ones, and returns
// those that Redis can be asked for. These have some that can never be tasks: they become dead letters.
func (m *member) enqueueBare(ctx context.Context, parcels []*waiting) (ready []*waiting, err error) {
	var fresh []*waiting
	var bare []broker.Bare
	for _, p := range parcels {
		if p.bad != nil || p.unanswered || wire.HeadID(p.Body) != "" {
			ready = append(ready, p)
		} else if task, err := m.taskOf(p.Parcel); err != nil {
			p.bad = err
			ready = append(ready, p)
		} else {
			fresh = append(fresh, p)
			bare = append(bare, broker.Bare{Task: task, Raw: p.Body, Relayed: strings.HasPrefix(p.ID, relayed(m.queue))})
		}
	}
	if len(bare) == 0 {
		return ready, nil
	}
	for i, refusal := range m.broker.EnqueueBare(ctx, m.queue, bare) {
		switch p := fresh[i]; {
		case refusal == nil, errors.Is(refusal, zeroq.ErrDuplicateID), errors.Is(refusal, zeroq.ErrDuplicate):
			m.sub.Ack(p.Parcel)
		default: // Redis is away, or full
			err = refusal
			m.waitlist.add(p)
		}
	}
	return ready, err
}

// taskOf reads a bare message. A priority is left out: nobody is there to be told that the carrier has none.
func (m *member) taskOf(p *broker.Parcel) (*zeroq.Task, error) {
	task, err := wire.Decode(p.Body)
	if err != nil {
		return nil, err
	}
	task.Queue, task.Priority = m.queue, zeroq.Normal
	if !m.ordered {
		task.Group = ""
	}
	probe := *task // times that have passed while it waited are judged when it would start
	probe.Deadline, probe.ExpiresAt = time.Time{}, time.Time{}
	if err := probe.Validate(m.Now()); err != nil {
		return nil, err
	}
	if task.ID == "" {
		task.ID = stableID(p.ID)
	}
	return task, nil
}

// stableID is the id of a bare message's task, the same whenever it is delivered again.
func stableID(message string) string {
	if message == "" || zeroq.ValidID(message) {
		return message
	}
	sum := sha256.Sum256([]byte(message))
	return "carried." + hex.EncodeToString(sum[:16])
}
