package redisq

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// entry is a task of an index as it was read.
type entry struct{ id, score, record, message string }

// peek reads a page of an index. up or down; the page follows behind, an entry of which only id and
// score are looked at.
func (b *Broker) peek(ctx context.Context, k queueKeys, from shelf, way string, behind entry, highest string, n int) (page []entry, last bool, err error) {
	answer, err := b.run(ctx, b.calls, scriptPeekIndex, []string{from.walk, from.bodies},
		k.prefix, way, behind.score, behind.id, highest, n, maxBatchBytes)
	if err != nil {
		return nil, false, err
	}
	lists := [4][]any{answer.list(0), answer.list(1), answer.list(2), answer.list(3)}
	page = make([]entry, len(lists[0]))
	for i := range page {
		e := &page[i]
		for column, field := range []*string{&e.id, &e.score, &e.record, &e.message} {
			*field, _ = lists[column][i].(string)
		}
	}
	return page, answer.number(4) == 1, nil
}

// revive makes finished tasks ready, those of the ids or the next ones of the index. The messages are
// edited here, as no script reads JSON; each task must still be as it was read.
func (o *operator) revive(ctx context.Context, k queueKeys, from shelf, p progress, ids []string) (reply, error) {
	page, last, err := o.candidates(ctx, k, from, p, ids)
	if err != nil {
		return reply{}, err
	}
	behind, failed, reason := entry{}, len(ids), ""
	if len(ids) > 0 {
		failed -= len(page)
		if failed > 0 {
			reason = "the task is not " + string(p.Selection.State)
		}
	}
	var tasks []any
	for _, e := range page {
		behind = e
		if len(ids) == 0 && newer(e, p) {
			continue
		}
		run, err := o.broker.rerun(p.Queue, e)
		if err != nil {
			failed, reason = failed+1, err.Error()
			continue
		}
		tasks = append(tasks, e.id, e.score, run.message, run.record.encode(), run.lock, run.ttl.Milliseconds())
	}
	ended := 0
	if last {
		ended = 1
	}
	args := []any{k.prefix, behind.score, behind.id, ended, failed, reason, len(tasks) / 6}
	return o.run(ctx, scriptReviveIndex, p,
		[]string{from.index, k.parked, k.ready, k.high, k.low, k.withdrawn, k.counters}, append(args, tasks...)...)
}

// candidates are the tasks of a step, and whether they are the last ones.
func (o *operator) candidates(ctx context.Context, k queueKeys, from shelf, p progress, ids []string) ([]entry, bool, error) {
	if len(ids) > 0 {
		page, err := o.broker.pick(ctx, k, from, ids)
		return page, true, err
	}
	behind, err := o.place(ctx, p)
	if err != nil {
		return nil, false, err
	}
	return o.broker.peek(ctx, k, from, "up", behind, highest(from, k, p), paced(p.Rate))
}

// place is how far the steps before this one got.
func (o *operator) place(ctx context.Context, p progress) (entry, error) {
	at, err := o.broker.calls.HMGet(ctx, operationKey(p.ID), "at", "at_id").Result()
	if err != nil {
		return entry{}, explain(err)
	}
	var e entry
	e.score, _ = at[0].(string)
	e.id, _ = at[1].(string)
	return e, nil
}

// newer reports whether the task finished after the operation began.
func newer(e entry, p progress) bool {
	r, err := decodeRecord(e.record)
	return err == nil && r.FinishedAt > p.CreatedAt.UnixMilli()
}

// pick reads tasks of an index by their ids; those that are not in it are left out.
func (b *Broker) pick(ctx context.Context, k queueKeys, from shelf, ids []string) ([]entry, error) {
	scores, records := make([]*redis.StringCmd, len(ids)), make([]*redis.StringCmd, len(ids))
	var messages *redis.SliceCmd
	_, err := b.calls.Pipelined(ctx, func(p redis.Pipeliner) error {
		messages = p.HMGet(ctx, from.bodies, ids...)
		for i, id := range ids {
			scores[i] = redis.NewStringCmd(ctx, "zscore", from.index, id)
			_ = p.Process(ctx, scores[i])
			records[i] = readRecord(ctx, p, k.place(id))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, explain(err)
	}
	var page []entry
	for i, id := range ids {
		if scores[i].Err() == nil {
			e := entry{id: id, score: scores[i].Val(), record: records[i].Val()}
			e.message, _ = messages.Val()[i].(string)
			page = append(page, e)
		}
	}
	return page, nil
}

// readRecord asks for a task's record.
func readRecord(ctx context.Context, p redis.Cmdable, at place) *redis.StringCmd {
	if at.slot != "" {
		return p.HGet(ctx, at.key, at.slot)
	}
	return p.Get(ctx, at.key)
}

// rerun is a finished task as it is to run once more.
type rerun struct {
	message []byte // nil when it is not at hand
	record  record
	lock    string // what a record has of a unique key; empty when it takes none
	ttl     time.Duration
}

// rerun makes a finished task one that can run: with an attempt left, no expiry, and no deadline that has
// passed.
func (b *Broker) rerun(queue string, e entry) (rerun, error) {
	old, err := decodeRecord(e.record)
	if err != nil {
		return rerun{}, err
	}
	if e.message == "" { // it may be on its list still, which the script finds
		old.mark, old.FinishedAt, old.Result, old.Progress, old.Fingerprint = markLive, 0, nil, nil, ""
		lock, ttl := relock(old.Lock, nil)
		return rerun{record: old, lock: lock, ttl: ttl}, nil
	}
	task, err := b.again(queue, e, old)
	if err != nil {
		return rerun{}, zeroq.ErrUnreadable
	}
	message, err := wire.Revive([]byte(e.message), task)
	if err != nil {
		return rerun{}, zeroq.ErrUnreadable
	}
	fresh := newRecord(markLive, task)
	fresh.Attempt, fresh.StartedAt, fresh.Worker, fresh.Errors = old.Attempt, old.StartedAt, old.Worker, old.Errors
	fresh.Lock = old.Lock
	lock, ttl := relock(old.Lock, task)
	return rerun{message: message, record: fresh, lock: lock, ttl: ttl}, nil
}

// again is the task as it is to be written. A dead letter that never became a task, as its id was taken,
// is one now under the id that it has as a dead letter.
func (b *Broker) again(queue string, e entry, old record) (*zeroq.Task, error) {
	task, err := wire.Decode([]byte(e.message))
	if err != nil {
		return nil, err
	}
	now := b.clock.now()
	if idOf(e.message) != e.id {
		task.ID, task.EnqueuedAt = e.id, now
	}
	task.Queue, task.RunAt, task.ExpiresAt, task.Delay = queue, time.Time{}, time.Time{}, 0
	if !task.Deadline.After(now) {
		task.Deadline = time.Time{}
	}
	task.Attempt = max(task.Attempt, old.Attempt+1)
	task.MaxAttempts = max(task.MaxAttempts, task.Attempt)
	if len(old.Errors) > 0 {
		if task.Errors, err = wire.DecodeErrors(old.Errors); err != nil {
			return nil, err
		}
	}
	probe := *task
	probe.ID, probe.Attempt, probe.MaxAttempts, probe.Unique = "", 1, zeroq.DefaultMaxAttempts, nil
	return task, probe.Validate(now)
}

// relock says which unique key a task takes when it runs again, and for how long if not until then. One
// that was debounced waits no more.
func relock(lock string, task *zeroq.Task) (string, time.Duration) {
	switch {
	case lock == "":
	case lock[0] == 's' || lock[0] == 'f':
		return lock, 0
	case lock[0] == 't' && task != nil && task.Unique != nil && task.Unique.For > 0:
		return lock, task.Unique.For
	}
	return "", 0
}
