package redisq

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// Bounds of one enqueue script: Lua unpacks at most about 8,000 values, and a long argument list
// holds up everybody else.
const (
	maxBatch      = 512
	maxBatchBytes = 4 << 20
)

// Enqueue implements [broker.Broker]. Tasks of one queue go in together, at most 512 in one step.
func (b *Broker) Enqueue(ctx context.Context, tasks []*zeroq.Task) []error {
	errs := make([]error, len(tasks))
	byQueue := make(map[string][]int)
	for i, task := range tasks {
		byQueue[task.Queue] = append(byQueue[task.Queue], i)
	}
	for queue, indexes := range byQueue {
		keys, err := b.meet(ctx, queue)
		if err == nil && b.clock.reading.Load() == nil {
			err = b.Ping(ctx)
		}
		for _, chunk := range chunks(tasks, indexes) {
			if err == nil {
				b.enqueueChunk(ctx, keys, queue, tasks, chunk, errs)
				continue
			}
			for _, i := range chunk {
				errs[i] = err
			}
		}
	}
	return errs
}

// chunks cuts the indexes so that each chunk is within the bounds of one script.
func chunks(tasks []*zeroq.Task, indexes []int) [][]int {
	var all [][]int
	begin, bytes := 0, 0
	for at, i := range indexes {
		size := len(tasks[i].Data)
		if at > begin && (at-begin == maxBatch || bytes+size > maxBatchBytes) {
			all = append(all, indexes[begin:at])
			begin, bytes = at, 0
		}
		bytes += size
	}
	return append(all, indexes[begin:])
}

// enqueueChunk puts tasks of one queue in: those whose ids are ours by one script, the others by one
// each, in one round trip.
func (b *Broker) enqueueChunk(ctx context.Context, keys queueKeys, queue string, tasks []*zeroq.Task, chunk []int, errs []error) {
	var ours, chosen []int
	for _, i := range chunk {
		if tasks[i].ID == "" {
			ours = append(ours, i)
		} else {
			chosen = append(chosen, i)
		}
	}
	b.enqueueChosen(ctx, keys, tasks, chosen, errs)
	if len(ours) == 0 {
		return
	}
	err := b.enqueueOurs(ctx, keys, queue, tasks, ours)
	for leap := uint64(bucketSize); errors.Is(err, zeroq.ErrDuplicateID); leap *= 2 {
		b.ids.skip(queue, leap)
		err = b.enqueueOurs(ctx, keys, queue, tasks, ours)
	}
	if err != nil {
		for _, i := range ours {
			tasks[i].ID = ""
			errs[i] = err
		}
	}
}

func (b *Broker) enqueueOurs(ctx context.Context, keys queueKeys, queue string, tasks []*zeroq.Task, ours []int) error {
	ids, err := b.newIDs(ctx, queue, len(ours))
	if err != nil {
		return err
	}
	var ready, scheduled []any
	var records bucketed
	for n, i := range ours {
		task := tasks[i]
		task.ID = ids[n]
		message := b.stamp(task)
		if task.RunAt.IsZero() {
			ready = append(ready, message)
		} else {
			scheduled = append(scheduled, task.RunAt.UnixMilli(), task.ID, message)
		}
		records.add(keys.place(task.ID), newRecord(markLive, task).encode())
	}
	args := records.appendArgs(nil)
	args = append(append(args, len(ready)), ready...)
	args = append(append(args, len(scheduled)/3), scheduled...)
	answer, err := b.run(ctx, b.calls, scriptEnqueue,
		append([]string{keys.ready, keys.scheduled, keys.scheduledD, keys.counters}, records.keys...), args...)
	if err == nil && answer.status == statusDuplicate {
		return zeroq.ErrDuplicateID
	}
	return err
}

func (b *Broker) enqueueChosen(ctx context.Context, keys queueKeys, tasks []*zeroq.Task, chosen []int, errs []error) {
	if len(chosen) == 0 {
		return
	}
	calls := make([]call, len(chosen))
	for n, i := range chosen {
		calls[n] = b.enqueueChosenCall(keys, tasks[i])
	}
	answers, _ := b.runAll(ctx, scriptEnqueueChosen, calls)
	for n, i := range chosen {
		switch {
		case answers[n].err != nil:
			errs[i] = answers[n].err
		case answers[n].status == statusDuplicate:
			errs[i] = zeroq.ErrDuplicateID
		}
	}
}

func (b *Broker) enqueueChosenCall(keys queueKeys, task *zeroq.Task) call {
	message := b.stamp(task)
	record := newRecord(markLive, task)
	record.Nonce = rand.Text()[:12]
	return call{
		keys: []string{keys.ready, keys.scheduled, keys.scheduledD, keys.counters, keys.place(task.ID).key},
		args: []any{record.Nonce, toMillis(task.RunAt), task.ID, message, record.encode()},
	}
}

// stamp sets the task's times by the clock of Redis and writes its message.
func (b *Broker) stamp(task *zeroq.Task) []byte {
	task.EnqueuedAt = b.clock.now()
	if task.Delay > 0 {
		task.RunAt = task.EnqueuedAt.Add(task.Delay)
	}
	if !task.RunAt.After(task.EnqueuedAt) {
		task.RunAt = zeroTime
	}
	return wire.Encode(task)
}
