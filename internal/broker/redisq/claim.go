package redisq

import (
	"context"
	"errors"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// read decodes the message of a delivery of a queue; what cannot be read becomes its Err.
func read(d *broker.Delivery, queue string) {
	task, err := wire.Decode(d.Raw)
	if err != nil {
		d.Err = err
		return
	}
	task.Queue = queue
	d.Task = task
}

// claim admits bare messages that this worker holds and returns those that it may run, and those
// that nobody can: the engine makes them dead letters. After an error all must be claimed again;
// those that were are found to be.
func (m *member) claim(ctx context.Context, held *lease, bare []*broker.Delivery) ([]*broker.Delivery, error) {
	var result, claimable []*broker.Delivery
	for _, d := range bare {
		if d.Task == nil && d.Err == nil {
			read(d, m.join.Queue)
			m.check(d)
		}
		if d.Err != nil {
			result = append(result, d)
		} else {
			claimable = append(claimable, d)
		}
	}
	if len(claimable) == 0 {
		return result, nil
	}
	if err := m.nameAll(ctx, claimable); err != nil {
		return nil, err
	}
	calls, answers, err := m.sendClaims(ctx, held, claimable)
	if err != nil {
		return nil, err
	}
	if m.renameTaken(claimable, answers) {
		return nil, errIDTaken
	}
	for i, d := range claimable {
		switch answers[i].status {
		case statusOK:
			d.Raw, d.Receipt = calls[i].message, d.Task.ID
			result = append(result, d)
		case statusDuplicate:
			d.Task, d.Err = nil, zeroq.ErrDuplicateID
			result = append(result, d)
		case statusTaken:
			d.Err = &zeroq.DuplicateError{TaskID: answers[i].text(0)} // it stays as it came: handed back, it is claimed again
			result = append(result, d)
		case statusScheduled, statusReplaced, statusFenced: // not ours to run
		}
	}
	return result, nil
}

// sendClaims runs the claim script for all of them.
func (m *member) sendClaims(ctx context.Context, held *lease, claimable []*broker.Delivery) ([]call, []reply, error) {
	calls, least := make([]call, len(claimable)), held.claimed.Load()
	for {
		for i, d := range claimable {
			calls[i] = m.claimCall(d, least)
		}
		answers, err := m.broker.runAll(ctx, scriptClaim, calls)
		if err != nil {
			return nil, nil, err
		}
		if !held.noteClaims(answers) {
			return calls, answers, nil
		}
		least = 0 // the next heartbeat gives the lease up; what it has is run until then
	}
}

// noteClaims keeps how many claims Redis has answered. Redis counts them: of calls that are sent again, nobody
// here knows which were made. It reports whether Redis says that it has lost some.
func (l *lease) noteClaims(answers []reply) (forgot bool) {
	for _, a := range answers {
		switch a.status {
		case statusOK, statusScheduled, statusReplaced: // the others have written nothing
			l.claimed.Store(max(l.claimed.Load(), uint64(a.number(0))))
		case statusForgot:
			l.forgotten.Store(true)
			forgot = true
		}
	}
	return forgot
}

// renameTaken takes ids back that were given out for a second time, as enqueueOurs does.
func (m *member) renameTaken(claimed []*broker.Delivery, answers []reply) bool {
	taken := false
	for i, d := range claimed {
		if answers[i].status == statusDuplicate && m.keys.place(d.Task.ID).slot != "" {
			d.Task.ID, taken = "", true
		}
	}
	if !taken {
		m.leap = 0
		return false
	}
	m.leap = max(2*m.leap, bucketSize) // nobody knows how many numbers were given out again
	m.broker.ids.skip(m.join.Queue, m.leap)
	return true
}

// check holds a bare message to the limits that producers are held to. Times that may have passed
// while it waited are judged when it would start.
func (m *member) check(d *broker.Delivery) {
	if d.Err != nil {
		return
	}
	probe := *d.Task
	probe.Deadline, probe.ExpiresAt = time.Time{}, time.Time{}
	err := probe.Validate(m.Now())
	if err == nil {
		err = m.broker.checkCarried(m.join.Queue, d.Task)
	}
	if err != nil {
		d.Task, d.Err = nil, err
	}
}

// nameAll gives ids to the tasks that have none, and sets their times.
func (m *member) nameAll(ctx context.Context, deliveries []*broker.Delivery) error {
	nameless := 0
	for _, d := range deliveries {
		if d.Task.ID == "" {
			nameless++
		}
	}
	ids, err := m.broker.newIDs(ctx, m.join.Queue, nameless)
	if err != nil {
		return err
	}
	for _, d := range deliveries {
		if d.Task.ID == "" {
			d.Task.ID, ids = ids[0], ids[1:]
		}
		if d.Task.EnqueuedAt.IsZero() {
			d.Task.EnqueuedAt = m.Now()
		}
		if d.Task.Delay > 0 {
			d.Task.RunAt, d.Task.Delay = m.Now().Add(d.Task.Delay), 0
		}
	}
	return nil
}

// call is one call of a script.
type call struct {
	keys    []string
	args    []any
	message []byte // what a claimed task is from then on
}

// errIDTaken is why messages must be claimed once more.
var errIDTaken = errors.New("an assigned id was in use")

func (m *member) claimCall(d *broker.Delivery, least uint64) call {
	task, due := d.Task, int64(0)
	if task.RunAt.After(m.Now()) {
		due = task.RunAt.UnixMilli()
	} else {
		task.RunAt = time.Time{}
	}
	message, err := wire.Admit(d.Raw, task)
	if err != nil {
		panic(err) // it was decoded before
	}
	at := m.keys.place(task.ID)
	lock, mode, ttl := m.keys.lock(task)
	return call{
		keys: append([]string{
			m.keys.inflight + d.Lease, m.keys.scheduled, m.keys.scheduledD, m.keys.counters, m.keys.gate,
			m.keys.withdrawn, at.key,
		}, lock...),
		args: []any{
			m.keys.prefix, least, d.Receipt, task.ID, due, message, newRecord(markLive, task).encode(), at.slot, mode, ttl,
		},
		message: message,
	}
}
