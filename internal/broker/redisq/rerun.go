package redisq

import (
	"context"
	"errors"
	"strconv"
	"strings"

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
		message, record, lock, err := o.broker.again(k, e)
		if err != nil {
			failed, reason = failed+1, err.Error()
			continue
		}
		tasks = append(tasks, e.id, e.score, message, record, lock)
	}
	ended := 0
	if last {
		ended = 1
	}
	args := []any{k.prefix, behind.score, behind.id, ended, failed, reason, len(tasks) / 5}
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

// again makes the message and the record of a finished task that is to run once more, and names the
// unique key that it takes.
func (b *Broker) again(k queueKeys, e entry) (message []byte, text, lock string, err error) {
	r, err := decodeRecord(e.record)
	if err != nil {
		return nil, "", "", err
	}
	r.mark, r.forgetAt, r.FinishedAt, r.StartedAt, r.Worker, r.Result, r.Progress, r.Fingerprint = markLive, 0, 0, 0, "", nil, nil, ""
	if e.message == "" {
		return nil, r.encode(), r.Lock, nil // it may be on its list still, which the script finds
	}
	raw := []byte(e.message)
	task, err := wire.Decode(raw)
	if err != nil {
		return nil, "", "", zeroq.ErrUnreadable
	}
	if !strings.HasPrefix(e.message, `{"id":`+strconv.Quote(e.id)+`,"enqueued_at":`) {
		at := millis(r.EnqueuedAt)
		if at.IsZero() {
			at = b.clock.now()
		}
		if raw, err = wire.Admit(raw, e.id, at, zeroTime); err != nil {
			return nil, "", "", zeroq.ErrUnreadable
		}
	}
	errs := task.Errors
	if len(r.Errors) > 0 {
		if errs, err = wire.DecodeErrors(r.Errors); err != nil {
			return nil, "", "", err
		}
	}
	attempt := r.Attempt + 1
	if attempt > task.MaxAttempts {
		r.MaxAttempts = attempt
	}
	message, err = wire.Again(raw, task, attempt, errs, b.clock.now())
	if err != nil {
		return nil, "", "", zeroq.ErrUnreadable
	}
	return message, r.encode(), r.Lock, nil
}
