package redisq

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/taskid"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Task implements [broker.Inspector].
func (b *Broker) Task(ctx context.Context, id, queue string) (*zeroq.TaskInfo, error) {
	found, err := b.find(ctx, id, queue)
	if err != nil {
		return nil, err
	}
	return found.info, nil
}

// finding is a task where a lookup found it.
type finding struct {
	queue string
	keys  queueKeys
	at    place  // of its record
	text  string // its record as it stands in Redis; "" when there is none
	// message is "" where it is not at hand: on a ready list, and once it is gone.
	message string
	record  record
	info    *zeroq.TaskInfo
}

// find looks a task up. zeroq.ErrNotFound, or zeroq.ErrAmbiguousID.
func (b *Broker) find(ctx context.Context, id, queue string) (*finding, error) {
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
	var found *finding
	for i, answer := range answers {
		one, err := b.describe(ctx, id, queues[i], answer)
		if err != nil {
			return nil, err
		}
		if one != nil && found != nil {
			return nil, zeroq.ErrAmbiguousID
		}
		if one != nil {
			found = one
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
		keys: []string{
			at.key, k.groups, k.scheduled, k.scheduledD, k.retry, k.retryD, k.parked, k.dead, k.expired,
			k.cancelled, k.progress, k.stopping,
		},
		args: []any{id, at.slot, k.inflight},
	}
}

// describe says what the lookup script answered of a task; nil when there is none.
func (b *Broker) describe(ctx context.Context, id, queue string, answer reply) (*finding, error) {
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
	b.fillState(ctx, info, record, answer)
	if record.mark == markDone && record.forgetAt <= b.clock.now().UnixMilli() && answer.status == statusElsewhere {
		return nil, nil // its retention is over, and the janitor has not come by yet
	}
	if n := len(info.Errors); n > 0 && info.State != zeroq.Succeeded {
		info.Error = info.Errors[n-1].Message
	}
	keys := keysOf(queue)
	return &finding{
		queue: queue, keys: keys, at: keys.place(id), text: answer.text(0), message: message, record: record, info: info,
	}, nil
}

// fillState says which state the task is in, and what goes with it.
func (b *Broker) fillState(ctx context.Context, info *zeroq.TaskInfo, r record, answer reply) {
	switch answer.status {
	case statusScheduled, statusRetry:
		info.State = zeroq.Scheduled
		if answer.status == statusRetry {
			info.State = zeroq.Retry
		}
		if due, err := strconv.ParseFloat(answer.text(2), 64); err == nil {
			info.NextRunAt = fromMillis(int64(due))
		}
		info.Attempt = r.Attempt
	case statusLeased:
		b.fillLeased(ctx, info, answer.text(2))
		info.Progress = nil
		if progress := answer.text(3); progress != "" {
			info.Progress = json.RawMessage(progress)
		}
		info.CancelRequested = answer.number(4) == 1
	case statusDead:
		info.State = zeroq.Dead
	case statusExpired:
		info.State = zeroq.Expired
	case statusCancelled:
		info.State = zeroq.Cancelled
	case statusElsewhere:
		info.State = stateOf[r.mark]
		info.Attempt = r.Attempt
	}
}

var stateOf = map[byte]zeroq.State{
	markLive: zeroq.Ready, markDone: zeroq.Succeeded, markDead: zeroq.Dead, markExpired: zeroq.Expired,
	markCancelled: zeroq.Cancelled,
}

func fillFromMessage(info *zeroq.TaskInfo, message []byte) {
	task, err := wire.Decode(message)
	if err != nil {
		return // a dead letter that nobody can read: its record says why
	}
	info.Type, info.Data = task.Type, task.Data
	info.Attempt, info.MaxAttempts = task.Attempt, task.MaxAttempts
	info.Priority, info.Group = task.Priority, task.Group
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
