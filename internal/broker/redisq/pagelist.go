package redisq

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

func idOf(message string) string { return wire.HeadID([]byte(message)) }

// look reads entries of a list from the right, from the one at index on.
func (p *pager) look(ctx context.Context, list string, index, n int64) ([]string, error) {
	found, err := p.broker.calls.LRange(ctx, list, -index-n, -index-1).Result()
	if err != nil {
		return nil, explain(err)
	}
	slices.Reverse(found)
	return found, nil
}

// resume finds where a list goes on. Tasks are taken from the right while pages are read, and pushed
// on either side: the last entry of the page before says where it ended, as far as it is near.
func (p *pager) resume(ctx context.Context, list string, idOf func(string) string) error {
	c := &p.cursor
	if c.Index == 0 || c.ID == "" {
		return nil
	}
	at, err := p.look(ctx, list, c.Index-1, 1)
	if err != nil || len(at) == 1 && idOf(at[0]) == c.ID {
		return err
	}
	first := max(0, c.Index-maxLook)
	near, err := p.look(ctx, list, first, 2*maxLook)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(near, func(entry string) bool { return idOf(entry) == c.ID })
	switch {
	case i >= 0:
		c.Index = first + int64(i) + 1
	case first == 0 && list != p.keys.finished:
		c.Index = 0 // it was taken, and so was all before it
	}
	return nil
}

// ready reads a list of messages in the order in which they are fetched.
func (p *pager) ready(ctx context.Context, from shelf) (over bool, err error) {
	if err := p.resume(ctx, from.list, idOf); err != nil {
		return false, err
	}
	for !p.full() {
		most := min(lookSize, maxLook-p.looked)
		if p.query.Type == "" {
			most = min(most, p.query.Limit-len(p.tasks))
		}
		messages, err := p.look(ctx, from.list, p.cursor.Index, int64(most))
		if err != nil {
			return false, err
		}
		page, err := p.withRecords(ctx, messages)
		if err != nil {
			return false, err
		}
		for i, e := range page {
			p.cursor.Index++
			p.cursor.ID = e.id
			if e.message != "" {
				p.bytes += len(e.message)
				p.add(e)
			}
			if p.full() && i < len(page)-1 {
				return false, nil
			}
		}
		if len(messages) < most {
			return true, nil
		}
	}
	return false, nil
}

// withRecords reads the records of messages of a list. What was called off keeps its place, without
// a message.
func (p *pager) withRecords(ctx context.Context, messages []string) ([]entry, error) {
	page := make([]entry, len(messages))
	records, withdrawn := make([]*redis.StringCmd, len(page)), make([]*redis.BoolCmd, len(page))
	_, err := p.broker.calls.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, message := range messages {
			page[i] = entry{id: idOf(message), message: message}
			if id := page[i].id; id != "" {
				records[i] = readRecord(ctx, pipe, p.keys.place(id))
				withdrawn[i] = pipe.SIsMember(ctx, p.keys.withdrawn, id)
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, explain(err)
	}
	for i := range page {
		if page[i].id == "" {
			continue
		}
		page[i].record = records[i].Val()
		if withdrawn[i].Val() {
			page[i].message = ""
		}
	}
	return page, nil
}

// finished reads the list of succeeded tasks, the newest first.
func (p *pager) finished(ctx context.Context, from shelf) (over bool, err error) {
	if err := p.resume(ctx, from.list, func(id string) string { return id }); err != nil {
		return false, err
	}
	for !p.full() {
		most := min(lookSize, maxLook-p.looked)
		if p.query.Type == "" {
			most = min(most, p.query.Limit-len(p.tasks))
		}
		ids, err := p.look(ctx, from.list, p.cursor.Index, int64(most))
		if err != nil {
			return false, err
		}
		records, err := p.records(ctx, ids)
		if err != nil {
			return false, err
		}
		for i, id := range ids {
			p.cursor.Index++
			p.cursor.ID = id
			p.bytes += len(records[i])
			p.add(entry{id: id, record: records[i]})
			if p.full() && i < len(ids)-1 {
				return false, nil
			}
		}
		if len(ids) < most {
			return true, nil
		}
	}
	return false, nil
}

// records reads the records of ids; empty where there is none.
func (p *pager) records(ctx context.Context, ids []string) ([]string, error) {
	found := make([]string, len(ids))
	calls, err := p.broker.calls.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, id := range ids {
			readRecord(ctx, pipe, p.keys.place(id))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, explain(err)
	}
	for i, call := range calls {
		found[i] = call.(*redis.StringCmd).Val()
	}
	return found, nil
}
