package redisq

import (
	"context"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/taskid"
)

// Bounds of what a worker takes of one queue at once.
const (
	maxFetch      = 512
	maxFetchBytes = 16 << 20
)

// Fetch implements [broker.Member].
func (m *member) Fetch(ctx context.Context, n, ahead int) ([]*broker.Delivery, error) {
	held, err := m.hold(ctx)
	if err != nil {
		return nil, err
	}
	return m.fetch(ctx, held, n, ahead, nil)
}

// fetch takes tasks and claims those that are bare. first is the answer of a fetch script that ran already; nil: none
// has.
func (m *member) fetch(ctx context.Context, held *lease, n, ahead int, first *reply) ([]*broker.Delivery, error) {
	var admitted []*broker.Delivery
	for called := true; called && len(m.unclaimed) == 0 && len(admitted) == 0; {
		var err error
		if admitted, called, err = m.take(ctx, held, n, ahead, first); err != nil {
			return nil, err
		}
		first = nil
	}
	if len(m.unclaimed) > 0 {
		claimed, err := m.claim(ctx, held, m.unclaimed)
		if err != nil && len(admitted) == 0 {
			return nil, err // the next call claims them
		}
		if err == nil {
			m.unclaimed = nil
			admitted = append(admitted, claimed...)
		}
	}
	return admitted, nil
}

// fetchCall is a call of the fetch script. Its number is that of the last one that was answered, and one.
func (m *member) fetchCall(held *lease, n, ahead int) call {
	k := m.keys
	return call{
		keys: []string{
			k.groups, k.landing, k.ready, k.high, k.low, k.suspect, k.inflight + held.group, k.gate,
			k.withdrawn, k.cancelled, k.parked,
		},
		args: []any{held.group, held.fetched + 1, min(n, maxFetch), min(n+ahead, maxFetch), maxFetchBytes},
	}
}

// take runs the fetch script, unless its answer is there. Bare messages are left in m.unclaimed. calledOff: it found
// nothing but tasks that were called off, so there may be more.
func (m *member) take(ctx context.Context, held *lease, n, ahead int, first *reply) (admitted []*broker.Delivery, calledOff bool, err error) {
	var answer reply
	if first != nil {
		answer = *first
	} else {
		c := m.fetchCall(held, n, ahead)
		if answer, err = m.broker.run(ctx, m.broker.calls, scriptFetch, c.keys, c.args...); err != nil {
			return nil, false, err
		}
	}
	switch answer.status {
	case statusOK, statusEmpty:
		held.fetched++
	case statusPaused:
		return nil, false, &broker.ClosedError{Cause: broker.ErrPaused, Wait: answer.wait()}
	case statusLimited:
		return nil, false, &broker.ClosedError{Cause: broker.ErrLimited, Wait: answer.wait()}
	case statusFenced:
		m.drop(held)
		return nil, false, zeroq.ErrLeaseLost
	default:
		return nil, false, fmt.Errorf("fetch answered %s to number %d", answer.status, held.fetched+1)
	}
	fields := answer.list(1)
	return m.sort(held, fields, answer.list(2)), answer.status == statusOK && len(fields) == 0, nil
}

// wait is how long the fetch script says to wait.
func (r reply) wait() time.Duration { return time.Duration(r.number(0)) * time.Millisecond }

// sort makes deliveries of what was fetched and returns those that need no claim.
func (m *member) sort(held *lease, fields, messages []any) []*broker.Delivery {
	ready := make([]*broker.Delivery, 0, len(fields))
	for i := range fields {
		field, _ := fields[i].(string)
		message, ok := messages[i].(string)
		if !ok {
			continue // settled since: only after a failover to a replica that lagged
		}
		d := &broker.Delivery{Raw: []byte(message), Receipt: field, Lease: held.group}
		if field[0] == '?' {
			m.unclaimed = append(m.unclaimed, d)
			continue
		}
		if field[0] == '!' {
			d.Err = zeroq.ErrDuplicateID
		} else {
			m.read(d)
		}
		ready = append(ready, d)
	}
	return ready
}

// read decodes the message of a delivery that looks admitted.
func (m *member) read(d *broker.Delivery) {
	if read(d, m.join.Queue); d.Task != nil && !m.knows(d.Task.ID) {
		d.Task, d.Err = nil, errForeignID // it only looks so
	}
}

// errForeignID is why a message that looks admitted is not.
var errForeignID = &zeroq.FieldError{Field: "id", Reason: "is none that a task of this queue can have"}

// knows reports whether a task of this queue can have the id.
func (m *member) knows(id string) bool {
	queue, partition, _, ours := taskid.Parse(id)
	return ours && queue == m.join.Queue && partition == 0 || zeroq.ValidID(id)
}
