package redisq

import (
	"cmp"
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/cron"
	"github.com/zeroq-dev/zeroq/internal/taskid"
)

const (
	// tickSize is how many schedules of a queue tick in one round trip.
	tickSize = 128
	// timedEvery is how long a process relies on knowing which queues have schedules.
	timedEvery = time.Second
	// idleTick is how long nothing is due where there are no schedules.
	idleTick = time.Minute
)

// timedQueues are the queues that have schedules.
type timedQueues struct {
	mu    sync.Mutex
	names []string
	read  time.Time
}

func (q *timedQueues) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.read = time.Time{}
}

// get returns the queues; read is asked for the queues of all schedules now and then.
func (q *timedQueues) get(read func() ([]string, error)) ([]string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.read.IsZero() && time.Since(q.read) < timedEvery {
		return q.names, nil
	}
	all, err := read()
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	q.names, q.read = nil, time.Now()
	for _, name := range all {
		if !seen[name] {
			seen[name] = true
			q.names = append(q.names, name)
		}
	}
	return q.names, nil
}

// Tick implements [broker.Timetable]. What went wrong with one schedule holds up no other.
func (b *Broker) Tick(ctx context.Context) (enqueued int, wait time.Duration, err error) {
	queues, err := b.timed.get(func() ([]string, error) {
		all, err := b.calls.HVals(ctx, keySchedules).Result()
		return all, explainNil(err)
	})
	if err != nil || len(queues) == 0 {
		return 0, idleTick, err
	}
	next, now, err := b.nextTicks(ctx, queues)
	if err != nil {
		return 0, time.Second, err
	}
	wait = idleTick
	for i, queue := range queues {
		if next[i].IsZero() || next[i].After(now) {
			continue
		}
		n, failed := b.tickQueue(ctx, queue, now)
		enqueued += n
		err = cmp.Or(err, failed)
	}
	if err != nil {
		return enqueued, time.Second, err // what could not tick is due still
	}
	if next, now, err = b.nextTicks(ctx, queues); err != nil {
		return enqueued, time.Second, err
	}
	for _, at := range next {
		if !at.IsZero() {
			wait = min(wait, max(at.Sub(now), 0))
		}
	}
	return enqueued, wait, nil
}

// nextTicks returns when the first schedule of each queue is due, and the time of Redis.
func (b *Broker) nextTicks(ctx context.Context, queues []string) ([]time.Time, time.Time, error) {
	var clock *redis.TimeCmd
	firsts := make([]*redis.ZSliceCmd, len(queues))
	_, err := b.calls.Pipelined(ctx, func(p redis.Pipeliner) error {
		clock = p.Time(ctx)
		for i, queue := range queues {
			firsts[i] = p.ZRangeWithScores(ctx, keysOf(queue).schedNext, 0, 0)
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, explain(err)
	}
	b.clock.sync(clock.Val().UnixMilli())
	next := make([]time.Time, len(queues))
	for i, first := range firsts {
		if due := first.Val(); len(due) > 0 {
			next[i] = fromMillis(int64(due[0].Score))
		}
	}
	return next, fromMillis(clock.Val().UnixMilli()), nil
}

// dueSchedule is a schedule whose time has come.
type dueSchedule struct {
	name string
	at   time.Time
	text string
	home string // where zq:schedules leads
}

// tickQueue ticks until nothing of a queue is due that was so by now. When all that it tries is done
// by others at the same time, it leaves the rest to them.
func (b *Broker) tickQueue(ctx context.Context, queue string, now time.Time) (enqueued int, first error) {
	for {
		due, err := b.dueSchedules(ctx, queue, now)
		if err != nil || len(due) == 0 {
			return enqueued, cmp.Or(first, err)
		}
		n, moved, failed := b.tickMany(ctx, queue, due, now)
		enqueued += n
		if first = cmp.Or(first, failed); moved == 0 {
			return enqueued, first
		}
	}
}

// dueSchedules reads what is due. Where the schedules belong is read last: see [Broker.store].
func (b *Broker) dueSchedules(ctx context.Context, queue string, now time.Time) ([]dueSchedule, error) {
	keys := keysOf(queue)
	entries, err := b.calls.ZRangeByScoreWithScores(ctx, keys.schedNext, &redis.ZRangeBy{
		Min: "-inf", Max: strconv.FormatInt(now.UnixMilli(), 10), Count: tickSize,
	}).Result()
	if err != nil || len(entries) == 0 {
		return nil, explainNil(err)
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i], _ = entry.Member.(string)
	}
	texts, err := b.calls.HMGet(ctx, keys.schedules, names...).Result()
	if err != nil {
		return nil, explain(err)
	}
	homes, err := b.calls.HMGet(ctx, keySchedules, names...).Result()
	if err != nil {
		return nil, explain(err)
	}
	due := make([]dueSchedule, len(entries))
	for i, entry := range entries {
		due[i] = dueSchedule{name: names[i], at: fromMillis(int64(entry.Score))}
		due[i].text, _ = texts[i].(string)
		due[i].home, _ = homes[i].(string)
	}
	return due, nil
}

// tickMany ticks once for each schedule. moved is how many are not due any more for this time.
func (b *Broker) tickMany(ctx context.Context, queue string, due []dueSchedule, now time.Time) (enqueued, moved int, err error) {
	ids, err := b.newIDs(ctx, queue, len(due))
	if err != nil {
		return 0, 0, err
	}
	var calls []call
	for i, d := range due {
		if d.home != queue || d.text == "" {
			err = cmp.Or(err, b.stray(ctx, queue, d))
			moved++
			continue
		}
		c, failed := b.tickCall(queue, d, ids[i], now)
		if failed != nil {
			err = cmp.Or(err, failed)
			continue
		}
		calls = append(calls, c)
	}
	if len(calls) == 0 {
		return 0, moved, err
	}
	answers, failed := b.runAll(ctx, scriptTick, calls)
	for _, answer := range answers {
		switch {
		case answer.err != nil:
		case answer.status == statusDuplicate:
			b.ids.skip(queue, bucketSize)
			moved++ // to other numbers
		case answer.status == statusOK:
			enqueued += int(answer.number(0))
			moved++
		}
	}
	return enqueued, moved, cmp.Or(err, failed)
}

// tickCall is the call of the script for one time of a schedule, or for those that were missed.
func (b *Broker) tickCall(queue string, d dueSchedule, id string, now time.Time) (call, error) {
	s, err := decodeSchedule(d.name, d.text)
	if err != nil {
		return call{}, err
	}
	spec, err := cron.Parse(s.Spec, s.Timezone)
	if err != nil {
		return call{}, scheduleError(d.name, err)
	}
	pass, keys := spec.Pass(d.at, now, s.CatchUp), keysOf(queue)
	s.Skipped += int64(pass.Missed)
	args := []any{d.name, markOf(d.text), d.at.UnixMilli(), timeArg(pass.Next)}
	if pass.At.IsZero() {
		text, none := s.encode(), keys.prefix+"r:0"
		return call{keys: tickKeys(keys, none, none), args: append(args, text, text, "", "", "", "", 0, "")}, nil
	}
	skipped := s
	skipped.Skipped++
	last := keys.lastTask(s)
	s.LastRun, s.LastTask = pass.At.UnixMilli(), id
	ran := s.encode()
	args = append(args, ran, skipped.encodeAs(revisionOf(ran)), last.slot)

	task := s.taskFor(d.name, queue, pass.At)
	task.ID, task.Delay = id, spread(s.Jitter)
	message, at := b.stamp(task), keys.place(id)
	args = append(args, id, at.slot, newRecord(markLive, task).encode(), toMillis(task.RunAt), message)
	return call{keys: tickKeys(keys, at.key, last.key), args: args}, nil
}

func tickKeys(k queueKeys, record, last string) []string {
	return []string{
		k.schedules, k.schedNext, k.ready, k.high, k.low, k.scheduled, k.scheduledD, k.counters, record, last,
	}
}

// lastTask is where the record of the task is that must have finished, with an empty slot if none
// must. One of another queue, from before the schedule moved here, is not looked at.
func (k queueKeys) lastTask(s schedule) place {
	queue, _, _, ours := taskid.Parse(s.LastTask)
	if s.Overlap != zeroq.OverlapSkip || !ours || keysOf(queue).prefix != k.prefix {
		return place{key: k.prefix + "r:0"}
	}
	return k.place(s.LastTask)
}

// spread is a random delay up to the jitter, in whole ms.
func spread(jitter time.Duration) time.Duration {
	return rand.N(jitter + 1).Truncate(time.Millisecond)
}

// stray looks after a schedule that is due where zq:schedules does not lead to. If it is where that
// leads, this one was left behind; else what was to become of it was broken off, and it is taken back.
func (b *Broker) stray(ctx context.Context, queue string, d dueSchedule) error {
	if d.text != "" {
		there := ""
		if d.home != "" {
			text, err := b.scheduleText(ctx, d.home, d.name)
			if err != nil {
				return err
			}
			there = text
		}
		if there == "" {
			return b.lead(ctx, d.name, queue)
		}
	}
	_, err := b.dropMarked(ctx, d.name, queue, markOf(d.text))
	return err
}
