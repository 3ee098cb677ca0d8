package redisq

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

var _ broker.Admitter = (*member)(nil)

// admissions are what a member asks for that came by a carrier.
type admissions struct {
	lease *lease // of all of them
	// open is a call without an answer. It is made again, with the same messages, before any other: those may be
	// the worker's.
	open []*admission
	// told are messages that such a call was about, by their bytes, with what is not to be asked again: that the
	// worker has them, or that they are over.
	told map[string]*admission
}

// admission is a message that came by a carrier.
type admission struct {
	delivery *broker.Delivery
	id       string // as it stands in the head of an admitted message; empty: it is bare
	attempt  int
	enqueued int64 // when, in ms; 0 where the message cannot be read
	verdict  broker.Verdict
}

// Admit implements [broker.Admitter]. After an error, the same messages must be asked for again sooner or
// later: the worker may have them. More than a script can take are told Later.
func (m *member) Admit(ctx context.Context, messages [][]byte) ([]broker.Verdict, []*broker.Delivery, error) {
	return m.admit(ctx, messages, false)
}

// admit is Admit; unbound, of messages that are not to start, it passes by all limits.
func (m *member) admit(ctx context.Context, messages [][]byte, unbound bool) ([]broker.Verdict, []*broker.Delivery, error) {
	held, err := m.hold(ctx)
	if err != nil {
		return nil, nil, err
	}
	a := &m.admissions
	if a.lease != held {
		*a = admissions{lease: held, told: make(map[string]*admission)}
	}
	if err := m.askAgain(ctx, held, unbound); err != nil {
		return nil, nil, err
	}
	all := m.admissionsOf(messages)
	err = m.ask(ctx, held, a.news(all), unbound)
	var closed *broker.ClosedError
	if err != nil && !(errors.As(err, &closed) && a.tells(all)) {
		return nil, nil, err
	}
	verdicts, deliveries := a.answer(all)
	return verdicts, deliveries, nil
}

// askAgain makes a call again that had no answer.
func (m *member) askAgain(ctx context.Context, held *lease, unbound bool) error {
	a := &m.admissions
	open := a.open
	if err := m.ask(ctx, held, open, unbound); err != nil {
		return err
	}
	for _, one := range open {
		if one.verdict == broker.Granted || one.verdict == broker.Stale {
			a.told[string(one.delivery.Raw)] = one
		}
	}
	return nil
}

// admissionsOf are the messages, with what is known of them already. They are as many as a script can take.
func (m *member) admissionsOf(messages [][]byte) []*admission {
	all, asked, bytes := make([]*admission, len(messages)), 0, 0
	for i, message := range messages {
		if all[i] = m.admissions.told[string(message)]; all[i] != nil {
			continue
		}
		if bytes += len(message); asked == maxFetch || asked > 0 && bytes > maxFetchBytes {
			all[i] = &admission{verdict: broker.Later}
			continue
		}
		all[i] = m.admission(message)
		asked++
	}
	return all
}

// admission reads a message.
func (m *member) admission(message []byte) *admission {
	a := &admission{delivery: &broker.Delivery{Raw: message}, attempt: 1}
	if a.id = wire.HeadID(message); !m.knows(a.id) {
		a.id = ""
	}
	if m.read(a.delivery); a.delivery.Task != nil {
		a.attempt, a.enqueued = a.delivery.Task.Attempt, a.delivery.Task.EnqueuedAt.UnixMilli()
	}
	if a.id == "" && a.delivery.Err == nil {
		a.delivery.Task, a.delivery.Err = nil, errNotAdmitted
	}
	return a
}

// errNotAdmitted is why a bare message cannot run as it came by a carrier: no claim is made of it.
var errNotAdmitted = &zeroq.FieldError{Field: "id", Reason: "is missing: the message was never enqueued"}

// news are the messages of which nothing is known yet.
func (a *admissions) news(all []*admission) []*admission {
	var fresh []*admission
	for _, one := range all {
		if one.verdict == 0 {
			fresh = append(fresh, one)
		}
	}
	return fresh
}

// tells reports whether something is known of the messages.
func (a *admissions) tells(all []*admission) bool {
	return len(a.news(all)) < len(all)
}

// answer tells of the messages; those of which nothing is known are for later.
func (a *admissions) answer(all []*admission) (verdicts []broker.Verdict, deliveries []*broker.Delivery) {
	verdicts = make([]broker.Verdict, len(all))
	for i, one := range all {
		if verdicts[i] = one.verdict; one.verdict == 0 {
			verdicts[i] = broker.Later
		}
		if one.verdict == broker.Granted {
			deliveries = append(deliveries, one.delivery)
			one.verdict = broker.Busy // should it stand here twice
		}
		if one.delivery != nil {
			delete(a.told, string(one.delivery.Raw))
		}
	}
	return verdicts, deliveries
}

// ask runs the admit script and notes the verdicts.
func (m *member) ask(ctx context.Context, held *lease, list []*admission, unbound bool) error {
	if len(list) == 0 {
		return nil
	}
	seq, k := held.fetched+1, m.keys
	args := []any{k.prefix, held.group, seq, unbound, len(list)}
	for _, one := range list {
		args = append(args, one.id, one.attempt, one.enqueued, one.delivery.Raw)
	}
	m.admissions.open = list
	answer, err := m.broker.run(ctx, m.broker.calls, scriptAdmit, []string{
		k.groups, k.inflight + held.group, k.gate, k.taken, k.withdrawn, k.cancelled, k.parked, k.scheduled, k.retry, k.crashes, k.deleted,
	}, args...)
	if err != nil {
		return err
	}
	if answer.status == statusFenced {
		m.drop(held)
		return zeroq.ErrLeaseLost
	}
	verdicts := answer.text(1)
	switch {
	case answer.status == statusOK && len(verdicts) == len(list), answer.status == statusPaused, answer.status == statusLimited:
		held.fetched, m.admissions.open = seq, nil
	default:
		return fmt.Errorf("admit answered %s to number %d", answer.status, seq)
	}
	if strings.IndexByte(verdicts, byte(broker.Granted)) >= 0 {
		held.admitted.Store(seq)
	}
	for i := range verdicts {
		one := list[i]
		one.verdict, one.delivery.Lease = broker.Verdict(verdicts[i]), held.group
		if one.delivery.Receipt = one.id; one.id == "" {
			one.delivery.Receipt = fmt.Sprintf("?%d.%d", seq, i+1)
		}
	}
	return answer.closed()
}

// closed is why nothing may be taken, if the script says so.
func (r reply) closed() error {
	switch r.status {
	case statusPaused:
		return &broker.ClosedError{Cause: broker.ErrPaused, Wait: r.wait()}
	case statusLimited:
		return &broker.ClosedError{Cause: broker.ErrLimited, Wait: r.wait()}
	}
	return nil
}
