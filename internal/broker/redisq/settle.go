package redisq

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Settle implements [broker.Member].
func (m *member) Settle(ctx context.Context, outcomes []broker.Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	m.mu.Lock()
	held := m.leases[outcomes[0].Delivery.Lease]
	m.mu.Unlock()
	if held == nil {
		return zeroq.ErrLeaseLost
	}
	for {
		s := settlement{broker: m.broker, keys: m.keys, queue: m.join.Queue, worker: m.join.Worker, group: held.group}
		owned, err := s.run(ctx, held.settled+1, outcomes)
		if err != nil {
			return err
		}
		if owned == nil {
			held.settled++
			return nil
		}
		outcomes = s.onlyOwned(outcomes, owned)
	}
}

// onlyOwned leaves out what belongs to nobody here: a Redis that lost its last writes has such tasks
// on their list again.
func (s *settlement) onlyOwned(outcomes []broker.Outcome, owned []any) []broker.Outcome {
	var kept []broker.Outcome
	for i, o := range outcomes {
		if owned[i] == int64(1) {
			kept = append(kept, o)
		}
	}
	logx.Errorf("queue %s: %d outcomes refused; Redis does not know that this worker has their tasks",
		s.queue, len(outcomes)-len(kept))
	return kept
}

// settlement gathers outcomes in the shape of the settle script's arguments.
type settlement struct {
	broker        *Broker
	keys          queueKeys
	queue, worker string
	group         string

	receipts, back, succeeded []any
	succeededAt               []any // forget at, id
	retry, dead, expired      []any // at, id, message
	counts                    map[string]int64
	records                   bucketed
	own                       []string // keys of records that are no slot of a bucket
	ownArgs                   []any    // record, ms to live
}

// run settles outcomes. When only some of their tasks are owned, it says of each whether it is, and
// nothing is settled.
func (s *settlement) run(ctx context.Context, seq uint64, outcomes []broker.Outcome) (owned []any, err error) {
	s.counts = make(map[string]int64)
	unnamed := 0
	for _, o := range outcomes {
		if o.Delivery.Task == nil && o.State != zeroq.Ready {
			unnamed++
		}
	}
	ids, err := s.broker.newIDs(ctx, s.queue, unnamed)
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		id := ""
		if o.Delivery.Task != nil {
			id = o.Delivery.Task.ID
		} else if o.State != zeroq.Ready {
			id, ids = ids[0], ids[1:]
		}
		if err := s.add(id, o); err != nil {
			s.bury(id, o, err)
		}
	}
	slices.Reverse(s.back) // the first to run is pushed last
	return s.send(ctx, seq)
}

func (s *settlement) add(id string, o broker.Outcome) error {
	s.receipts = append(s.receipts, o.Delivery.Receipt)
	if o.Failure != nil && !o.StartedAt.IsZero() {
		s.counts["failed"]++
	}
	switch o.State {
	case zeroq.Ready:
		s.back = append(s.back, o.Delivery.Raw)
		s.counts["handed_back"]++
	case zeroq.Succeeded:
		s.addSucceeded(id, o)
	case zeroq.Retry:
		return s.addRetry(id, o)
	case zeroq.Dead:
		s.dead = append(s.dead, o.FinishedAt.UnixMilli(), id, o.Delivery.Raw)
		s.counts["dead"]++
		s.keep(id, s.record(markDead, o), 0)
	case zeroq.Expired:
		retention := o.Delivery.Task.Retention
		s.expired = append(s.expired, o.FinishedAt.Add(retention).UnixMilli(), id, o.Delivery.Raw)
		s.counts["expired"]++
		s.keep(id, s.record(markExpired, o), 0)
	default:
		return fmt.Errorf("no task can be settled as %s", o.State)
	}
	return nil
}

// bury makes a dead letter of a task whose outcome cannot be written, so that it holds up no other.
func (s *settlement) bury(id string, o broker.Outcome, reason error) {
	s.dead = append(s.dead, o.FinishedAt.UnixMilli(), id, o.Delivery.Raw)
	s.counts["dead"]++
	failure := zeroq.AttemptError{At: o.FinishedAt, Worker: s.worker, Message: reason.Error()}
	if o.Delivery.Task != nil {
		failure.Attempt = o.Delivery.Task.Attempt
	}
	o.Failure = &failure
	s.keep(id, s.record(markDead, o), 0)
}

func (s *settlement) addSucceeded(id string, o broker.Outcome) {
	retention := o.Delivery.Task.Retention
	record := s.record(markDone, o)
	record.forgetAt = o.FinishedAt.Add(retention).UnixMilli()
	if retention == zeroq.DefaultRetention {
		s.succeeded = append(s.succeeded, id)
	} else {
		s.succeededAt = append(s.succeededAt, record.forgetAt, id)
	}
	s.counts["succeeded"]++
	s.keep(id, record, retention)
}

func (s *settlement) addRetry(id string, o broker.Outcome) error {
	message, err := wire.Retry(o.Delivery.Raw, o.NextAttempt, failures(o), o.RunAt)
	if err == nil && !o.StartedAt.IsZero() && !o.Delivery.Task.ExpiresAt.IsZero() {
		message, err = wire.Started(message)
	}
	if err != nil {
		return fmt.Errorf("task %s: %w", id, err)
	}
	s.retry = append(s.retry, o.RunAt.UnixMilli(), id, message)
	s.counts["retried"]++
	s.keep(id, s.record(markLive, o), 0)
	return nil
}

// record describes the task after the outcome.
func (s *settlement) record(mark byte, o broker.Outcome) record {
	r := record{mark: mark}
	if task := o.Delivery.Task; task != nil {
		r = newRecord(mark, task)
		r.Attempt = task.Attempt
		if o.StartedAt.IsZero() {
			r.Attempt-- // this attempt did not start
		}
	}
	r.StartedAt = toMillis(o.StartedAt)
	if mark != markLive {
		r.FinishedAt = toMillis(o.FinishedAt)
	}
	if !o.StartedAt.IsZero() {
		r.Worker = s.worker
	}
	r.Result = o.Result
	if errs := failures(o); len(errs) > 0 {
		r.Errors = wire.EncodeErrors(errs)
	}
	return r
}

// failures are the last failed attempts with that of the outcome.
func failures(o broker.Outcome) []zeroq.AttemptError {
	var errs []zeroq.AttemptError
	if o.Delivery.Task != nil {
		errs = slices.Clone(o.Delivery.Task.Errors)
	}
	if o.Failure != nil {
		errs = append(errs, *o.Failure)
	}
	return errs[max(0, len(errs)-zeroq.MaxErrors):]
}

// keep puts a record in its place. ttl is for a record with a key of its own; 0 keeps it until
// somebody deletes it.
func (s *settlement) keep(id string, r record, ttl time.Duration) {
	at := s.keys.place(id)
	if at.slot != "" {
		s.records.add(at, r.encode())
		return
	}
	s.own = append(s.own, at.key)
	s.ownArgs = append(s.ownArgs, r.encode(), ttl.Milliseconds())
}

func (s *settlement) send(ctx context.Context, seq uint64) (owned []any, err error) {
	k := s.keys
	keys := append([]string{
		k.inflight + s.group, k.ready, k.retry, k.retryD, k.dead, k.expired, k.parked,
		k.finished, k.finishedAt, k.counters, k.waiters,
	}, s.records.keys...)
	keys = append(keys, s.own...)
	args := []any{seq, k.done}
	for _, list := range []struct {
		values []any
		width  int
	}{
		{s.receipts, 1}, {s.back, 1}, {s.succeeded, 1}, {s.succeededAt, 2}, {s.retry, 3}, {s.dead, 3}, {s.expired, 3},
	} {
		args = append(append(args, len(list.values)/list.width), list.values...)
	}
	args = append(args, len(s.counts))
	for name, n := range s.counts {
		args = append(args, name, n)
	}
	args = append(args, len(s.records.keys))
	args = s.records.appendArgs(args)
	args = append(args, s.ownArgs...)
	answer, err := s.broker.run(ctx, s.broker.calls, scriptSettle, keys, args...)
	if err != nil {
		return nil, err
	}
	switch answer.status {
	case statusOK:
		return nil, nil
	case statusPartial:
		return answer.list(0), nil
	case statusFenced:
		return nil, zeroq.ErrLeaseLost
	}
	return nil, fmt.Errorf("settle answered %s to number %d", answer.status, seq)
}
