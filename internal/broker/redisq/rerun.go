package redisq

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
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
func (o *operator) revive(ctx context.Context, k queueKeys, from shelf, p underway, ids []string) (reply, error) {
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
		again, err := o.broker.rerunEntry(k, p.Queue, e)
		if err != nil {
			failed, reason = failed+1, err.Error()
			continue
		}
		tasks = append(tasks, e.id, e.score, again.message, again.record.encode(), again.lock, again.mode, again.ttl.Milliseconds())
	}
	ended := 0
	if last {
		ended = 1
	}
	args := []any{k.prefix, behind.score, behind.id, ended, failed, reason, len(tasks) / 7}
	return o.run(ctx, scriptReviveIndex, p,
		[]string{from.index, k.parked, k.ready, k.high, k.low, k.withdrawn, k.counters}, append(args, tasks...)...)
}

// candidates are the tasks of a step, and whether they are the last ones.
func (o *operator) candidates(ctx context.Context, k queueKeys, from shelf, p underway, ids []string) ([]entry, bool, error) {
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
func (o *operator) place(ctx context.Context, p underway) (entry, error) {
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
func newer(e entry, p underway) bool {
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
	lock    string // key of its unique lock; empty when it takes none
	mode    string // letter of the lock's mode
	ttl     time.Duration
}

// rerun makes a finished task ready. One that was cancelled while it was ready may still lie on its list:
// then its message is not at hand, and stays as it is.
func (b *Broker) rerun(found *finding) (rerun, error) {
	var task *zeroq.Task
	again := rerun{record: found.record}
	if found.message != "" {
		var err error
		if task, again.message, err = b.revive(found); err != nil {
			return again, fmt.Errorf("task %s: %w: %w", found.info.ID, zeroq.ErrUnreadable, err)
		}
		again.record = found.record.revived(task)
	}
	again.record.mark, again.record.FinishedAt = markLive, 0
	again.record.Result, again.record.Progress, again.record.Fingerprint = nil, nil, ""
	again.lock, again.mode, again.ttl = found.relock(task)
	return again, nil
}

func (b *Broker) rerunEntry(k queueKeys, queue string, e entry) (rerun, error) {
	found, err := e.find(k, queue)
	if err != nil {
		return rerun{}, err
	}
	return b.rerun(found)
}

// find makes of an entry what a look for its id finds.
func (e entry) find(k queueKeys, queue string) (*finding, error) {
	found := &finding{
		info: &zeroq.TaskInfo{ID: e.id, Queue: queue}, keys: k, queue: queue, at: k.place(e.id), text: e.record, message: e.message,
	}
	var err error
	if found.record, err = decodeRecord(e.record); err == nil {
		err = found.record.fill(found.info)
	}
	return found, err
}
