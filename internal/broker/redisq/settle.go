package redisq

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/fingerprint"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Settle implements [broker.Member].
func (m *member) Settle(ctx context.Context, outcomes []broker.Outcome) error {
	return m.settleBy(ctx, outcomes, m.broker.settleCall)
}

// settleBy settles outcomes; send runs the script.
func (m *member) settleBy(ctx context.Context, outcomes []broker.Outcome, send sendSettle) error {
	if len(outcomes) == 0 {
		return nil
	}
	m.mu.Lock()
	held := m.leases[outcomes[0].Delivery.Lease]
	m.mu.Unlock()
	if held == nil {
		return zeroq.ErrLeaseLost
	}
	s := settlement{
		broker: m.broker, keys: m.keys, queue: m.join.Queue, worker: m.join.Worker, group: held.group, retention: m.join.Retention,
		least: held.settled.Load(), forgot: func() { held.forgotten.Store(true) }, refused: m.join.Refused, call: send,
	}
	if err := s.settle(ctx, s.least+1, outcomes); err != nil {
		return err
	}
	held.settled.Add(1)
	return nil
}

// sendSettle runs the settle script.
type sendSettle func(context.Context, call) (reply, error)

// settleCall is the sendSettle of a call by itself.
func (b *Broker) settleCall(ctx context.Context, c call) (reply, error) {
	return b.run(ctx, b.calls, scriptSettle, c.keys, c.args...)
}

// settle settles outcomes, once those are changed that the script says must be. The settlement has
// gathered nothing yet.
func (s settlement) settle(ctx context.Context, seq uint64, outcomes []broker.Outcome) error {
	outcomes = s.onlyOnce(outcomes)
	for {
		try := s
		answer, err := try.run(ctx, seq, outcomes)
		switch {
		case err != nil:
			return err
		case answer.status == statusForgot:
			s.forgot()
			s.least = 0
		case answer.status == statusPartial:
			outcomes = try.onlyOwned(outcomes, answer.list(0))
		case answer.status == statusStopped:
			try.cancel(answer.list(0))
		default:
			return nil
		}
	}
}

// onlyOnce leaves out what has the receipt of one before. A worker has a task twice under one lease when Redis forgot that
// it had handed it out: there is one task to settle all the same.
func (s *settlement) onlyOnce(outcomes []broker.Outcome) []broker.Outcome {
	seen := make(map[string]bool, len(outcomes))
	for _, o := range outcomes {
		seen[o.Delivery.Receipt] = true
	}
	if len(seen) == len(outcomes) {
		return outcomes
	}
	clear(seen)
	owned := make([]bool, len(outcomes))
	for i, o := range outcomes {
		owned[i] = !seen[o.Delivery.Receipt]
		seen[o.Delivery.Receipt] = true
	}
	return s.keepOwned(outcomes, func(i int, _ *broker.Delivery) bool { return owned[i] })
}

// onlyOwned leaves out what belongs to nobody here: a Redis that lost its last writes has such tasks
// on their list again. owned has a flag for each receipt, in the order in which they were sent.
func (s *settlement) onlyOwned(outcomes []broker.Outcome, owned []any) []broker.Outcome {
	ours := make(map[string]bool, len(owned))
	for i, receipt := range slices.Concat(s.again.receipts, s.over) {
		ours[receipt.(string)] = owned[i] == int64(1)
	}
	return s.keepOwned(outcomes, func(_ int, d *broker.Delivery) bool { return ours[d.Receipt] })
}

// keepOwned leaves out what is not owned, and tells who wants to know.
func (s *settlement) keepOwned(outcomes []broker.Outcome, owned func(i int, d *broker.Delivery) bool) []broker.Outcome {
	var kept []broker.Outcome
	var refused []*broker.Delivery
	for i, o := range outcomes {
		if owned(i, o.Delivery) {
			kept = append(kept, o)
		} else {
			refused = append(refused, o.Delivery)
		}
	}
	logx.Errorf("queue %s: %d outcomes refused; Redis does not know that this worker has their tasks", s.queue, len(refused))
	if s.refused != nil {
		s.refused(refused)
	}
	return kept
}

// settlement gathers outcomes in the shape of the settle script's arguments.
type settlement struct {
	broker        *Broker
	keys          queueKeys
	queue, worker string
	group         string
	retention     time.Duration // of tasks that ask for no other than the default
	least         uint64        // number of a settling that Redis has answered; 0: it is not asked whether it has forgotten one
	refused       func([]*broker.Delivery)
	call          sendSettle
	forgot        func() // told that Redis has forgotten something that it had answered; not called where least is 0

	again again // the tasks that are to run again
	over  []any // receipts of all others

	back, suspects           []any // messages
	crashes                  []any // id, how often its worker died
	succeeded                []any // ids
	succeededAt              []any // forget at, id
	retry                    []any // at, id, message
	dead, expired, cancelled []any // at, id, message
	fingerprints             []any // id, fingerprint, error
	locks                    []any // hash of the unique key, id
	counts                   map[zeroq.Counter]int64
	records                  bucketed
	own                      []string // keys of records that are no slot of a bucket
	ownArgs                  []any    // record, ms to live
}

// again is the tasks that are to run again, unless they were called off.
type again struct {
	receipts []any
	outcomes []*broker.Outcome
}

// cancel makes those cancelled that the script says were called off.
func (s *settlement) cancel(stopped []any) {
	for i, o := range s.again.outcomes {
		if stopped[i] != int64(1) {
			continue
		}
		o.State, o.RunAt = zeroq.Cancelled, time.Time{}
		if o.FinishedAt.IsZero() {
			o.FinishedAt = s.broker.clock.now()
		}
		d := o.Delivery
		if d.Task == nil { // a reaper does not read what it hands back
			read(d, s.queue)
		}
		if d.Task == nil {
			d.Task = &zeroq.Task{ID: d.Receipt}
			d.Task.SetDefaults()
		}
	}
}

// run settles outcomes, unless the script's answer says that they must be changed first.
func (s *settlement) run(ctx context.Context, seq uint64, outcomes []broker.Outcome) (reply, error) {
	s.counts = make(map[zeroq.Counter]int64)
	s.over, s.succeeded = make([]any, 0, len(outcomes)), make([]any, 0, len(outcomes)) // what becomes of nearly all
	unnamed := 0
	for _, o := range outcomes {
		if o.Delivery.Task == nil && o.State != zeroq.Ready {
			unnamed++
		}
	}
	ids, err := s.broker.newIDs(ctx, s.queue, unnamed)
	if err != nil {
		return reply{}, err
	}
	for i := range outcomes {
		o, id := &outcomes[i], ""
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
	return s.send(ctx, seq, len(outcomes))
}

func (s *settlement) add(id string, o *broker.Outcome) error {
	if o.Failure != nil && !o.StartedAt.IsZero() {
		s.counts[zeroq.CountFailed]++
	}
	switch o.State {
	case zeroq.Ready:
		s.addBack(o)
	case zeroq.Retry:
		return s.addRetry(id, o)
	case zeroq.Succeeded:
		s.addSucceeded(id, *o)
	case zeroq.Dead:
		s.addDead(id, *o)
	case zeroq.Expired:
		s.finish(id, *o, markExpired)
		s.expired = append(s.expired, o.FinishedAt.Add(s.keptFor(*o)).UnixMilli(), id, o.Delivery.Raw)
		s.counts[zeroq.CountExpired]++
	case zeroq.Cancelled:
		s.finish(id, *o, markCancelled)
		s.cancelled = append(s.cancelled, o.FinishedAt.Add(s.keptFor(*o)).UnixMilli(), id, o.Delivery.Raw)
		s.counts[zeroq.CountCancelled]++
	default:
		return fmt.Errorf("no task can be settled as %s", o.State)
	}
	return nil
}

// keptFor is how long the finished task is kept.
func (s *settlement) keptFor(o broker.Outcome) time.Duration {
	switch t := o.Delivery.Task; {
	case t == nil || t.Retention == zeroq.DefaultRetention:
		return s.retention
	default:
		return t.Retention
	}
}

func (s *settlement) addBack(o *broker.Outcome) {
	s.again.add(o)
	s.counts[zeroq.CountHandedBack]++
	if o.Crashes > 1 {
		s.suspects = append(s.suspects, begun(o))
	} else {
		s.back = append(s.back, begun(o))
	}
	if o.Crashes > 0 {
		s.crashes = append(s.crashes, o.Delivery.Receipt, o.Crashes)
	}
}

// begun is the message of a task that is handed back. One that has started does not expire any more;
// that one whose worker died had started is most likely.
func begun(o *broker.Outcome) []byte {
	raw := o.Delivery.Raw
	if o.StartedAt.IsZero() && o.Crashes == 0 || !bytes.Contains(raw, []byte(`"expires_at"`)) {
		return raw
	}
	if message, err := wire.Started(raw); err == nil {
		return message
	}
	return raw
}

func (a *again) add(o *broker.Outcome) {
	a.receipts = append(a.receipts, o.Delivery.Receipt)
	a.outcomes = append(a.outcomes, o)
}

func (s *settlement) addRetry(id string, o *broker.Outcome) error {
	message, err := wire.Retry(o.Delivery.Raw, o.NextAttempt, failures(*o), o.RunAt)
	if err == nil && !o.StartedAt.IsZero() && !o.Delivery.Task.ExpiresAt.IsZero() {
		message, err = wire.Started(message)
	}
	if err != nil {
		return fmt.Errorf("task %s: %w", id, err)
	}
	s.again.add(o)
	s.retry = append(s.retry, o.RunAt.UnixMilli(), id, message)
	s.counts[zeroq.CountRetried]++
	r := s.record(markLive, *o)
	if r.Attempt >= o.NextAttempt {
		r.Again = 1 // it was put off
	}
	s.keep(id, r, 0)
	return nil
}

// bury makes a dead letter of a task whose outcome cannot be written, so that it holds up no other.
func (s *settlement) bury(id string, o *broker.Outcome, reason error) {
	buried := *o
	failure := zeroq.AttemptError{At: o.FinishedAt, Worker: s.worker, Message: reason.Error()}
	if o.Delivery.Task != nil {
		failure.Attempt = o.Delivery.Task.Attempt
	}
	buried.Failure = &failure
	s.addDead(id, buried)
}

func (s *settlement) addDead(id string, o broker.Outcome) {
	r := s.finish(id, o, markDead)
	s.dead = append(s.dead, o.FinishedAt.UnixMilli(), id, o.Delivery.Raw)
	s.fingerprints = append(s.fingerprints, id, r.Fingerprint, sample(o))
	s.counts[zeroq.CountDead]++
}

func (s *settlement) addSucceeded(id string, o broker.Outcome) {
	s.over = append(s.over, o.Delivery.Receipt)
	s.unlock(id, o)
	retention := s.keptFor(o)
	record := s.record(markDone, o)
	record.forgetAt = o.FinishedAt.Add(retention).UnixMilli()
	if retention == s.retention {
		s.succeeded = append(s.succeeded, id)
	} else {
		s.succeededAt = append(s.succeededAt, record.forgetAt, id)
	}
	s.counts[zeroq.CountSucceeded]++
	s.keep(id, record, retention)
}

// finish keeps the record of a task that has ended without success, and returns it.
func (s *settlement) finish(id string, o broker.Outcome, mark byte) record {
	s.over = append(s.over, o.Delivery.Receipt)
	s.unlock(id, o)
	r := s.record(mark, o)
	if mark == markDead {
		r.Fingerprint = fingerprint.Of(sample(o))
	}
	s.keep(id, r, 0)
	return r
}

// maxSample bounds the error that stands for a group of dead letters, in bytes.
const maxSample = 256

// sample is the error that the dead letter has in common with others.
func sample(o broker.Outcome) string {
	if o.Failure == nil {
		return ""
	}
	return strings.ToValidUTF8(o.Failure.Message[:min(len(o.Failure.Message), maxSample)], "")
}

// unlock lets go of a finished task's unique key. One that is held for a time goes with a task that was
// called off only.
func (s *settlement) unlock(id string, o broker.Outcome) {
	if o.Delivery.Task == nil || o.Delivery.Task.Unique == nil {
		return
	}
	if u := o.Delivery.Task.Unique; u.Mode != zeroq.ForTime || o.State == zeroq.Cancelled {
		s.locks = append(s.locks, lockOf(u)[1:], id)
	}
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
	r.Result, r.Progress = o.Result, o.Progress
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
	if bucket, slot, ours := slotOf(id); ours {
		s.records.add(bucket, slot, r.encode())
		return
	}
	s.own = append(s.own, s.keys.place(id).key)
	s.ownArgs = append(s.ownArgs, r.encode(), ttl.Milliseconds())
}

// send runs the script on what was gathered of n outcomes.
func (s *settlement) send(ctx context.Context, seq uint64, n int) (reply, error) {
	k := s.keys
	keys := s.records.appendKeys([]string{
		k.inflight + s.group, k.ready, k.high, k.low, k.suspect, k.retry, k.retryD, k.dead, k.expired, k.cancelled,
		k.parked, k.errors, k.finished, k.finishedAt, k.counters, k.gate, k.waiters, k.stopping, k.progress, k.crashes,
		k.taken,
	}, k)
	keys = append(keys, s.own...)
	args := append(make([]any, 0, 64+6*n), k.prefix, seq, s.least, k.done)
	for _, list := range []struct {
		values []any
		width  int
	}{
		{s.again.receipts, 1}, {s.over, 1}, {s.back, 1}, {s.suspects, 1}, {s.crashes, 2}, {s.succeeded, 1},
		{s.succeededAt, 2}, {s.retry, 3}, {s.dead, 3}, {s.fingerprints, 3}, {s.expired, 3}, {s.cancelled, 3}, {s.locks, 2},
	} {
		args = append(append(args, len(list.values)/list.width), list.values...)
	}
	args = append(args, len(s.counts))
	for name, n := range s.counts {
		args = append(args, string(name), n)
	}
	args = append(args, len(s.records.numbers))
	args = s.records.appendArgs(args)
	args = append(args, s.ownArgs...)
	answer, err := s.call(ctx, call{keys: keys, args: args})
	if err != nil {
		return reply{}, err
	}
	switch answer.status {
	case statusOK, statusPartial, statusStopped, statusForgot:
		return answer, nil
	case statusFenced:
		return reply{}, zeroq.ErrLeaseLost
	}
	return reply{}, fmt.Errorf("settle answered %s to number %d", answer.status, seq)
}
