package redisq

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// maxTries bounds how often something is read again that changed before it could be changed.
const maxTries = 32

// retryChanged calls do until it reports that it is done.
func (b *Broker) retryChanged(what string, do func() (done bool, err error)) error {
	for range maxTries {
		if done, err := do(); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %s changes all the time", zeroq.ErrUnavailable, what)
}

// Cancel implements [broker.Controller].
func (b *Broker) Cancel(ctx context.Context, id, queue string) (state zeroq.State, err error) {
	err = b.retryChanged("task "+id, func() (bool, error) {
		found, err := b.find(ctx, id, queue)
		if err != nil {
			return false, err
		}
		if state = found.info.State; state == zeroq.Cancelled {
			return true, nil
		}
		if state.Finished() {
			return false, &zeroq.StateError{State: state}
		}
		answer, err := b.runOn(ctx, found, scriptCancel, b.cancelCall(found))
		if err != nil {
			return false, err
		}
		state = zeroq.Cancelled
		if answer.status == statusLeased {
			state = zeroq.Leased
		}
		return answer.status != statusChanged, nil
	})
	if err != nil {
		return "", err
	}
	return state, nil
}

func (b *Broker) cancelCall(found *finding) call {
	k, now := found.keys, b.clock.now()
	cancelled := found.record
	if found.text == "" {
		if task, err := wire.Decode([]byte(found.message)); err == nil {
			cancelled = newRecord(markCancelled, task)
		}
	}
	cancelled.mark, cancelled.FinishedAt = markCancelled, now.UnixMilli()
	forgetAt := now.Add(found.retention()).UnixMilli()
	return call{
		keys: []string{
			found.at.key, k.groups, k.scheduled, k.scheduledD, k.retry, k.retryD, k.parked, k.cancelled,
			k.withdrawn, k.stopping, k.counters, k.progress, k.crashes, k.waiters,
		},
		args: []any{
			k.prefix, found.info.ID, found.at.slot, found.text, cancelled.encode(), forgetAt,
			found.lock(), k.done, k.stop,
		},
	}
}

// runOn runs a script on the task that was found.
func (b *Broker) runOn(ctx context.Context, found *finding, script *redis.Script, c call) (reply, error) {
	answer, err := b.run(ctx, b.calls, script, c.keys, c.args...)
	if err != nil {
		return answer, fmt.Errorf("task %s: %w", found.info.ID, err)
	}
	return answer, nil
}

// retention is how long the task is to be kept once it has finished.
func (f *finding) retention() time.Duration {
	if f.record.Retention > 0 {
		return time.Duration(f.record.Retention) * time.Millisecond
	}
	if task, err := wire.Decode([]byte(f.message)); err == nil {
		return task.Retention
	}
	return zeroq.DefaultRetention
}

// lock is the key of the task's unique lock; "" when it has none.
func (f *finding) lock() string {
	if f.record.Lock == "" {
		return ""
	}
	return f.keys.unique + f.record.Lock[1:]
}

// Delete implements [broker.Controller].
func (b *Broker) Delete(ctx context.Context, id, queue string) error {
	return b.retryChanged("task "+id, func() (bool, error) {
		found, err := b.find(ctx, id, queue)
		if err != nil {
			return false, err
		}
		k := found.keys
		answer, err := b.runOn(ctx, found, scriptDelete, call{
			keys: []string{
				found.at.key, k.groups, k.scheduled, k.scheduledD, k.retry, k.retryD, k.dead, k.cancelled, k.expired,
				k.parked, k.finished, k.finishedAt, k.withdrawn, k.counters, k.progress, k.crashes, k.errors, k.waiters,
				k.gate, k.deleted,
			},
			args: []any{k.prefix, id, found.at.slot, found.text, found.record.Fingerprint, found.lock(), k.done},
		})
		if err != nil {
			return false, err
		}
		if answer.status == statusLeased {
			return false, &zeroq.StateError{State: zeroq.Leased}
		}
		return answer.status != statusChanged, nil // GONE: somebody else was faster
	})
}

// Retry implements [broker.Controller].
func (b *Broker) Retry(ctx context.Context, id, queue string) error {
	return b.retryChanged("task "+id, func() (bool, error) {
		found, err := b.find(ctx, id, queue)
		if err != nil {
			return false, err
		}
		switch found.info.State {
		case zeroq.Ready:
			return true, nil
		case zeroq.Dead, zeroq.Cancelled, zeroq.Expired:
		default:
			return false, &zeroq.StateError{State: found.info.State}
		}
		c, err := b.reviveCall(found)
		if err != nil {
			return false, err
		}
		answer, err := b.runOn(ctx, found, scriptRevive, c)
		if err != nil {
			return false, err
		}
		if answer.status == statusTaken {
			return false, &zeroq.DuplicateError{TaskID: answer.text(0)}
		}
		return answer.status == statusOK, nil
	})
}

// reviveCall makes a finished task ready.
func (b *Broker) reviveCall(found *finding) (call, error) {
	again, err := b.rerun(found)
	if err != nil {
		return call{}, err
	}
	k := found.keys
	return call{
		keys: []string{
			found.at.key, k.ready, k.high, k.low, k.dead, k.cancelled, k.expired, k.parked, k.withdrawn, k.counters, k.errors,
		},
		args: []any{
			k.prefix, found.info.ID, found.at.slot, found.text, again.record.encode(), again.message, found.record.Fingerprint,
			again.lock, again.mode, again.ttl.Milliseconds(),
		},
	}, nil
}

// revived is the record of a task that runs again.
func (r record) revived(task *zeroq.Task) record {
	fresh := newRecord(markLive, task)
	fresh.Attempt, fresh.StartedAt, fresh.Worker, fresh.Errors = r.Attempt, r.StartedAt, r.Worker, r.Errors
	fresh.Lock, fresh.Nonce = r.Lock, r.Nonce
	return fresh
}

// revive makes the message with which a finished task runs again. A dead letter that never became a
// task, as its id was taken, is one now under the id that it has as a dead letter.
func (b *Broker) revive(found *finding) (*zeroq.Task, []byte, error) {
	raw, now := []byte(found.message), b.clock.now()
	task, err := wire.Decode(raw)
	if err != nil {
		return nil, nil, err
	}
	if task.ID != found.info.ID || !strings.HasPrefix(found.message, `{"id":"`+task.ID+`","enqueued_at":"`) {
		task.ID, task.EnqueuedAt = found.info.ID, now
	}
	task.Queue, task.RunAt, task.ExpiresAt, task.Delay = found.queue, time.Time{}, time.Time{}, 0
	if !task.Deadline.After(now) {
		task.Deadline = time.Time{}
	}
	task.Attempt = max(task.Attempt, found.record.Attempt+1)
	task.MaxAttempts = max(task.MaxAttempts, task.Attempt)
	if errs := found.info.Errors; len(errs) > 0 {
		task.Errors = errs
	}
	probe := *task
	probe.ID, probe.Attempt, probe.MaxAttempts, probe.Unique = "", 1, zeroq.DefaultMaxAttempts, nil
	if err := probe.Validate(now); err != nil {
		return nil, nil, err
	}
	message, err := wire.Revive(raw, task)
	return task, message, err
}

// relock says which unique lock the task takes when it runs again: "" when it needs none.
func (f *finding) relock(task *zeroq.Task) (lock, mode string, ttl time.Duration) {
	if f.record.Lock == "" {
		return "", "", 0
	}
	mode = f.record.Lock[:1]
	switch mode {
	case "s", "f":
		return f.lock(), mode, 0
	case "t":
		if task != nil && task.Unique != nil && task.Unique.For > 0 {
			return f.lock(), mode, task.Unique.For
		}
	}
	return "", "", 0 // a debounced task waits no more
}
