package redisq

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
)

// leased reads what workers hold, worker by worker.
func (p *pager) leased(ctx context.Context) (over bool, err error) {
	groups, err := p.broker.calls.ZRange(ctx, p.keys.groups, 0, -1).Result()
	if err != nil {
		return false, explain(err)
	}
	slices.Sort(groups)
	for _, group := range groups {
		if group < p.cursor.Group {
			continue
		}
		if group > p.cursor.Group {
			p.cursor = pageCursor{Group: group}
		}
		if over, err := p.group(ctx, group); err != nil || !over {
			return false, err
		}
		p.cursor = pageCursor{Group: group + "\x00"} // the next one, whatever its name
	}
	return true, nil
}

// group reads what one lease group holds.
func (p *pager) group(ctx context.Context, group string) (over bool, err error) {
	worker, err := p.broker.worker(ctx, owner(group))
	if err != nil && !errors.Is(err, zeroq.ErrNotFound) {
		return false, err
	}
	for !p.full() {
		pairs, next, err := p.broker.calls.HScan(ctx, p.keys.inflight+group, p.cursor.Scan, "", lookSize).Result()
		if err != nil {
			return false, explain(err)
		}
		page := held(pairs)
		page = page[min(p.cursor.Skip, len(page)):]
		room := p.query.Limit - len(p.tasks)
		if p.query.Type != "" || len(page) <= room {
			room = len(page)
		}
		used, err := p.addHeld(ctx, page[:room], owner(group), worker)
		if err != nil {
			return false, err
		}
		if used < len(page) {
			p.cursor.Skip += used
			return false, nil
		}
		p.cursor.Scan, p.cursor.Skip = next, 0
		if next == 0 {
			return true, nil
		}
	}
	return false, nil
}

// held are the tasks among the fields of a hash in flight. Bare messages, and those whose ids the hash
// holds already, have no id.
func held(pairs []string) []entry {
	var page []entry
	for pair := range slices.Chunk(pairs, 2) {
		switch field, message := pair[0], pair[1]; field[0] {
		case '#':
		case '?', '!':
			page = append(page, entry{message: message})
		default:
			message, _ = strings.CutPrefix(message, "!") // its handler has started
			page = append(page, entry{id: field, message: message})
		}
	}
	return page
}

// addHeld puts tasks of one worker on the page until it is full, and returns how many it looked at.
func (p *pager) addHeld(ctx context.Context, page []entry, name string, worker zeroq.WorkerInfo) (used int, err error) {
	if len(page) == 0 {
		return 0, nil
	}
	ids := make([]string, len(page))
	for i, e := range page {
		ids[i] = e.id
	}
	var progress *redis.SliceCmd
	var stopping *redis.BoolSliceCmd
	records := make([]*redis.StringCmd, len(page))
	_, err = p.broker.calls.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		progress = pipe.HMGet(ctx, p.keys.progress, ids...)
		stopping = pipe.SMIsMember(ctx, p.keys.stopping, anys(ids)...)
		for i, id := range ids {
			records[i] = readRecord(ctx, pipe, p.keys.place(id))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, explain(err)
	}
	for i, e := range page {
		if p.full() {
			return i, nil
		}
		before := len(p.tasks)
		if e.id != "" {
			e.record = records[i].Val()
		}
		p.bytes += len(e.record) + len(e.message)
		p.add(e)
		if len(p.tasks) == before {
			continue
		}
		info := p.tasks[before]
		info.Worker, info.StartedAt = name, startedAt(worker, e.id)
		info.CancelRequested = stopping.Val()[i]
		if text, ok := progress.Val()[i].(string); ok {
			info.Progress = json.RawMessage(text)
		}
	}
	return len(page), nil
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}
