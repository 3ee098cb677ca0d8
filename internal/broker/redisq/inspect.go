package redisq

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/taskid"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Task implements [broker.Inspector].
func (b *Broker) Task(ctx context.Context, id, queue string) (*zeroq.TaskInfo, error) {
	queues, err := b.homes(ctx, id, queue)
	if err != nil {
		return nil, err
	}
	if len(queues) == 0 {
		return nil, zeroq.ErrNotFound
	}
	calls := make([]call, len(queues))
	for i, name := range queues {
		calls[i] = lookupCall(keysOf(name), id)
	}
	answers, err := b.runAll(ctx, scriptLookup, calls)
	if err != nil {
		return nil, err
	}
	var found *zeroq.TaskInfo
	for i, answer := range answers {
		info, err := b.describe(ctx, id, queues[i], answer)
		if err != nil {
			return nil, err
		}
		if info != nil && found != nil {
			return nil, zeroq.ErrAmbiguousID
		}
		if info != nil {
			found = info
		}
	}
	if found == nil {
		return nil, zeroq.ErrNotFound
	}
	return found, nil
}

// homes returns the queues in which a task of the id can be.
func (b *Broker) homes(ctx context.Context, id, queue string) ([]string, error) {
	if home, partition, _, ours := taskid.Parse(id); ours {
		if partition != 0 || queue != "" && queue != home || zeroq.ValidateQueue(home) != nil {
			return nil, nil
		}
		return []string{home}, nil
	}
	if !zeroq.ValidID(id) {
		return nil, nil
	}
	if queue != "" {
		return []string{queue}, nil
	}
	names, err := b.calls.SMembers(ctx, keyQueues).Result()
	return names, explainNil(err)
}

func lookupCall(k queueKeys, id string) call {
	at := k.place(id)
	return call{
		keys: []string{at.key, k.groups, k.scheduled, k.scheduledD, k.retry, k.retryD, k.parked, k.dead, k.expired},
		args: []any{id, at.slot, k.inflight},
	}
}

// describe makes a task's description of what the lookup script answered; nil when there is none.
func (b *Broker) describe(ctx context.Context, id, queue string, answer reply) (*zeroq.TaskInfo, error) {
	if answer.status == statusNone {
		return nil, nil
	}
	record, err := decodeRecord(answer.text(0))
	if err != nil {
		return nil, err
	}
	info := &zeroq.TaskInfo{ID: id, Queue: queue}
	if err := record.fill(info); err != nil {
		return nil, err
	}
	message, _ := strings.CutPrefix(answer.text(1), "!")
	if message != "" {
		fillFromMessage(info, []byte(message))
	}
	switch answer.status {
	case statusScheduled, statusRetry:
		info.State = zeroq.Scheduled
		if answer.status == statusRetry {
			info.State = zeroq.Retry
		}
		if due, err := strconv.ParseFloat(answer.text(2), 64); err == nil {
			info.NextRunAt = fromMillis(int64(due))
		}
		info.Attempt = record.Attempt
	case statusLeased:
		b.fillLeased(ctx, info, answer.text(2))
	case statusDead:
		info.State = zeroq.Dead
	case statusExpired:
		info.State = zeroq.Expired
	case statusElsewhere:
		info.State = stateOf[record.mark]
		info.Attempt = record.Attempt
		if record.mark == markDone && record.forgetAt <= b.clock.now().UnixMilli() {
			return nil, nil // its retention is over, and the janitor has not come by yet
		}
	}
	if n := len(info.Errors); n > 0 && info.State != zeroq.Succeeded {
		info.Error = info.Errors[n-1].Message
	}
	return info, nil
}

var stateOf = map[byte]zeroq.State{
	markLive: zeroq.Ready, markDone: zeroq.Succeeded, markDead: zeroq.Dead, markExpired: zeroq.Expired,
}

func fillFromMessage(info *zeroq.TaskInfo, message []byte) {
	task, err := wire.Decode(message)
	if err != nil {
		return // a dead letter that nobody can read: its record says why
	}
	info.Type, info.Data = task.Type, task.Data
	info.Attempt, info.MaxAttempts = task.Attempt, task.MaxAttempts
	if info.EnqueuedAt.IsZero() {
		info.EnqueuedAt = task.EnqueuedAt
	}
	if len(info.Errors) == 0 {
		info.Errors = task.Errors
	}
}

// fillLeased asks the worker's last heartbeat since when it runs the task.
func (b *Broker) fillLeased(ctx context.Context, info *zeroq.TaskInfo, group string) {
	info.State, info.Worker, info.StartedAt = zeroq.Leased, owner(group), time.Time{}
	worker, err := b.worker(ctx, info.Worker)
	if err != nil {
		return // the state is known without it
	}
	info.StartedAt = startedAt(worker, info.ID)
}

// startedAt is since when the worker runs the task; zero while it does not.
func startedAt(worker zeroq.WorkerInfo, id string) time.Time {
	for _, running := range worker.Running {
		if running.ID == id && id != "" {
			return running.StartedAt
		}
	}
	return time.Time{}
}

// WaitTask implements [broker.Inspector].
func (b *Broker) WaitTask(ctx context.Context, id, queue string) (*zeroq.TaskInfo, error) {
	info, err := b.Task(ctx, id, queue)
	if err != nil || info.State.Finished() {
		return info, err
	}
	ring := b.bell.listen(id)
	defer b.bell.leave(id, ring)
	b.await(ctx, keysOf(info.Queue), id)
	// The bell is only a hint: a second's look makes up for one that was not heard.
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		fresh, err := b.Task(context.WithoutCancel(ctx), id, info.Queue)
		if err != nil || fresh.State.Finished() {
			return fresh, err
		}
		select {
		case <-ring:
		case <-tick.C:
		case <-ctx.Done():
			return fresh, nil
		}
	}
}

// await asks whoever finishes the task to ring the bell.
func (b *Broker) await(ctx context.Context, keys queueKeys, id string) {
	if b.calls.SAdd(ctx, keys.waiters, id).Err() == nil {
		b.calls.Expire(ctx, keys.waiters, 2*time.Minute)
	}
}

// Queues implements [broker.Inspector].
func (b *Broker) Queues(ctx context.Context) ([]zeroq.QueueInfo, error) {
	names, err := b.calls.SMembers(ctx, keyQueues).Result()
	if err != nil {
		return nil, explain(err)
	}
	slices.Sort(names)
	calls := make([]call, len(names))
	for i, name := range names {
		calls[i] = censusCall(keysOf(name))
	}
	if len(calls) == 0 {
		return []zeroq.QueueInfo{}, nil
	}
	answers, err := b.runAll(ctx, scriptCensus, calls)
	if err != nil {
		return nil, err
	}
	infos := make([]zeroq.QueueInfo, len(names))
	for i, answer := range answers {
		infos[i] = b.queueInfo(names[i], answer)
	}
	return infos, nil
}

// Queue implements [broker.Inspector].
func (b *Broker) Queue(ctx context.Context, name string) (zeroq.QueueInfo, error) {
	used, err := b.calls.SIsMember(ctx, keyQueues, name).Result()
	if err != nil {
		return zeroq.QueueInfo{}, explain(err)
	}
	if !used {
		return zeroq.QueueInfo{}, zeroq.ErrNotFound
	}
	c := censusCall(keysOf(name))
	answer, err := b.run(ctx, b.calls, scriptCensus, c.keys, c.args...)
	if err != nil {
		return zeroq.QueueInfo{}, err
	}
	return b.queueInfo(name, answer), nil
}

func censusCall(k queueKeys) call {
	return call{
		keys: []string{
			k.ready, k.landing, k.groups, k.scheduled, k.retry, k.finished,
			k.dead, k.cancelled, k.expired, k.gate, k.finishedAt,
		},
		args: []any{k.inflight},
	}
}

// censusOrder is the order in which the census script answers.
var censusOrder = []zeroq.State{
	zeroq.Ready, zeroq.Leased, zeroq.Scheduled, zeroq.Retry,
	zeroq.Succeeded, zeroq.Dead, zeroq.Cancelled, zeroq.Expired,
}

func (b *Broker) queueInfo(name string, answer reply) zeroq.QueueInfo {
	info := zeroq.QueueInfo{Queue: name, Counts: make(map[zeroq.State]int64), Paused: answer.number(1) == 1}
	for i, n := range answer.list(0) {
		info.Counts[censusOrder[i]], _ = n.(int64)
	}
	if task, err := wire.Decode([]byte(answer.text(2))); err == nil && !task.EnqueuedAt.IsZero() {
		since := task.EnqueuedAt
		if task.RunAt.After(since) {
			since = task.RunAt
		}
		info.OldestAge = max(0, b.clock.now().Sub(since))
	}
	return info
}
